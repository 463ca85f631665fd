"""Names of the attributes of a study and its trials that Optuna has no place for."""

SETTINGS_KEY = "nas_tc"  # settings of the search
TEST_ERRORS_KEY = "test_errors"  # trial number to test error
RUNS_KEY = "runs"
ARCHITECTURE_KEY = "architecture"
REASON_KEY = "reason"
OUT_OF_SPACE_KEY = "guest"  # a network outside the space, which has no genes; an old name
BASELINE_KEY = "baseline"  # the family of a known network that is trained beside the trials
RERUNS_KEY = "reruns"  # trial number to results with other seeds
REUSED_KEY = "reused"  # the study and trial that a result was taken from
REUSED_SEED_KEY = "reused_seed"  # seed of the search that trained a reused result
LOSSES_KEY = "losses"  # workers that died under the network so far
RUNG_KEY = "rung"  # epochs of the last rung of an earlier try, of which there is a checkpoint
TRAIN_LOSSES_KEY = "train_losses"  # mean training loss of the last epoch before each rung
TIMES_KEY = "times"  # figures of limits on time, by their name
TIMED_ON_KEY = "timed_on"  # device that measured the study's times
TIMING_S_KEY = "timing_s"  # seconds that a worker took to measure a network's times
FRONT_TIMES_KEY = "front_times"  # trial number to figures of the careful timing
TIMING_KEY = "timing"  # total of all timing
DRIVER_KEY = "driver"  # of several that write one study, the one that runs the trial
WEIGHTS_KEY = "weights"  # where a study on a server keeps the weights, for all machines
OVER_BUDGET_KEY = "over_budget"  # a time exceeds its limit: no failure, and no second try


def confusion_key(number: int) -> str:
    """Attribute of a study with the confusion matrix of a trial on the test images."""
    return f"test_confusion_{number}"
