"""An experiment as its file describes it: networks, images, recipe, seeds, budget, claims."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nas_tc.architecture import Activation, Head, Norm, Shape
from nas_tc.replacement import TradeOff

Sign = Literal["<", ">", "~"]


@dataclass(frozen=True, slots=True)
class NetworkEntry:
    """One `[[network]]` of the file, which stands for one network or, with `replacements_of`, many.

    Attributes:
        name: Name in the tables; for replacements, the beginning of their names.
        network: Name of the zoo, notation or JSON file; None: another field says what it is.
        family: Name of a family, to be cut to the budget's reference.
        replacements_of: Name of an earlier network, whose replacements are taken.
        study: Path of a search's study, whose recommended network is taken, and the next best.
        kinds: Trade-offs of replacements; None: the paper's.
        most: Greatest number of replacements, None: all; or of networks of a study, None: one.
        head: Head in place of the experiment's; None: the experiment's.
        norm: Normalisation in place of the experiment's; None: the experiment's.
        activation: Activation in place of the experiment's or a family's; None: that.
        resolution: Height and width of its input, pixels, to which the experiment's images are
            scaled for it; None: the experiment's, or of a study in proportion to that search's.
        paper_error: Error that the paper reports, 0 to 1; None if there is none.
        unequal_because: Reason why the complexity may be outside of the budget; None: it may not.
    """

    name: str
    network: str | None = None
    family: str | None = None
    replacements_of: str | None = None
    study: str | None = None
    kinds: tuple[TradeOff, ...] | None = None
    most: int | None = None
    head: Head | None = None
    norm: Norm | None = None
    activation: Activation | None = None
    resolution: tuple[int, int] | None = None
    paper_error: float | None = None
    unequal_because: str | None = None


@dataclass(frozen=True, slots=True)
class EqualCost:
    """The budget check: every network costs about as much as a reference.

    Attributes:
        reference: Name of a network of the experiment.
        tolerance: Largest distance as a factor: 0.03 admits 1/1.03 to 1.03 times the complexity.
    """

    reference: str
    tolerance: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of the paper about the order of errors.

    Attributes:
        says: Claim in words.
        names: Networks in their order.
        signs: Sign between each two neighbours: the error of the first is less than (<), greater
            than (>) or about the same as (~) that of the second.
        margin: Difference of errors below which two are about the same, 0 to 1; 0 without a ~.
        because: Why the result may differ from the paper's, or why one might believe the claim.
    """

    says: str
    names: tuple[str, ...]
    signs: tuple[Sign, ...]
    margin: float = 0.0
    because: str = ""

    @property
    def order(self) -> str:
        """The order as it is written: "A > B > D"."""
        rest = [f"{sign} {name}" for sign, name in zip(self.signs, self.names[1:], strict=True)]
        return " ".join([self.names[0], *rest])


@dataclass(frozen=True, slots=True)
class Experiment:
    """Everything that a file says.

    Attributes:
        name: Name of the file without its ending.
        title: What is compared, in a line.
        description: Rule of the scaling, source and whatever else a reader needs.
        input: Channels, height and width at which the images are decoded.
        head: Head of networks that are given as notations or families.
        norm: Normalisation of those networks.
        activation: Activation of networks that are given as notations.
        data: Images as `--data` takes them; None: the user names them.
        train_images: Number of training images; None: all.
        recipe: Name or path of the recipe.
        recipe_fields: Fields in place of the recipe's own.
        seeds: Number of trainings of each network.
        networks: Networks in the order of the tables.
        equal_cost: Budget check; None: costs may differ.
        claims: Claims of the paper.
    """

    name: str
    title: str
    description: str
    input: Shape
    head: Head
    norm: Norm
    activation: Activation
    data: str | None
    train_images: int | None
    recipe: str
    recipe_fields: Mapping[str, Any] = field(hash=False)
    seeds: int
    networks: tuple[NetworkEntry, ...]
    equal_cost: EqualCost | None
    claims: tuple[Claim, ...]
