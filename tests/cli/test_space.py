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
