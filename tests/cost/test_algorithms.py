"""The algorithms of a convolution against plain numpy ones that count as they go."""

from math import log2

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.architecture import GAP, Architecture, Conv, Stage, parse_notation, walk
from nas_tc.cost.algorithms import direct, fft, im2col, im2col_bytes, winograd
from nas_tc.cost.memory import im2col_bytes as network_im2col_bytes
from nas_tc.cost.memory import pool_index_bytes
from nas_tc.zoo import ZOO


def conv_of(notation, channels, side):
    arch = Architecture((channels, side, side), parse_notation(notation), GAP, 10)
    return next(layer for layer in walk(arch) if isinstance(layer, Conv))


def convolved(images, filters, padding):
    made = torch.nn.functional.conv2d(torch.tensor(images), torch.tensor(filters), padding=padding)
    return made.numpy()


def drawn(conv, batch):
    random = np.random.default_rng(0)
    filters = random.normal(size=(conv.n_out, conv.n_in, conv.filter, conv.filter))
    return random.normal(size=(batch, *conv.input)), filters


@given(side=st.integers(4, 9), size=st.integers(1, 4), batch=st.integers(1, 3))
def test_im2col_buffer_is_what_unfold_makes(side, size, batch):
    conv = conv_of(f"({size},5)", 3, side)
    patches = torch.nn.functional.unfold(
        torch.zeros(batch, *conv.input), size, padding=conv.padding, stride=conv.stride
    )
    assert im2col_bytes(conv, batch) == 4 * patches.numel()
    assert im2col(conv, batch).multiplications == patches.numel() * conv.n_out
    assert direct(conv, batch) == type(direct(conv))(batch * conv.macs, 0)


@pytest.mark.parametrize("side", [4, 5, 8])
def test_winograd_convolves_with_so_many_products(side):
    conv = conv_of("(3,4)", 3, side)
    images, filters = drawn(conv, 2)
    b = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
    g = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
    a = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])
    even = side + side % 2
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1 + even - side), (1, 1 + even - side)))
    transformed = g @ filters @ g.T
    made = np.zeros((2, conv.n_out, even, even))
    products = 0
    for y in range(0, even, 2):
        for x in range(0, even, 2):
            tile = b @ padded[:, :, y : y + 4, x : x + 4] @ b.T
            product = tile[:, None] * transformed[None]
            products += product.size
            made[:, :, y : y + 2, x : x + 2] = a @ product.sum(2) @ a.T
    np.testing.assert_allclose(made[..., :side, :side], convolved(images, filters, 1), atol=1e-12)
    assert winograd(conv, 2).multiplications == products


def test_winograd_saves_as_much_as_the_survey_says():
    conv = conv_of("(3,64)", 64, 56)
    assert direct(conv).multiplications / winograd(conv).multiplications == 2.25


@pytest.mark.parametrize("notation", ["(5,4)", "(3,4)/2", "plain[dilation=2](3,4)", "(1,4)"])
def test_winograd_is_for_3x3_alone(notation):
    assert winograd(conv_of(notation, 3, 16)) is None


@pytest.mark.parametrize(("size", "side"), [(3, 6), (5, 6), (7, 12)])
def test_fft_convolves_with_so_large_spectra(size, side):
    conv = conv_of(f"({size},4)p{size // 2}", 3, side)
    batch = 2
    images, filters = drawn(conv, batch)
    pad = conv.padding
    padded = np.pad(images, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    points = 2 ** int(np.ceil(log2(padded.shape[-1])))
    spectra = [np.fft.rfft2(each, (points, points)) for each in (padded, filters)]
    product = spectra[0][:, None] * spectra[1][None].conj()
    made = np.fft.irfft2(product.sum(2), (points, points))[..., :side, :side]
    np.testing.assert_allclose(made, convolved(images, filters, pad), atol=1e-10)
    result = product.sum(2)
    values = sum(each.size for each in (*spectra, result))
    assert fft(conv, batch).extra_bytes == 8 * values
    maps = batch * (3 + 4) + 12
    transforms = maps * points**2 * 2 * round(log2(points))
    assert fft(conv, batch).multiplications == transforms + 4 * product.size


def test_fft_pays_for_large_filters_and_many_channels():  # the survey: k of 7 and more
    large, small = conv_of("(11,256)p5", 256, 54), conv_of("(1,256)", 256, 54)
    assert fft(large, 32).multiplications < direct(large, 32).multiplications / 5
    assert fft(small, 32).multiplications > direct(small, 32).multiplications


def test_buffers_of_a_network():
    arch = ZOO["A"].architecture
    convs = [layer for layer in walk(arch) if isinstance(layer, Conv)]
    assert network_im2col_bytes(arch, 4) == max(im2col_bytes(conv, 4) for conv in convs)
    # 64 maps of 36x36 behind the first pooling, 128 of 18x18 behind the second
    assert pool_index_bytes(arch, 4) == 4 * 4 * (64 * 36**2 + 128 * 18**2)
    assert pool_index_bytes(arch, 1, index_bytes=8) == 8 * (64 * 36**2 + 128 * 18**2)


def test_groups_need_fewer_products_each():
    full = conv_of("(3,8)", 8, 8)
    arch = Architecture((8, 8, 8), (Stage(1, 8, 3), *parse_notation("depthwise(3,8)")), GAP, 10)
    thin = [layer for layer in walk(arch) if isinstance(layer, Conv)][1]
    assert winograd(full).multiplications == 8 * winograd(thin).multiplications
    assert fft(thin).multiplications < fft(full).multiplications
