"""Times in a study file: all of one device."""

import pytest
import torch

from nas_tc.errors import StudyError
from nas_tc.latency import TimeTable
from nas_tc.study.storage import open_study
from nas_tc.timing import one_thread

GENEROUS = "latency<=(3,64)x3*50, complexity<=400k"


def test_times_of_two_devices_are_not_mixed(tiny_search, tmp_path):
    record = tiny_search(GENEROUS, trials=1, study="moved.db")
    with open_study(record.path, dict(record.settings)) as study:
        with one_thread():
            here = TimeTable.here(torch.device("cpu")).machine["device"]
        assert study.user_attrs["timed_on"] == here
        study.set_user_attr("timed_on", "Abacus 7")
    with pytest.raises(StudyError, match="were measured on 'Abacus 7', not on") as caught:
        tiny_search(GENEROUS, trials=2, study="moved.db")
    assert len(str(caught.value).splitlines()) == 1
