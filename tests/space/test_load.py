import numpy as np
import pytest

import nas_tc
from nas_tc.architecture import format_notation
from nas_tc.cost import complexity
from nas_tc.errors import SpaceError, UnknownNameError
from nas_tc.space import complexity_batch, count_networks, load_space, parse_space, shipped_spaces

GOOD = """
input = [3, 32, 32]
head = "gap"

[[stage]]
depth = [1, 2]
width = 8
filter = [3]
pool = ["2/2", "none"]

[[stage]]
depth = [1]
width = [8, 16]
filter = [3]
"""


def test_shipped_spaces_are_found():
    assert set(shipped_spaces()) > {"he-sun-224", "plain-32", "residual-32", "tiny-96"}
    for name in shipped_spaces():
        assert load_space(name).description
    assert nas_tc.load_space("plain-32").name == "plain-32"


def test_a_file_is_read(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    space = load_space(path)
    assert space.name == "mine"
    assert [gene.name for gene in space.genes] == ["stage1.depth", "stage1.pool", "stage2.width"]
    assert space.settings == count_networks(space) == 8


def test_unknown_names(tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'plain-32'"):
        load_space("plain32")
    with pytest.raises(SpaceError, match="No such file"):
        load_space(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpaceError, match="not a text file"):
        load_space(tmp_path / "bytes.toml")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[[stage]]\ndepth = [1, 2]", "[[stage]]\ndepth = [1, 2", "not TOML"),
        ("width = 8", "widht = 8", r"file\.toml:7: stage 1, unknown key 'widht'; .*'width'"),
        ("width = [8, 16]", "width = ['x']", r"file\.toml:13: stage 2, key 'width' .*not 'x'"),
        ("width = [8, 16]", "width = [8, 8]", "names a choice twice"),
        ("width = [8, 16]", "width = []", "needs at least one choice"),
        ("width = [8, 16]", "width = [0]", "whole numbers of 1 or more, not 0"),
        ("width = [8, 16]", "width = [true]", "not True"),
        ("depth = [1, 2]", "depth = [-1]", "whole numbers of 0 or more, not -1"),
        ('"2/2"', '"2:2"', r"file\.toml:9: stage 1, key 'pool' needs poolings"),
        ('"2/2"', '"0/2"', "needs poolings"),
        ('"2/2"', '"02/2"', "needs poolings"),
        ('"2/2"', '"2 / 2"', "needs poolings"),
        ('"2/2"', '["2/2"]', "needs poolings"),
        ("width = 8\n", "", r"file\.toml:5: stage 1, lacks the key 'width'"),
        ("[3, 32, 32]", "[3, 32]", r"file\.toml:2: key 'input' needs channels"),
        ('"gap"', '"gup"', r"file\.toml:3: key 'head' unknown head 'gup'; did you mean 'gap'"),
        ('head = "gap"', 'norm = "layer"', r"file\.toml:3: key 'norm' needs one of batch, none"),
        ('head = "gap"', 'haed = "gap"', r"file\.toml:3: unknown key 'haed'; did you mean 'head'"),
        ("depth = [1, 2]", "depth = [0, 2]", "stage 1 cannot have a depth of 0"),
    ],
)
def test_what_is_wrong_is_said_with_line_and_key(old, new, complaint):
    assert old in GOOD
    with pytest.raises(SpaceError, match=complaint) as raised:
        parse_space(GOOD.replace(old, new, 1), "file", "file.toml")
    assert "\n" not in str(raised.value)
    assert str(raised.value).startswith("file.toml")


def test_no_stage_at_all():
    with pytest.raises(SpaceError, match=r"under a line \[\[stage\]\]"):
        parse_space("input = [3, 32, 32]", "file", "file.toml")


BLOCKS = """
input = [3, 16, 16]
resolution = [12, 16]
block = ["basic", "plain[groups=2]"]

[[stage]]
block = "plain"
depth = 1
width = 8
filter = 3

[[stage]]
depth = [1, 2]
width = [8, 16]
filter = 3
"""


def test_blocks_and_sizes_are_genes():
    space = parse_space(BLOCKS, "blocks", "blocks.toml")
    genes = {gene.name: gene.choices for gene in space.genes}
    assert genes == {
        "resolution": (12, 16),
        "block": ("basic", "plain[groups=2]"),
        "stage2.depth": (1, 2),
        "stage2.width": (8, 16),
    }
    network = space.decode(
        {"resolution": 12, "block": "basic", "stage2.depth": 2, "stage2.width": 16}
    )
    assert network.input == (3, 12, 12)
    assert format_notation(network.stages) == "(3,8) | basic(3,16)x2"
    assert space.at((1, 32, 32), 7).resolutions == (24, 32)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"plain"', '"plan"', r"file\.toml:7: stage 1, key 'block' .*did you mean 'plain'"),
        ('"plain"', '"inverted"', "lacks expansion"),
        ('"plain"', '"plain[groups=2]"', "its 3 input channels cannot be split into 2 groups"),
        ("[8, 16]", "[9, 16]", r"a width of 9 cannot be split into 2 groups"),
        ("[12, 16]", "[12, 24]", "the input must be as large: 24 pixels"),
        ("[12, 16]", "[12, 16.5]", "sides of images in pixels, 1 or more, not 16.5"),
        ("[12, 16]", '16\nactivation = "gelu"', "activations among relu"),
        ("[12, 16]", "16\ndropout = [0.5, 1]", "below 1, not 1"),
        ("[12, 16]", '16\nhead = ["spp", "spp[4096,4096]"]', "names a choice twice"),
        ("[12, 16]", '16\nhead = "gap[x]"', r"cannot read the head 'gap\[x\]'"),
        ("filter = 3\n\n", "filter = 3\nstride = 0\n\n", "whole numbers of 1 or more, not 0"),
        ('block = "plain"', "", "stage 1, block plain"),
    ],
)
def test_what_is_wrong_with_a_block_is_said(old, new, complaint):
    with pytest.raises(SpaceError, match=complaint):
        parse_space(BLOCKS.replace(old, new, 1), "file", "file.toml")


def test_a_resolution_without_networks_is_refused():
    stem = 'block = "plain"\npool = "9/9"'
    space = parse_space(BLOCKS.replace('block = "plain"', stem).replace("12", "8"), "x", "x.toml")
    with pytest.raises(SpaceError, match="no network exists at a resolution of 8"):
        count_networks(space)


def test_padding_and_every_pooling_of_the_notation():
    space = parse_space(
        "input = [3, 32, 32]\n[[stage]]\ndepth = 1\nwidth = 8\nfilter = 3\npadding = 0\n"
        'pool = ["3/2p1", "avg2/2"]\n[[stage]]\ndepth = 1\nwidth = 8\nfilter = 3\n',
        "mine",
        "mine.toml",
    )
    networks = [space.decode({"stage1.pool": pool}) for pool in ("3/2p1", "avg2/2")]
    assert [format_notation(network.stages) for network in networks] == [
        "(3,8)p0 | 3/2p1 | (3,8)",
        "(3,8)p0 | avg2/2 | (3,8)",
    ]
    assert [space.encode(network) for network in networks] == [
        {"stage1.pool": "3/2p1"},
        {"stage1.pool": "avg2/2"},
    ]
    settings = np.array([[0], [1]])
    assert complexity_batch(space, settings).tolist() == [complexity(each) for each in networks]


def test_padding_by_half_is_that_of_the_notation_where_the_rule_would_not_pad():
    content = (
        "input = [3, 32, 32]\n[[stage]]\ndepth = 2\nwidth = 8\nfilter = [3, 7, 9]\nstride = 2\n"
        'padding = "half"\nblock = ["plain", "plain[dilation=2]", "basic"]\n'
    )
    space = parse_space(content, "mine", "mine.toml")
    notations = {
        (values["stage1.block"], values["stage1.filter"]): format_notation(
            space.decode(values).stages
        )
        for values in space.values([[block, filter] for block in range(3) for filter in range(3)])
    }
    assert notations["plain", 3] == "(3,8)/2+(3,8)"
    assert notations["plain", 7] == "(7,8)/2p3+(7,8)p3"
    assert notations["plain", 9] == "(9,8)/2p4+(9,8)p4"
    assert (
        notations["plain[dilation=2]", 7] == "plain[dilation=2](7,8)/2p6+plain[dilation=2](7,8)p6"
    )
    assert notations["basic", 7] == "basic(7,8)/2+basic(7,8)"
    rows = np.array([[block, filter] for block in range(3) for filter in range(3)])
    assert complexity_batch(space, rows).tolist() == [
        complexity(space.decode(values)) for values in space.values(rows.tolist())
    ]
    for values in space.values(rows.tolist()):
        assert space.encode(space.decode(values)) == values
    twice = content + content[content.index("[[") :]
    with pytest.raises(SpaceError, match=r"mine.toml:14: stage 2, key 'padding' needs a number"):
        parse_space(twice, "mine", "mine.toml")
    with pytest.raises(SpaceError, match="0 or more, or \"half\", not 'full'"):
        parse_space(content.replace('"half"', '"full"'), "mine", "mine.toml")
    with pytest.raises(SpaceError, match='"half" needs odd filters: half of 8 on both sides'):
        parse_space(content.replace("9]", "8]"), "mine", "mine.toml")
    plain = content.replace(', "basic"', "").replace("9]", "6]")
    parse_space(plain, "mine", "mine.toml")  # a 6x6 is padded by the rule


def test_padding_is_one_number():
    content = "input = [3, 9, 9]\n[[stage]]\ndepth = 1\nwidth = 8\nfilter = 3\npadding = [0, 1]\n"
    with pytest.raises(SpaceError, match=r"mine.toml:6: stage 1, key 'padding' needs one number"):
        parse_space(content, "mine", "mine.toml")


@pytest.mark.parametrize(("key", "most"), [("width", "100,000"), ("depth", "1,000")])
def test_numbers_whose_costs_no_64_bits_hold_are_refused(key, most):
    stage = {"depth": 1, "width": 8, "filter": 3, key: 10**19}
    lines = "\n".join(f"{name} = {value}" for name, value in stage.items())
    text = f"input = [3, 8, 8]\n[[stage]]\n{lines}\n"
    with pytest.raises(SpaceError, match=rf"key '{key}' needs numbers of {most} at most"):
        parse_space(text, "large", "large.toml")
