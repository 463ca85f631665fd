"""The table of a search."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from judged_times import limits

from nas_tc.errors import DeviceError
from nas_tc.search import NullListener
from nas_tc.search.interrupts import Interrupts
from nas_tc.search.session import Session
from nas_tc.search.table_choice import open_time_judge


def test_gpus_that_this_machine_lacks_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    search, pool = SimpleNamespace(times=limits("latency<=1ms")), SimpleNamespace(device="cuda")
    with (
        pytest.raises(DeviceError, match="on GPUs of the cluster"),
        open_time_judge(
            search, None, Session(None, Path("no.db"), pool, NullListener(), Interrupts()), 40
        ),
    ):
        pass
