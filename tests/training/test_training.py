from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nan_memory import free_memory_full_of_nan
from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.data import load_data
from nas_tc.errors import NasTcError
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.recipe.recipe import one_cycle
from nas_tc.training import DivergedError, Images, autocast_dtype, choose_device, error_rate, train
from nas_tc.training.batches import plain_batches, shuffled_batches

SMALL = Architecture((1, 16, 16), parse_notation("(3,16)/2 | 2/2 | (3,32)"), GAP, 10)


def images(split):
    return Images(torch.from_numpy(split.images), torch.from_numpy(split.labels))


@pytest.fixture(scope="module")
def digits():
    data = load_data("digits", side=(16, 16))
    return data, images(data.train), images(data.validation)


def trained(digits, recipe, seed=0):
    data, training, validation = digits
    mean, std = data.moments
    network = build(SMALL, mean=mean, std=std, seed=seed)
    return network, list(train(network, training, validation, recipe, seed=seed))


def test_real_digits_are_learnt(digits):
    network, rungs = trained(digits, Recipe(epochs=8))
    assert [rung.epoch for rung in rungs] == [1, 3, 8]
    assert rungs[-1].val_error < 0.1 < rungs[0].val_error
    assert rungs[-1].val_error == error_rate(network, digits[2])
    assert 0 < rungs[0].train_s < rungs[-1].train_s
    assert rungs[-1].train_loss < rungs[0].train_loss


def test_the_same_seed_gives_the_same_weights(digits):
    recipe = Recipe(epochs=1, augment=("crop", "flip"))
    states = [trained(digits, recipe, seed)[0].state_dict() for seed in (1, 1, 2)]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert any(not torch.equal(states[0][key], states[2][key]) for key in states[0])


@pytest.mark.parametrize(
    "notation",
    [
        "(3,16)/2 | 3/2 | (2,32)/2+(2,32)x2 | 3/2 | (2,64)/2",
        "(5,24)/2+(5,24) | 2/2 | (3,16)/2+(3,16)+(3,64) | 3/2 | (3,64)/2+(3,64)+(3,96)",
    ],
)
def test_strides_on_the_smallest_maps_do_not_diverge(notation):
    # With torch's own convolutions the loss soon is no number, on processors with AMX.
    @contextmanager
    def on_used_memory():
        free_memory_full_of_nan()
        yield

    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (640, 32, 32, 3), dtype=torch.uint8, generator=generator)
    noise = Images(pixels, torch.arange(640) % 10)
    network = build(Architecture((3, 32, 32), parse_notation(notation), GAP, 10))
    rungs = list(train(network, noise, noise, Recipe(epochs=2), seed=0, turn=on_used_memory))
    assert rungs[-1].train_loss < 4


def test_the_error_is_the_share_of_mistakes(digits):
    network, _ = trained(digits, Recipe(epochs=1))
    validation = digits[2]
    with torch.inference_mode():
        right = network.eval()(validation.pixels.permute(0, 3, 1, 2) / 255).argmax(1)
    wrong = (right != validation.labels).float().mean().item()
    # the error is measured in the arithmetic of training, which may be bfloat16
    assert error_rate(network, validation) == pytest.approx(wrong, abs=0.02)


def test_divergence_ends_the_training(digits):
    with pytest.raises(DivergedError, match=r"the loss is (nan|inf) in epoch 1"):
        trained(digits, Recipe(epochs=2, learning_rate=1e20))


def test_nothing_is_changed_without_augmentation():
    pixels = torch.randint(0, 256, (7, 4, 4, 2), dtype=torch.uint8)
    data = Images(pixels, torch.arange(7))
    batches = list(shuffled_batches(data, Recipe(batch_size=7), torch.Generator().manual_seed(0)))
    assert len(batches) == 1
    found, labels = batches[0]
    assert sorted(labels.tolist()) == list(range(7))
    assert torch.equal((found * 255).round().byte(), pixels[labels].permute(0, 3, 1, 2))
    assert found.is_contiguous(memory_format=torch.channels_last)


@given(
    count=st.integers(1, 9),
    height=st.integers(5, 9),
    width=st.integers(5, 9),
    augment=st.sampled_from([("crop",), ("flip",), ("crop", "flip")]),
    seed=st.integers(0, 1000),
)
def test_augmented_images_are_shifts_and_mirrors(count, height, width, augment, seed):
    pixels = torch.randint(
        0,
        256,
        (count, height, width, 3),
        dtype=torch.uint8,
        generator=torch.Generator().manual_seed(seed),
    )
    recipe = Recipe(batch_size=100, augment=augment, crop_padding=2)
    generator = torch.Generator().manual_seed(seed)
    for found, labels in shuffled_batches(Images(pixels, torch.arange(count)), recipe, generator):
        for image, label in zip(found, labels, strict=True):
            made = (image * 255).round().byte().permute(1, 2, 0).numpy()
            assert any(np.array_equal(made, each) for each in expected(pixels[label], augment))


def expected(image, augment):
    """Every image that a shift by up to two pixels and a mirror can make, padded by reflection."""
    padded = np.pad(image.numpy(), ((2, 2), (2, 2), (0, 0)), mode="reflect")
    height, width, _ = image.shape
    shifts = range(5) if "crop" in augment else [2]
    for top in shifts:
        for left in shifts:
            cut = padded[top : top + height, left : left + width]
            yield cut
            if "flip" in augment:
                yield cut[:, ::-1]


def test_batches_of_one_epoch_meet_each_image_once():
    data = Images(torch.zeros(25, 2, 2, 1, dtype=torch.uint8), torch.arange(25))
    seen = [
        labels.tolist()
        for _, labels in shuffled_batches(data, Recipe(batch_size=8), torch.Generator())
    ]
    assert [len(each) for each in seen] == [8, 8, 8]  # the last one, of 1, is left out
    assert len({label for each in seen for label in each}) == 24
    assert [len(labels) for _, labels in plain_batches(data, 10)] == [10, 10, 5]


def test_a_set_smaller_than_a_batch_is_one_batch():
    data = Images(torch.zeros(5, 2, 2, 1, dtype=torch.uint8), torch.arange(5))
    assert len(list(shuffled_batches(data, Recipe(batch_size=8), torch.Generator()))) == 1


@pytest.mark.parametrize(
    ("epochs", "rungs"), [(1, (1,)), (2, (1, 2)), (5, (1, 2, 5)), (12, (1, 4, 12))]
)
def test_rungs(epochs, rungs):
    assert Recipe(epochs=epochs).rungs == rungs


@given(st.floats(0, 1), st.floats(0, 0.99))
def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing(progress, warmup):
    assert 0 <= one_cycle(progress, warmup) <= 1
    assert one_cycle(warmup, warmup) == 1
    assert one_cycle(1, warmup) == pytest.approx(0)
    assert one_cycle(0, 0.5) == pytest.approx(0.1)


def test_very_few_steps_are_trained_too():
    few = Images(torch.zeros(3, 16, 16, 1, dtype=torch.uint8), torch.arange(3))
    for epochs in (1, 2, 3, 4):
        rungs = list(train(build(SMALL), few, few, Recipe(epochs=epochs), seed=0))
        assert rungs[-1].epoch == epochs


def test_a_recipe_survives_json():
    recipe = Recipe(epochs=7, augment=("flip",))
    assert Recipe.from_dict(recipe.to_dict()) == recipe


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"batch_size": 1},
        {"learning_rate": 0.0},
        {"warmup": 1.0},
        {"momentum": 1.0},
        {"weight_decay": -1.0},
        {"label_smoothing": 1.0},
        {"augment": ("spin",)},
    ],
)
def test_recipes_out_of_range(wrong):
    with pytest.raises(NasTcError, match=f"^{next(iter(wrong))} must be"):
        Recipe(**wrong)


def test_devices():
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type in ("cpu", "cuda")
    with pytest.raises(NasTcError, match="unknown device 'gpu'"):
        choose_device("gpu")
    assert autocast_dtype(torch.device("cpu")) in (torch.bfloat16, torch.float32)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there():
    with pytest.raises(NasTcError, match="torch sees no GPU"):
        choose_device("cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_digits_are_learnt_on_a_gpu(digits):
    _, training, validation = digits
    network = build(SMALL).cuda()
    on_gpu = [Images(each.pixels.cuda(), each.labels.cuda()) for each in (training, validation)]
    rungs = list(train(network, *on_gpu, Recipe(epochs=8), seed=0))
    assert rungs[-1].val_error < 0.1
