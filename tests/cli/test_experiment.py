"""`nas-tc experiment` on the command line."""

import pytest

from nas_tc.experiment import shipped_experiments


def test_all_are_listed(nas_tc):
    code, out, err = nas_tc("experiment")
    assert (code, err) == (0, "")
    assert all(name in out for name in shipped_experiments())


def test_a_check_prints_the_plan_and_trains_nothing(nas_tc):
    code, printed, _ = nas_tc("experiment", "nin", "--check", "--seeds", "2", "--epochs", "3")
    assert code == 0
    assert "B-nin is outside of the budget: the paper adds" in printed
    assert "B -> B-nin: block, plain -> plain[nin]" in printed
    assert "claim: B-nin > B" in printed
    assert "7 networks x 2 seeds, 3 epochs of full" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dpeth-filter"], "did you mean 'depth-filter'"),
        (["none.toml"], "cannot read the experiment"),
        (["nin"], "which images?"),
        (["nin", "--data", "digits"], "the experiment has train_images"),
        (["nin", "--check", "--set", "epoch=3"], "did you mean 'epochs'"),
        (["nin", "--check", "--epochs", "0"], "epochs must be 1 or more"),
        (["nin", "--seeds", "0"], "--seeds must be 1 or more"),
        (["nin", "--data", "parquet:/nowhere"], "no folder"),
    ],
)
def test_bad_input_is_one_line(nas_tc, arguments, message):
    code, _, err = nas_tc("experiment", *arguments)
    assert code == 2
    assert message in err
    assert err.startswith("nas-tc: ")
    assert err.count("\n") == 1
