import copy
import math
import shutil
from importlib.machinery import EXTENSION_SUFFIXES

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import Images, norm_pool, train
from nas_tc.training.norm_pool import NormPool

LIBRARIES = norm_pool.fitting()
needs_library = pytest.mark.skipif(
    norm_pool.library() is None, reason="nas-tc was installed without a compiler"
)


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def never_by_torch(monkeypatch):
    def fail(*_):
        raise AssertionError("torch's layers were called")

    monkeypatch.setattr(NormPool, "_by_torch", fail)


def test_a_library_was_built_where_there_is_a_compiler():
    if shutil.which("c++") is None:
        pytest.skip("no compiler")
    assert all(norm_pool.load(name) for name in LIBRARIES)


@st.composite
def pools(draw):
    size = draw(st.integers(1, 4) | st.just(15))
    stride = draw(st.integers(1, 5))
    return nn.MaxPool2d(
        size, stride, padding=draw(st.integers(0, size // 2)), ceil_mode=draw(st.booleans())
    )


def pooled_sides(shape, pool):
    """As torch's documentation has them."""
    down = math.ceil if pool.ceil_mode else math.floor
    for side in shape[2:]:
        yield down((side + 2 * pool.padding - pool.kernel_size) / pool.stride + 1)


def maps_of(shape, dtype, seed, *, mean=0.5):
    generator = torch.Generator().manual_seed(seed)
    maps = torch.randn(shape, generator=generator) * 2 + mean
    return maps.to(dtype, memory_format=torch.channels_last)


def norm_of(channels, seed):
    norm = nn.BatchNorm2d(channels)
    torch.manual_seed(seed)
    for values in (norm.weight, norm.bias, norm.running_mean):
        nn.init.normal_(values)
    nn.init.uniform_(norm.running_var, 0.5, 2)
    return norm


def passed(forward, norm, maps):
    """The result, all gradients and all that a normalisation keeps, in double precision."""
    maps = maps.clone().requires_grad_()
    result = forward(maps)
    generator = torch.Generator().manual_seed(7)
    gradient = torch.randn(result.shape, generator=generator).to(torch.bfloat16)
    result.backward(gradient.to(result.dtype))
    kept = [norm.running_mean, norm.running_var, norm.num_batches_tracked]
    found = [result, maps.grad, norm.weight.grad, norm.bias.grad, *kept]
    return [each.detach().double() for each in found]


def near(ours, exact, share):
    scale = exact.norm() + 1e-3 * exact.numel() ** 0.5
    return (ours - exact).norm() <= share * scale


@needs_library
@pytest.mark.parametrize("name", LIBRARIES)
@settings(max_examples=60)
@given(
    shape=st.tuples(st.integers(2, 5), st.integers(1, 70), st.integers(1, 11), st.integers(1, 11)),
    pool=st.none() | pools(),
    relu=st.booleans(),
    dtype=st.sampled_from([torch.bfloat16, torch.float32]),
    seed=st.integers(0, 999),
)
def test_results_and_gradients_are_those_of_double_precision(name, shape, pool, relu, dtype, seed):
    assume(shape[0] * shape[2] * shape[3] >= 16)  # of few values the gradient is all rounding
    assume(pool is None or min(pooled_sides(shape, pool)) >= 1)
    maps, norm = maps_of(shape, dtype, seed), norm_of(shape[1], seed)
    exact = copy.deepcopy(norm).double()
    followers = [each for each in (pool, nn.ReLU() if relu else None) if each]
    expected = passed(nn.Sequential(exact, *followers), exact, maps.double())
    step = NormPool(norm, pool, relu=relu)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(norm_pool, "library", lambda: norm_pool.load(name))
        patch.setattr(NormPool, "_by_torch", None)  # not callable: it must be the library
        found = passed(step, norm, maps)
    rounding = 4e-3 if dtype == torch.bfloat16 else 1e-5
    for ours, exactly, share in zip(found, expected, [rounding] * 2 + [1e-4] * 5, strict=True):
        assert ours.shape == exactly.shape
        assert near(ours, exactly, share)


@needs_library
@pytest.mark.parametrize("pool", [None, nn.MaxPool2d(2, 2), nn.MaxPool2d(3, 2, padding=1)])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_evaluated_with_the_running_statistics(never_by_torch, pool, dtype):
    maps, norm = maps_of((3, 24, 9, 7), dtype, 1), norm_of(24, 1).eval()
    kept = copy.deepcopy(norm.state_dict())
    with torch.inference_mode():
        found = NormPool(norm, pool, relu=True)(maps)
        exact = torch.relu((pool or nn.Identity())(copy.deepcopy(norm).double()(maps.double())))
    assert near(found.double(), exact, 4e-3)
    assert all(torch.equal(norm.state_dict()[key], kept[key]) for key in kept)


@needs_library
def test_a_mean_far_from_zero_does_not_drown_the_variance(never_by_torch):
    maps, norm = maps_of((8, 16, 12, 12), torch.float32, 3, mean=3000.0), norm_of(16, 3)
    exact = copy.deepcopy(norm).double()
    expected = exact(maps.double())
    assert near(NormPool(norm, None, relu=False)(maps).double(), expected, 1e-3)


@needs_library
def test_what_is_infinitely_low_is_cut_off(never_by_torch):
    maps, norm = maps_of((2, 8, 6, 6), torch.bfloat16, 5), norm_of(8, 5).eval()
    norm.weight.data.abs_()
    maps[1, 3, 2, 2] = -float("inf")
    with torch.inference_mode():
        found = NormPool(norm, None, relu=True)(maps)
    assert found[1, 3, 2, 2] == 0


@needs_library
@pytest.mark.parametrize("pool", [None, nn.MaxPool2d(2, 2)])
@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_what_is_no_number_stays_so(never_by_torch, pool, broken):
    """A training that diverges must be seen in its loss."""
    maps = maps_of((2, 8, 6, 6), torch.bfloat16, 5)
    maps[1, 3, 2, 2] = broken
    found = NormPool(norm_of(8, 5), pool, relu=True)(maps)
    assert found[:, 3].isnan().all()
    others = [channel for channel in range(8) if channel != 3]
    assert found[:, others].isfinite().all()


@pytest.mark.parametrize(
    "change",
    [
        lambda norm, maps: (norm.double(), maps.double()),
        lambda norm, maps: (norm, maps.contiguous()),
        lambda norm, maps: (nn.BatchNorm2d(6, affine=False), maps),
        lambda norm, maps: (nn.BatchNorm2d(6, momentum=None), maps),
        lambda norm, maps: (nn.BatchNorm2d(6, track_running_stats=False), maps),
        lambda norm, maps: (norm.eval(), maps.requires_grad_()),
        lambda norm, maps: (norm.bfloat16(), maps.bfloat16()),
    ],
)
def test_torch_does_what_the_library_does_not(change):
    norm, maps = change(norm_of(6, 0), maps_of((2, 6, 5, 5), torch.float32, 0))
    assert torch.equal(NormPool(copy.deepcopy(norm), None, relu=True)(maps), torch.relu(norm(maps)))


@pytest.mark.parametrize(
    "pool",
    [
        nn.MaxPool2d(16, 1, padding=8),  # a place would not fit a byte
        nn.MaxPool2d(2, dilation=2),
        nn.MaxPool2d((2, 3)),
        nn.MaxPool2d(2, stride=(1, 2)),
    ],
)
def test_torch_pools_what_the_library_does_not(pool):
    maps, norm = maps_of((2, 6, 9, 9), torch.float32, 0), norm_of(6, 0)
    expected = torch.relu(pool(copy.deepcopy(norm)(maps)))
    assert torch.equal(NormPool(norm, pool, relu=True)(maps), expected)


def test_a_map_too_small_for_its_pool_is_refused_as_torch_refuses_it():
    with pytest.raises(RuntimeError, match="Output size is too small"):
        NormPool(norm_of(6, 0), nn.MaxPool2d(5, 4, padding=1), relu=True)(
            maps_of((4, 6, 2, 9), torch.float32, 0)
        )


def test_a_library_that_cannot_be_used_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(norm_pool, "_INTERFACE", -1)
    assert not any(map(norm_pool.load, LIBRARIES))
    monkeypatch.setattr(norm_pool, "__file__", str(tmp_path / "norm_pool.py"))
    assert norm_pool.load("_norm_pool") is None
    (tmp_path / f"_norm_pool{EXTENSION_SUFFIXES[0]}").write_text("no library")
    assert norm_pool.load("_norm_pool") is None


def test_many_threads_are_left_to_torch(monkeypatch):
    monkeypatch.setattr(norm_pool, "library", object)  # has no functions
    torch.set_num_threads(3)
    norm, maps = norm_of(6, 0), maps_of((2, 6, 5, 5), torch.float32, 0)
    expected = torch.relu(copy.deepcopy(norm)(maps))
    assert torch.allclose(NormPool(norm, None, relu=True)(maps), expected)


def test_one_value_a_channel_is_refused_as_torch_refuses_it():
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        NormPool(norm_of(4, 0), None, relu=True)(torch.rand(1, 4, 1, 1))


@needs_library
def test_a_training_learns_the_same_with_and_without(monkeypatch):
    stages = parse_notation("(3,16) | 2/2 | (3,24)x2 | 3/2 | (3,40)")
    architecture = Architecture((3, 16, 16), stages, GAP, 4)
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (256, 16, 16, 3), dtype=torch.uint8, generator=generator)
    images = Images(pixels, torch.arange(256) % 4)
    found = []
    for has_library in (True, False):
        if not has_library:
            monkeypatch.setattr(norm_pool, "library", lambda: None)
        network = build(architecture, seed=1)
        *_, rung = train(network, images, images, Recipe(epochs=3), seed=1)
        found.append(rung.train_loss)
    assert found[0] != found[1]  # rounded otherwise, so it was the library
    assert found[0] == pytest.approx(found[1], rel=0.02)
