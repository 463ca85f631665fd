"""The steps of a training on a GPU: what they compute, and that the host does not wait."""

from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from nas_tc.architecture import GAP, Architecture, Head, parse_notation
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import Images, Training, gpu_steps
from nas_tc.training.batches import shuffled_batches, with_colours
from nas_tc.training.gpu_steps import GpuSteps
from nas_tc.training.scaling import scaled
from nas_tc.training.schedule import learning_rate

META = torch.device("meta")
SGD = {"augment": ("crop", "flip", "colour"), "ema": 0.99}
MUON = {"optimizer": "muon", "margin": 2, "weight_decay": 0.01, "ema": 0.9}
PLAIN = {"momentum": 0.0, "nesterov": False, "drops": (1,)}
RECIPES = pytest.mark.parametrize("fields", [SGD, MUON, PLAIN], ids=["sgd", "muon", "plain"])
WEIGHED, DEALT = {"class_weights": "balanced"}, {"batches": "balanced", "augment": ("crop",)}
ALL_RECIPES = pytest.mark.parametrize(
    "fields", [SGD, MUON, PLAIN, WEIGHED, DEALT], ids=["sgd", "muon", "plain", "weighed", "dealt"]
)
STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["resident", "streamed"])


def noise(recipe, *, streamed=False, count=70):
    """Images of noise, some classes twice as often; seven batches and a part of another."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, 12, 12, 3), dtype=torch.uint8, generator=generator)
    images = Images(pixels, torch.arange(count) ** 2 % 10, margin=recipe.margin, streamed=streamed)
    return with_colours(images, recipe)


def network(recipe, notation="(3,16)/2 | 2/2 | (3,8)", head=GAP):
    side = 12 - recipe.margin
    return build(Architecture((3, side, side), parse_notation(notation), head, 10), seed=1)


def recipe_of(fields):
    return Recipe(**{"epochs": 3, "batch_size": 9, **fields})


def training(recipe, images, *, captures=True, head=GAP):
    """A training by `GpuSteps`, on the processor."""
    run = Training(network(recipe, head=head), images, recipe, seed=3)
    host = run._steps
    run._steps = GpuSteps(
        host._step, images, recipe, host._generator, run._shard, captures=captures
    )
    return run


def weights(run):
    return [*run.network.state_dict().values(), *run.evaluated().state_dict().values()]


def equal(one, other):
    return all(torch.equal(a, b) for a, b in zip(weights(one), weights(other), strict=True))


@ALL_RECIPES
@STREAMED
def test_replays_compute_what_steps_compute_one_by_one(cuda, fields, streamed):
    recipe = recipe_of(fields)
    images = noise(recipe, streamed=streamed)
    replayed, eager = training(recipe, images), training(recipe, images, captures=False)
    for _ in range(3):
        assert replayed.run_epoch() == eager.run_epoch()
    assert equal(replayed, eager)
    assert cuda.calls.count("capture") == 1
    assert cuda.calls.count("replay") == 3 * 7 - 3


@pytest.mark.parametrize("fields", [SGD, WEIGHED], ids=["sgd", "weighed"])
def test_the_loss_of_several_labels_is_captured_as_well(cuda, fields):
    recipe = recipe_of(fields)
    labels = (torch.arange(70)[:, None] % torch.arange(2, 12) == 0).to(torch.uint8)
    images = replace(noise(recipe), labels=labels)
    replayed, eager = training(recipe, images), training(recipe, images, captures=False)
    host = Training(network(recipe), images, recipe, seed=3)
    for _ in range(2):
        loss = replayed.run_epoch()
        assert loss == eager.run_epoch() == pytest.approx(host.run_epoch(), rel=1e-3)
    assert equal(replayed, eager)
    assert cuda.calls.count("replay") == 2 * 7 - 3


@ALL_RECIPES
def test_the_steps_of_a_gpu_are_those_of_the_processor_within_rounding(cuda, fields):
    recipe = recipe_of(fields)
    images = noise(recipe)
    ours, host = training(recipe, images), Training(network(recipe), images, recipe, seed=3)
    for _ in range(3):
        assert ours.run_epoch() == pytest.approx(host.run_epoch(), rel=1e-3)


@ALL_RECIPES
@STREAMED
def test_the_batches_are_those_of_the_processor_to_the_bit(cuda, fields, streamed):
    recipe = recipe_of(fields)
    images = noise(recipe, streamed=streamed)
    steps = training(recipe, images)._steps
    expected = list(shuffled_batches(images, recipe, torch.Generator().manual_seed(3)))
    steps.begin_epoch([0.0] * 7, [0.0] * 7)
    for floats, labels in expected:
        steps._load()
        found, found_labels = steps.batch()
        assert torch.equal(found, floats)
        assert torch.equal(found_labels, labels)
    assert len(expected) == 7


@STREAMED
def test_a_network_of_another_size_has_the_same_batches_and_replays_too(cuda, streamed):
    recipe = recipe_of({"augment": ("crop", "flip", "colour")})
    images = noise(recipe, streamed=streamed).at((9, 9))
    replayed, eager = training(recipe, images), training(recipe, images, captures=False)
    assert replayed.run_epoch() == eager.run_epoch()
    assert equal(replayed, eager)
    assert cuda.calls.count("capture") == 1
    expected = list(shuffled_batches(images, recipe, torch.Generator().manual_seed(3)))
    steps = training(recipe, images)._steps
    steps.begin_epoch([0.0] * 7, [0.0] * 7)
    for floats, _ in expected:
        steps._load()
        found, _ = steps.batch()
        assert found.shape[2:] == (9, 9)
        assert torch.equal(found, floats)


def test_each_replay_finds_its_images_and_its_rate(cuda):
    recipe = recipe_of({"augment": ("crop",)})
    run = training(recipe, noise(recipe))
    steps = run._steps
    seen = []
    cuda.looks.append(lambda: seen.append((steps._draw[0].tolist(), steps._numbers[0].item())))
    generator = torch.Generator().manual_seed(3)
    expected = []
    for epoch in range(2):
        run.run_epoch()
        batches = shuffled_batches(noise(recipe), recipe, generator)
        rates = [learning_rate(recipe, 7 * epoch + step, 7) for step in range(7)]
        expected += [(labels, rate) for (_, labels), rate in zip(batches, rates, strict=True)]
    assert len(seen) == len(expected) - 3
    for (chosen, rate), (labels, planned) in zip(seen, expected[3:], strict=True):
        assert [each**2 % 10 for each in chosen] == labels.tolist()
        assert rate == pytest.approx(planned, rel=1e-6)


def test_the_first_steps_run_on_the_stream_of_the_capture(cuda):
    recipe = recipe_of({})
    training(recipe, noise(recipe)).run_epoch()
    turn = ["side waits for default", "default waits for side"]
    capture = ["side waits for default", "capture", "default waits for side"]
    assert cuda.calls == [*turn * 3, *capture, *["replay"] * 4]


def test_a_resumed_training_ends_with_the_same_weights(cuda):
    recipe = recipe_of(SGD)
    images = noise(recipe)
    head = Head("average", (1,), (32,), 0.5)
    whole = training(recipe, images, head=head)
    whole.run_epoch()
    kept = tree_map_only(torch.Tensor, torch.clone, whole.state())
    rest = [whole.run_epoch() for _ in range(2)]
    resumed = training(recipe, images, head=head)
    resumed.resume(kept)
    assert [resumed.run_epoch() for _ in range(2)] == rest
    assert equal(whole, resumed)


REFUSALS = [
    (
        RuntimeError("CUDA error: operation not permitted when stream is capturing\nadvice"),
        "RuntimeError: CUDA error: operation not permitted when stream is capturing",
    ),
    (
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        "no memory is left for a graph",
    ),
]


@pytest.mark.parametrize(("refusal", "reason"), REFUSALS, ids=["capture", "memory"])
def test_steps_go_on_one_by_one_where_none_can_be_captured(cuda, monkeypatch, refusal, reason):
    renewed = []
    monkeypatch.setattr(gpu_steps, "renew_generator", renewed.append)
    recipe = recipe_of(MUON)
    images = noise(recipe)
    refused, eager = training(recipe, images), training(recipe, images, captures=False)
    cuda.refusal = refusal
    notes = []
    for _ in range(2):
        assert refused.run_epoch(notes.append) == eager.run_epoch(notes.append)
    assert equal(refused, eager)
    assert notes == [f"the GPU is told each operation of a step by itself: {reason}"]
    assert cuda.calls.count("capture") == 1
    assert "replay" not in cuda.calls
    assert len(renewed) == 1


def test_a_lost_gpu_is_no_failed_capture(cuda):
    recipe = recipe_of({})
    cuda.refusal = RuntimeError("CUDA error: an illegal memory access was encountered")
    with pytest.raises(RuntimeError, match="illegal memory access"):
        training(recipe, noise(recipe)).run_epoch()


class HostWork(TorchDispatchMode):
    """Complains about an operation that makes the host wait, or sends something to the GPU."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        assert name not in ("_local_scalar_dense", "nonzero"), f"the host waits: {name}"
        tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)]
        by_mask = name == "index" and any(each.dtype == torch.bool for each in tensors[1:])
        assert not by_mask, "the host waits: a mask has an unknown number of places"
        devices = {each.device.type for each in tensors} | {
            torch.device(kwargs[key]).type for key in ("device",) if kwargs.get(key) is not None
        }
        if name == "_fused_sgd_":  # torch has none for tensors without memory
            assert devices == {"meta"}
            return None
        assert devices <= {"meta"}, f"a copy from the host: {name}"
        return func(*args, **kwargs)


@RECIPES
@pytest.mark.parametrize(
    ("notation", "head"),
    [
        ("(3,16)/2 | 2/2 | (3,8)", GAP),
        ("(3,8)/2 lrn | bottleneck(3,16)x2 | avg2/2", Head("max", (2, 1), (16,), 0.5)),
        ("(3,8) | inverted[2,se=4](3,8)/2 | (1,12)/2", GAP),
    ],
)
def test_a_step_neither_waits_for_the_gpu_nor_sends_it_anything(
    monkeypatch, fields, notation, head
):
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # none on "meta"
    recipe = recipe_of(fields)
    host = noise(recipe)
    images = Images(host.pixels.to(META), host.labels.to(META), host.colours, host.margin)
    there = network(recipe, notation, head).to(META).train()
    run = Training(there, images, recipe, seed=3, captures=False)
    assert isinstance(run._steps, GpuSteps)
    run._steps.begin_epoch([0.1] * 7, [0.5] * 7)
    with HostWork():
        for _ in range(3):
            run._steps.run()


def test_scaling_neither_waits_nor_sends_once_it_has_its_weights():
    pixels = torch.zeros(5, 12, 12, 3, dtype=torch.uint8, device=META)
    scaled(pixels, (9, 17))
    with HostWork():
        assert scaled(pixels, (9, 17)).shape == (5, 9, 17, 3)


@pytest.mark.parametrize(
    "work",
    [
        lambda there: there + torch.ones(3).to(META),
        lambda there: there.sum().item(),
        lambda there: there[there > 0],
    ],
)
def test_host_work_is_seen(work):
    there = torch.ones(3, device=META)
    with HostWork(), pytest.raises(AssertionError, match=r"the host|from the host"):
        work(there)


def test_graphs_can_be_turned_off(cuda, monkeypatch):
    monkeypatch.setenv("NAS_TC_CUDA_GRAPHS", "off")
    recipe = recipe_of({})
    notes = []
    training(recipe, noise(recipe)).run_epoch(notes.append)
    assert "capture" not in cuda.calls
    assert "replay" not in cuda.calls
    assert notes == []
