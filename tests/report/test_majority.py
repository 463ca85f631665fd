"""The error of the majority class beside those of the networks."""

from dataclasses import replace

from nas_tc.report import majority_lines


def of(study, validation):
    """The study, as if the majority class had this error."""
    data = {**study.settings["data"], "majority_error": {"validation": validation, "test": 0.9}}
    return replace(study, settings={**study.settings, "data": data})


def test_the_error_of_the_majority_class_is_said(study):
    (line,) = majority_lines(study)
    error = study.settings["data"]["majority_error"]["validation"]
    assert 0.88 < error < 0.92
    assert f"{error * 100:.2f} % in validation" in line


def test_a_front_that_does_not_beat_it_is_warned_of(study):
    best = min(trial.mean_val_error for trial in study.front)
    assert len(majority_lines(of(study, best + 1e-9))) == 1
    _, warning = majority_lines(of(study, best))  # a constant predictor, say
    assert warning.startswith("warning: the front does not beat always predicting")


def test_a_study_of_before_does_not_know_it(study):
    data = {k: v for k, v in study.settings["data"].items() if k != "majority_error"}
    assert majority_lines(replace(study, settings={**study.settings, "data": data})) == []
