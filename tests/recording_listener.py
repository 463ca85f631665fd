"""A listener that records what a search reports, and the states of the trials in a study."""

from collections import Counter

import optuna


class RecordingListener:
    """Records notes, progress and ended trials.

    Args:
        at_end: Called with the number of ended trials after each of them.
        at_note: Called with each note.
    """

    def __init__(self, at_end=None, at_note=None):
        self.notes, self.last, self.ends = [], None, []
        self.at_end, self.at_note = at_end, at_note

    def note(self, text):
        self.notes.append(text)
        if self.at_note:
            self.at_note(text)

    def progress(self, progress):
        self.last = progress

    def ended(self, trial):
        self.ends.append(trial)
        if self.at_end:
            self.at_end(len(self.ends))


def states(path):
    study = optuna.load_study(study_name="nas-tc", storage=f"sqlite:///{path}")
    return Counter(trial.state.name for trial in study.trials)
