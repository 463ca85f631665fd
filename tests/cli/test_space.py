"""`nas-tc space`: what it lists."""


def test_spaces_are_shown(nas_tc):
    code, out, _ = nas_tc("space")
    assert code == 0
    assert "206,766,144" in out
    code, out, _ = nas_tc("space", "plain-32")
    assert code == 0
    assert "stage1.pool" in out
    assert "networks  206,766,144 at 3x32x32" in out
    assert "(3,8)/2 | 3/2 | (2,32)/2 | 2/2 | (2,64)" in out


BLOCKS = """
input = [3, 16, 16]
resolution = [12, 16]
head = ["gap", "gap[8]"]

[[stage]]
depth = 1
width = [8, 16]
filter = 3

[[stage]]
block = ["basic", "inverted[4]"]
depth = [1, 2]
width = [16]
filter = {filter}
stride = {stride}
"""


def test_a_users_own_space_is_checked(nas_tc, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(BLOCKS.format(filter=3, stride=2))
    code, out, _ = nas_tc("space", str(path), "--check")
    assert code == 0
    assert "mine: valid; 2 stages, 5 genes with 10 choices, 32 networks at 3x16x16" in out
    assert "note" not in out
    code, out, _ = nas_tc("space", str(path), "--budget", "complexity<=200k, params<=3k")
    assert code == 0
    assert "within    8 networks, 25.000%: 200,000 multiply-adds" in out
    assert "networks, all: 200,000 multiply-adds; 3,000 parameters" in out


def test_one_of_each_is_said_in_the_singular(nas_tc, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("input = [3, 8, 8]\n[[stage]]\ndepth = 1\nwidth = [8, 9]\nfilter = 3\n")
    code, out, _ = nas_tc("space", str(path), "--check")
    assert code == 0
    assert "mine: valid; 1 stage, 1 gene with 2 choices, 2 networks at 3x8x8" in out


def test_choices_that_no_network_has_are_named(nas_tc, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        BLOCKS.format(filter=3, stride=2).replace("filter = 3\n", "filter = [3, 17]\n", 1)
    )
    code, out, _ = nas_tc("space", str(path), "--check")
    assert code == 0
    assert "note: no network has stage1.filter 17" in out


def test_what_is_wrong_with_a_space_is_one_line(nas_tc, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(BLOCKS.format(filter=2, stride=2))
    code, _, err = nas_tc("space", str(path), "--check")
    assert code == 2
    assert "stage 2, block basic: its branches meet again, so its filters must be odd" in err
    assert nas_tc("space", "--check")[0] == 2
