"""Forward passes and training steps, ready to be timed."""

import pytest
import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.errors import ArchitectureError
from nas_tc.timing import (
    forward_pass,
    stopwatch,
    timing_machine,
    training_step,
)
from nas_tc.timing import work as work_module

SMALL = Architecture((3, 16, 16), parse_notation("(3,4)/2 | 2/2 | (3,8)"), GAP, 5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("work", [forward_pass, training_step])
def test_work_can_be_repeated_without_a_change(monkeypatch, work, dtype):
    built = []
    dummy_network = work_module.dummy_network
    monkeypatch.setattr(
        work_module, "dummy_network", lambda each: built.append(dummy_network(each)) or built[-1]
    )
    run = work(SMALL, batch=3, dtype=dtype)
    calls = []
    built[0].register_forward_hook(lambda module, given, scores: calls.append((given[0], scores)))
    before = [each.clone() for each in built[0].parameters()]
    run()
    run()
    assert all(torch.equal(*pair) for pair in zip(before, built[0].parameters(), strict=True))
    images, scores = calls[1]
    assert tuple(images.shape) == (3, *SMALL.input)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert scores.dtype == dtype
    assert built[0].training == (work is training_step)
    assert scores.is_inference() == (work is forward_pass)
    assert all((each.grad is not None) == (work is training_step) for each in built[0].parameters())


def test_a_network_that_cannot_exist_is_refused():
    with pytest.raises(ArchitectureError):
        forward_pass(SMALL.at((3, 2, 2)))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no GPU here")
@pytest.mark.parametrize("work", [forward_pass, training_step])
def test_a_gpu_is_timed_to_the_end_of_its_work(work):
    device = torch.device("cuda")
    wide = Architecture((64, 128, 128), parse_notation("(3,512)x4"), GAP, 10)
    watch = stopwatch(device)
    small = watch.time(work(SMALL, batch=2, device=device), repeats=30, least_s=0)
    large = watch.time(work(wide, batch=16, device=device), repeats=30, least_s=0)
    # 2 x 10^12 multiply-adds: no GPU does them in the time that it takes to launch them.
    assert large.value > 5 * small.value
    assert timing_machine(device)["cuda"]
