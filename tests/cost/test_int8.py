"""Bytes in int8, by hand."""

from dataclasses import replace

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.cost.int8 import int8_memory_bytes, int8_weight_bytes
from nas_tc.zoo import ZOO


def test_peak_of_mobilenetv2_is_its_first_depthwise_filter_with_a_stride():
    """It reads 96 channels of 112x112 and writes 96 of 56x56 (Sandler et al. 2018, Table 2)."""
    network = ZOO["mobilenetv2"].architecture
    assert int8_memory_bytes(network) == 96 * 112**2 + 96 * 56**2


def test_bytes_by_hand():
    network = Architecture((1, 8, 8), parse_notation("(3,4) | 2/2 | basic(3,4)"), GAP, 3)
    convs = 9 * 4 + 2 * 9 * 4 * 4
    assert int8_weight_bytes(network) == convs + 4 * 3 * 4 + 4 * 3 + 4 * 3
    assert int8_memory_bytes(network) == 4 * 8 * 8 + 4 * 4 * 4  # the first map and its pooling
    assert int8_memory_bytes(replace(network, norm="none")) == int8_memory_bytes(network)
