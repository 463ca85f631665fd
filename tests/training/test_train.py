from contextlib import contextmanager

import pytest
import torch

from nan_memory import free_memory_full_of_nan
from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.data import load_data
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.training import DivergedError, Images, error_rate, train

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
    rungs = list(
        train(network, noise, noise, Recipe(epochs=2), seed=0, step_context=on_used_memory)
    )
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


def test_very_few_steps_are_trained_too():
    few = Images(torch.zeros(3, 16, 16, 1, dtype=torch.uint8), torch.arange(3))
    for epochs in (1, 2, 3, 4):
        rungs = list(train(build(SMALL), few, few, Recipe(epochs=epochs), seed=0))
        assert rungs[-1].epoch == epochs


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_digits_are_learnt_on_a_gpu(digits):
    _, training, validation = digits
    network = build(SMALL).cuda()
    on_gpu = [Images(each.pixels.cuda(), each.labels.cuda()) for each in (training, validation)]
    rungs = list(train(network, *on_gpu, Recipe(epochs=8), seed=0))
    assert rungs[-1].val_error < 0.1
