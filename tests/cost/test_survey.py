"""The survey's worked examples: what the arithmetic confirms, and what it does not.

Both figures of what it does not confirm stand in docs/cost-model.md.
"""

import pytest

from nas_tc.architecture import GAP, SPP, Architecture, parse_notation
from nas_tc.cost import complexity, network_cost
from nas_tc.cost.operations import flops
from nas_tc.zoo import ZOO


def layers_of(notation, channels, side, norm="none"):
    arch = Architecture((channels, side, side), parse_notation(notation), GAP, 10, norm)
    return network_cost(arch).layers


def unit_of(notation, channels, side, norm="none"):
    """Parameters and operations of one unit, all of its convolutions together."""
    convs = [x for x in layers_of(notation, channels, side, norm) if x.name.startswith("conv")]
    return sum(x.params for x in convs), sum(x.flops for x in convs)


def test_weight_sharing():  # 224x224x3 to 64 maps
    assert unit_of("(3,64)", 3, 224)[0] == 1_792
    assert unit_of("(7,64)p3", 3, 224)[0] == 9_472
    assert 224 * 224 * 3 * 64 == 9_633_792


def test_the_worked_layer():  # 64 to 128 channels, 3x3, 56x56, batch of 32
    (layer,) = [x for x in layers_of("(3,128)", 64, 56) if x.name == "conv1.1"]
    assert layer.params == 73_856
    assert 4 * layer.params == pytest.approx(295e3, rel=0.002)
    assert 32 * layer.flops == pytest.approx(14.8e9, rel=0.002)
    assert 32 * layer.activation_bytes == pytest.approx(51.4e6, rel=0.001)
    assert pytest.approx(25.7e6, rel=0.001) == 32 * 4 * 64 * 56 * 56


@pytest.mark.parametrize(("width", "times"), [(128, 8.4), (256, 8.7)])
def test_depthwise_separable(width, times):
    plain = unit_of(f"(3,{width})", width, 56)[1]
    separable = unit_of(f"separable(3,{width})", width, 56)[1]
    assert plain / separable == pytest.approx(1 / (1 / width + 1 / 9))
    assert round(plain / separable, 1) == times


def test_the_separable_table():  # weights alone, 128 to 128 channels, 56x56
    convs = [x.layer for x in layers_of("separable(3,128)", 128, 56) if "conv" in x.name]
    assert sum(conv.weights for conv in convs) == 17_536
    assert sum(2 * conv.macs for conv in convs) == pytest.approx(110e6, rel=0.002)
    (plain,) = [x.layer for x in layers_of("(3,128)", 128, 56) if x.name == "conv1.1"]
    assert plain.weights == 147_456
    assert 2 * plain.macs == pytest.approx(924e6, rel=0.002)


def test_the_bottleneck():  # 256 channels, 56x56, biases and no normalisation
    params, operations = unit_of("bottleneck(3,256)", 256, 56)
    by_layer = {x.name: x for x in layers_of("bottleneck(3,256)", 256, 56)}
    assert by_layer["conv1.1.reduce"].params == 16_448
    assert by_layer["conv1.1.filter"].params == 36_928
    assert by_layer["conv1.1.expand"].params == 16_640
    assert params == 70_016
    assert by_layer["conv1.1.add"].flops == pytest.approx(0.8e6, rel=0.01)
    plain, plain_operations = unit_of("(3,256)x2", 256, 56)
    assert plain == 1_180_160
    assert plain_operations == pytest.approx(7.4e9, rel=0.001)
    assert plain / params == pytest.approx(16.8, abs=0.1)
    assert plain_operations / operations == pytest.approx(16.9, abs=0.1)


def test_the_1x1_example_is_dearer_than_the_survey_says():
    # The survey: 2.93 G and 436.8 M operations, 6.7 times. 2 * 256 * 56^2 * 256 * 9 is 3.70 G.
    plain = unit_of("(3,256)", 256, 56)[1]
    narrow = [x for x in layers_of("bottleneck(3,256)", 256, 56) if "conv" in x.name]
    operations = sum(x.flops for x in narrow if not x.name.endswith("add"))
    assert plain == 3_699_376_128
    assert operations == pytest.approx(436.8e6, rel=0.003)
    assert round(plain / operations, 1) == 8.5


def test_groups_and_dilation():
    full, half, dilated = (
        unit_of(f"{block}(3,64)", 64, 28) for block in ("", "plain[groups=2]", "plain[dilation=2]")
    )
    assert half[1] * 2 == full[1]
    assert dilated == full  # "computationally free"


def test_strides_save_their_square():
    assert unit_of("(3,64)", 64, 56)[1] == 4 * unit_of("(3,64)/2", 64, 56)[1]


def test_poolings():  # k^2 - 1 comparisons; k^2; one a value
    by_name = {x.name: x for x in layers_of("(1,8) | 2/2 | (1,8) | avg2/2 | (1,8)", 8, 16)}
    assert by_name["pool1"].flops == 3 * 8 * 8 * 8
    assert by_name["pool2"].flops == 4 * 8 * 4 * 4
    assert by_name["pool"].flops == 8 * 4 * 4
    assert by_name["pool1"].params == 0


def test_normalisation_is_two_a_channel_and_five_a_value():
    without, with_norm = (unit_of("(3,16)", 16, 8, norm) for norm in ("none", "batch"))
    assert with_norm[0] - without[0] == 16  # scale and shift in place of a bias
    assert with_norm[1] - without[1] == 5 * 16 * 8 * 8


def rows_of(name):
    return {x.name: x for x in network_cost(ZOO[name].architecture).layers}


def test_lenet5():
    rows = rows_of("lenet5")
    assert [rows[key].params for key in ("conv1.1", "conv2.1", "fc1", "fc2", "fc3")] == [
        156,
        2_416,
        48_120,
        10_164,
        850,
    ]
    # 122K and 3.5K are printed for the first row: the convolution's is its multiply-adds with
    # biases, the fully connected layers' 96K, 20K and 1.7K are operations.
    assert rows["conv1.1"].macs + 6 * 28 * 28 == pytest.approx(122e3, rel=0.01)
    assert [rows[key].flops for key in ("conv1.1", "conv2.1")] == [235_200, 480_000]
    assert [rows[key].flops for key in ("fc1", "fc2", "fc3")] == [96_000, 20_160, 1_680]
    assert rows["conv2.1"].flops == pytest.approx(483e3, rel=0.01)


def test_alexnet():
    rows = rows_of("alexnet")
    keys = ("conv1.1", "conv2.1", "conv3.1", "conv3.2", "conv3.3", "fc1", "fc2", "fc3")
    assert [rows[key].params for key in keys] == [
        34_944,
        614_656,
        885_120,
        1_327_488,
        884_992,
        37_752_832,
        16_781_312,
        4_097_000,
    ]
    printed = (211, 896, 299, 449, 299, 75.5, 33.6, 8.2)  # millions
    for key, millions in zip(keys, printed, strict=True):
        assert rows[key].flops / 1e6 == pytest.approx(millions, rel=0.005)
    # The total of these is 2.27 G operations, half of which is 1,135 M multiply-adds; the 724 M
    # beside it are those of the grouped network.
    assert sum(rows[key].flops for key in keys) == pytest.approx(2.27e9, rel=0.001)
    assert network_cost(ZOO["alexnet"].architecture).macs == 1_135_256_096
    assert network_cost(ZOO["alexnet-grouped"].architecture).macs == 724_406_816


def test_vgg16():
    rows = rows_of("vgg16")

    def of_block(number):
        convs = [rows[key] for key in rows if key.startswith(f"conv{number}.")]
        return sum(x.params for x in convs), sum(x.macs for x in convs)

    params = [of_block(number)[0] for number in range(1, 6)]
    assert params == [38_720, 221_440, 1_475_328, 5_899_776, 7_079_424]
    macs = [round(of_block(number)[1] / 1e9, 2) for number in range(1, 6)]
    # The survey prints 3.9, 3.7, 3.0, 2.4 and .6: the first is operations, and the rest neither
    # those nor multiply-adds. Its total, 15.5 G "FLOPs", is multiply-adds.
    assert macs == [1.94, 2.77, 4.62, 4.62, 1.39]
    assert network_cost(ZOO["vgg16"].architecture).macs == pytest.approx(15.5e9, rel=0.002)


def test_mobilenets_scale_by_the_squares():
    one, narrow = (complexity(ZOO[f"mobilenet-{a}-224"].architecture) for a in ("1.0", "0.75"))
    assert narrow / one == pytest.approx(0.75**2, rel=0.02)


def test_gap_saves_vggs_head():  # the survey: about 123M parameters
    vgg = ZOO["vgg16"].architecture
    light = Architecture(vgg.input, vgg.stages, GAP, 1000, "none")
    saved = network_cost(vgg).params - network_cost(light).params
    assert saved == pytest.approx(123e6, rel=0.002)
    assert network_cost(Architecture(vgg.input, vgg.stages, SPP, 1000, "none")).macs > 0


@pytest.mark.parametrize("name", ["resnet50", "googlenet", "efficientnet-b0", "cnn-f"])
def test_operations_are_at_least_two_a_multiply_add(name):
    for layer in network_cost(ZOO[name].architecture).layers:
        assert flops(layer.layer) >= 2 * layer.macs
