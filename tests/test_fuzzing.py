"""All that reads input, fed with damaged examples; `benchmarks/fuzz.py` does it at length."""

import pytest
from fuzzing import TARGETS, fed
from hypothesis import given, settings
from hypothesis import strategies as st

EXAMPLES = {"npz": 8, "labels": 8, "study": 0, "space": 3, "image": 40}  # the others: 30


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("name", [each for each in TARGETS if EXAMPLES.get(each, 30)])
def test_only_our_own_errors_come_out(name, monkeypatch):
    target = TARGETS[name]
    seeds = target.seeds()
    for each in seeds:
        target.read(each)

    @settings(max_examples=EXAMPLES.get(name, 30))
    @given(st.sampled_from(seeds), st.randoms(use_true_random=False))
    def feed(seed, random):
        fed(target, target.change(seed, random))

    feed()
