"""Families: the published networks come out, and nothing of a family's rule is left unused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas_tc.architecture import GAP, Architecture, format_notation, parse_notation, walk
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.errors import BudgetError, UnknownNameError
from nas_tc.families import FAMILIES, Size, find_family, fit_family
from nas_tc.zoo import ZOO

RESNET_20 = (  # He et al. 2016, section 4.2, n = 3
    "(3,16) | basic(3,16)x3 | basic(3,32)/2+basic(3,32)x2 | basic(3,64)/2+basic(3,64)x2"
)


def fitted(name, budget, input=(3, 32, 32), classes=10):
    limit = resolve_budget(parse_budget(budget), input, classes)
    return fit_family(find_family(name), limit.caps, input, classes)


@pytest.mark.parametrize(
    ("family", "published"),
    [
        ("vgg", "vgg16"),
        ("he-sun", "J'"),
        ("resnet", "resnet18"),
        ("mobilenetv2", "mobilenetv2"),
        ("efficientnet", "efficientnet-b0"),
    ],
)
def test_at_its_own_cost_a_family_is_the_published_network(family, published):
    entry = ZOO[published].architecture
    found = fitted(family, f"{complexity(entry)}", (3, 224, 224), 1000).architecture
    assert found.stages == entry.stages
    assert (found.norm, found.activation) == ("batch", entry.activation)


def test_on_small_images_a_resnet_is_that_of_section_4_2():
    found = fitted("resnet", "40812544").architecture  # with projected shortcuts
    assert format_notation(found.stages) == RESNET_20


def test_small_budgets_subsample_early_instead_of_being_thin():
    by_hand = "(3,24)/2+(3,24) | 2/2 | (3,48)x2 | 2/2 | (3,96)x2"
    assert fitted("vgg", "alexnet*0.6").architecture.stages == parse_notation(by_hand)
    rich, poor = (fitted("vgg", budget).architecture.stages[0] for budget in ("20M", "4M"))
    assert (rich.stride, poor.stride) == (1, 2)
    assert rich.width >= 20


sides = st.sampled_from([7, 8, 16, 28, 32, 48, 64, 96, 224])
families = st.sampled_from(sorted(FAMILIES))


@given(families, sides, st.integers(1, 3), st.floats(5.5, 9.5), st.data())
@settings(max_examples=150, deadline=None)
def test_it_fits_and_the_next_step_of_its_rule_does_not(name, side, channels, magnitude, data):
    most = int(10**magnitude)
    budget = f"{most}"
    if data.draw(st.booleans()):
        budget += f", params<={data.draw(st.integers(5_000, 5_000_000))}"
    if data.draw(st.booleans()):
        budget += f", memory<={data.draw(st.integers(100_000, 50_000_000))}B"
    if data.draw(st.booleans()):
        budget += f", train_memory<={data.draw(st.integers(1_000_000, 10**9))}B@b16"
    input = (channels, side, side)
    limit = resolve_budget(parse_budget(budget), input, 10)
    family = FAMILIES[name]
    try:
        found = fit_family(family, limit.caps, input, 10)
    except BudgetError:
        forms = family.forms(side)
        smallest = [made(family, form, Size(form.smallest), input) for form in forms]
        assert all(limit.broken_by(each) is not None for each in smallest)
        return
    assert limit.broken_by(found.architecture) is None
    assert walk(found.architecture)
    forms, size = family.forms(side), found.size
    form = forms[found.form]
    assert found.architecture == made(family, form, size, input)
    for earlier in forms[: found.form]:
        assert limit.broken_by(made(family, earlier, Size(earlier.smallest), input)) is not None
    if size.scale < form.largest:
        assert limit.broken_by(made(family, form, Size(size.scale + 1), input)) is not None
    if size.extra < form.deepest:
        deeper = Size(size.scale, size.extra + 1)
        assert limit.broken_by(made(family, form, deeper, input)) is not None


def made(family, form, size, input):
    return Architecture(input, form.stages(size), GAP, 10, "batch", family.activation)


@given(families, st.integers(1_000_000, 50_000_000), st.floats(0.3, 0.999))
@settings(max_examples=50, deadline=None)
def test_a_floor_is_kept_or_refused(name, most, share):
    budget = f"complexity in {int(most * share)}..{most}"
    try:
        found = fitted(name, budget).architecture
    except BudgetError:
        assert share > 0.6  # there is something in every range that is wide
        return
    assert int(most * share) <= complexity(found) <= most


@given(families, st.integers(1, 6), st.integers(1, 400))
@settings(max_examples=50, deadline=None)
def test_images_of_any_size_have_a_smallest_network(name, height, width):
    for form in FAMILIES[name].forms(min(height, width)):
        network = made(FAMILIES[name], form, Size(form.smallest), (3, height, width))
        assert complexity(network) > 0


def test_what_cannot_be_is_said():
    with pytest.raises(UnknownNameError, match=r"unknown family 'vg'; did you mean 'vgg'\?"):
        find_family("vg")
    with pytest.raises(BudgetError, match=r"within '1k': the smallest there is has 59,904; give"):
        fitted("vgg", "1k")
    with pytest.raises(BudgetError, match=r"the largest below it has 3,824,640; give it a range"):
        fitted("vgg", "complexity in 4M..4.01M")
