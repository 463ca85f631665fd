"""`nas-tc draw`: the picture it writes."""


def test_draw_writes_a_picture(nas_tc, tmp_path):
    path = tmp_path / "j.svg"
    code, out, _ = nas_tc("draw", "J", "-o", str(path), "--input", "3x128x128")
    assert (code, out) == (
        0,
        f"network: head spp, norm none, 1,000 classes\npicture: {path}\n",
    )
    assert "3x128x128 images" in path.read_text()


def test_the_picture_is_of_the_network_that_the_options_describe(nas_tc, tmp_path):
    options = ("--input", "3x32x32", "--head", "gap", "--norm", "batch", "--classes", "7")
    code, out, _ = nas_tc("draw", "(3,8)/2", "-o", tmp_path / "[a].svg", *options)
    assert code == 0
    assert out.startswith("network: head gap, norm batch, 7 classes\n")
    assert "[a].svg" in out
    assert "fc1: 7x1x1" in (tmp_path / "[a].svg").read_text()
