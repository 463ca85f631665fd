"""A listener that records what a search reports, and the states of the trials in a study."""

from collections import Counter

import optuna


class RecordingListener:
    """Records notes, progress and ended trials; calls `at_end` after each ended trial."""

    def __init__(self, at_end=None):
        self.notes, self.last, self.ends, self.at_end = [], None, [], at_end

    def note(self, text):
        self.notes.append(text)

    def progress(self, progress):
        self.last = progress

    def ended(self, trial):
        self.ends.append(trial)
        if self.at_end:
            self.at_end(len(self.ends))


def states(path):
    study = optuna.load_study(study_name="nas-tc", storage=f"sqlite:///{path}")
    return Counter(trial.state.name for trial in study.trials)
