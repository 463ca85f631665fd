"""`nas-tc export`: which network it hands over."""


def test_the_best_or_a_numbered_trial_is_exported(nas_tc, study, tmp_path):
    code, out, _ = nas_tc("export", study.path, "--best", "--out", "best")
    assert (code, out.splitlines()[0]) == (0, "trial 1: (3,16)/2 | 2/2 | (3,32)/2")
    code, _, _ = nas_tc("export", study.path, "--trial", 0, "--out", "cheap")
    assert code == 0
    assert (tmp_path / "cheap" / "network.py").exists()
