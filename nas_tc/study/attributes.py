"""Names of the attributes under which a study and its trials keep what Optuna has no place for."""

SETTINGS_KEY = "nas_tc"  # of the study: the settings of its search
TEST_ERRORS_KEY = "test_errors"
RUNS_KEY = "runs"
ARCHITECTURE_KEY = "architecture"
REASON_KEY = "reason"
OUT_OF_SPACE_KEY = "guest"  # a network outside the space, which has no genes; an old name
RERUNS_KEY = "reruns"  # trial number to results with other seeds
REUSED_KEY = "reused"  # the study and trial that a result was taken from
REUSED_SEED_KEY = "reused_seed"  # of the search that trained it
LOSSES_KEY = "losses"  # workers that died under the network so far
TIMES_KEY = "times"  # figures of limits on time, by their name
TIMED_ON_KEY = "timed_on"  # the device that a study's times were measured on
TIMING_S_KEY = "timing_s"  # seconds that a worker spent on a network's times
FRONT_TIMES_KEY = "front_times"  # trial number to figures that were taken with care
TIMING_KEY = "timing"  # what all timing has taken
OVER_BUDGET_KEY = "over_budget"  # the clock said so: no failure, and not to be tried again
