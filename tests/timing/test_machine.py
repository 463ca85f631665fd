"""The machine that times are measured on."""

import torch

from nas_tc.timing import (
    one_thread,
    timing_machine,
)

CPU = torch.device("cpu")


def test_the_machine_is_on_record():
    with one_thread():
        machine = timing_machine(CPU)
    assert machine["threads"] == 1
    assert machine["torch"] == torch.__version__
    assert machine["device"]
