"""Finds the largest network of a family within limits, by the family's own scaling rule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nas_tc.architecture import GAP, Architecture, Head, Norm, Shape
from nas_tc.errors import BudgetError
from nas_tc.families.family import Family, Form, Size
from nas_tc.space import Limited


@dataclass(frozen=True, slots=True)
class Fitted:
    """A network of a family within limits.

    Attributes:
        family: Family of the network.
        architecture: The network.
        form: Index of its form (layout of stages) among the family's forms for such images, from 0.
        size: Scale and extra units of the form.
        is_largest: Whether it is the largest of its form, so that a larger budget would not help.
    """

    family: Family
    architecture: Architecture
    form: int
    size: Size
    is_largest: bool

    @property
    def described(self) -> str:
        """The size in the family's own terms."""
        return self.family.describe(self.size)


def fit_family(
    family: Family,
    limits: Sequence[Limited],
    input: Shape,
    classes: int,
    *,
    norm: Norm = "batch",
    head: Head = GAP,
) -> Fitted:
    """The network of `family` that is as large as `limits` allow.

    A form is a layout of stages; the first keeps the most resolution and depth. The first form
    with a network that fits is taken: each has a least width, so that it does not become too thin.
    The network is widened as far as the limits allow, and then deepened. If it stays below the
    lower end of a limit, narrower and deeper networks and further forms are tried in turn.

    Args:
        family: Family to scale.
        limits: Limits that the network must keep, all of them.
        input: Channels, height and width of the images.
        classes: Number of classes.
        norm: Normalisation behind each convolution.
        head: Head, from the last map to the scores.

    Raises:
        ArchitectureError: The images shrink to nothing in the family's smallest form.
        BudgetError: No network of the family is within the limits; the nearest is named.
    """
    forms = [
        _Builder(family, form, number, input, classes, norm, head)
        for number, form in enumerate(family.forms(min(input[1:])))
    ]
    nearest: Fitted | None = None
    for found in _largest(forms, limits):
        if all(limit.admits(limit.of(found.architecture)) for limit in limits):
            return found
        nearest = nearest or found
    if nearest is None:
        nearest = forms[-1].fitted(Size(forms[-1].form.smallest))
    raise BudgetError(_refusal(nearest, limits))


@dataclass(frozen=True, slots=True)
class _Builder:
    """Makes the networks of one form of a family."""

    family: Family
    form: Form
    number: int
    input: Shape
    classes: int
    norm: Norm
    head: Head

    def network(self, size: Size) -> Architecture:
        return Architecture(
            self.input,
            self.form.stages(size),
            self.head,
            self.classes,
            self.norm,
            self.family.activation,
        )

    def fitted(self, size: Size) -> Fitted:
        is_largest = size == Size(self.form.largest, self.form.deepest)
        return Fitted(self.family, self.network(size), self.number, size, is_largest)

    def is_within(self, size: Size, limits: Sequence[Limited]) -> bool:
        """Whether the upper ends of all limits are kept."""
        network = self.network(size)
        return all(limit.of(network) <= limit.most for limit in limits)


def _largest(forms: Sequence[_Builder], limits: Sequence[Limited]) -> Iterator[Fitted]:
    """The largest networks within the upper ends of all limits, the preferred one first."""
    for builder in forms:
        form = builder.form
        if not builder.is_within(Size(form.smallest), limits):
            continue
        for scale in range(_largest_scale(builder, limits), form.smallest - 1, -1):
            if not _reaches(builder.network(Size(scale, form.deepest)), limits):
                break  # narrower networks have less of everything
            yield builder.fitted(_deepest(builder, scale, limits))


def _reaches(network: Architecture, limits: Sequence[Limited]) -> bool:
    """Whether the lower ends of all limits are kept."""
    return all(limit.of(network) >= limit.least for limit in limits)


def _deepest(builder: _Builder, scale: int, limits: Sequence[Limited]) -> Size:
    """The deepest size of this scale within the limits."""
    size = Size(scale)
    while size.extra < builder.form.deepest:
        deeper = Size(scale, size.extra + 1)
        if not builder.is_within(deeper, limits):
            break
        size = deeper
    return size


def _largest_scale(builder: _Builder, limits: Sequence[Limited]) -> int:
    """The largest scale within the limits, by bisection: wider networks have more of everything."""
    low, high = builder.form.smallest, builder.form.largest
    while low < high:
        middle = (low + high + 1) // 2
        if builder.is_within(Size(middle), limits):
            low = middle
        else:
            high = middle - 1
    return low


def _refusal(nearest: Fitted, limits: Sequence[Limited]) -> str:
    """The message that no network fits, with the limit that the nearest one would keep."""
    name, network = nearest.family.name, nearest.architecture
    broken = next(limit for limit in limits if not limit.admits(limit.of(network)))
    value = broken.of(network)
    is_over = value > broken.most
    amount = broken.amount(value, up=is_over)
    which = "the smallest there is" if is_over else "the largest below it"
    bound = broken.bound
    way = f"{bound.measure}<={amount}" if is_over else f"a range that begins at {amount} or below"
    return (
        f"no {name} network on {'x'.join(map(str, network.input))} images is within "
        f"{bound.text!r}: {which} has {broken.shown(value)}; give it {way}, or another family"
    )
