"""What a study may hold: the types and ranges of its settings and attributes.

Keys that no type names are let pass, since a later version may have written them.
"""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

Count = Annotated[int, Meta(ge=0, le=10**18)]  # as many as SQLite and NumPy can hold
Side = Annotated[int, Meta(ge=1, le=65_535)]  # the longest side of common image files, pixels
Share = Annotated[float, Meta(ge=0, le=1)]
Amount = Annotated[float, Meta(ge=0, le=1e15)]  # seconds or milliseconds
Text = Annotated[str, Meta(pattern=r"\A[^\ud800-\udfff]*\Z")]  # Unicode, as tables need it
Number = Annotated[str, Meta(pattern=r"^\d{1,9}$")]  # of a trial, or of epochs
Shape = Annotated[list[Side], Meta(min_length=3, max_length=3)]
Colour = Annotated[list[Annotated[int, Meta(ge=0, le=255)]], Meta(min_length=3, max_length=3)]

Genes = dict[Text, int | float | Text]
Figures = dict[Text, dict[Text, float | Text | bool | None]]  # all that is kept of times


class StageSettings(Struct):
    """Choices of one stage of the space."""

    depth: list[Count]
    width: list[Count]
    filter: list[Count]
    last_width: list[Count]
    stride: list[Count]
    pool: list[str]
    block: list[str] = []


class SpaceSettings(Struct):
    """The space of a search."""

    name: str
    input: Shape
    classes: Annotated[int, Meta(ge=1, le=10**6)]
    stages: Annotated[list[StageSettings], Meta(min_length=1)]
    resolutions: list[Side] = []
    activations: list[str] = []
    heads: list[str] = []
    dropouts: list[Share] = []
    blocks: list[str] = []


class FormulaLimitSettings(Struct):
    """A limit of the budget that a formula checks."""

    measure: str
    batch: Count
    least: Count
    most: Count


class TimeLimitSettings(Struct):
    """A limit of the budget on a time."""

    name: str
    least: Amount
    most: Annotated[float, Meta(gt=0, le=1e15)]
    reference: dict[str, Any] | None


class BudgetSettings(Struct):
    """The budget; the first version kept the complexity alone."""

    expression: str
    complexity: Count | None
    limits: list[FormulaLimitSettings] = []
    times: list[TimeLimitSettings] = []
    time_table: str | None = None


class PreparationSettings(Struct):
    """How images become pixels."""

    background: Colour
    resample: str
    is_cut: bool


class MajoritySettings(Struct):
    """Errors of the majority class."""

    validation: Share


class DataSettings(Struct):
    """The images of a search."""

    name: str
    checksum: str
    train_images: Count
    validation_images: Annotated[int, Meta(ge=1, le=10**12)]
    test_images: Count
    shape: Shape
    classes: Annotated[list[str], Meta(min_length=1)]
    mean: list[float] | None = None
    std: list[float] | None = None
    preparation: PreparationSettings | UnsetType = UNSET
    majority: MajoritySettings | UnsetType = UNSET
    majority_error: MajoritySettings | UnsetType = UNSET
    grey_range: Annotated[list[Count], Meta(min_length=2, max_length=2)] | None = None
    colour_range: Annotated[list[Count], Meta(min_length=2, max_length=2)] | None = None
    multilabel: bool = False


class Settings(Struct):
    """The settings of a search."""

    format: int
    space: SpaceSettings
    budget: BudgetSettings
    data: DataSettings
    recipe: dict[str, Any]
    seed: Annotated[int, Meta(ge=0, lt=2**15)]
    metric: str = "error"
    experience: Text | None = None


class Time(Struct):
    """A time of a network."""

    ms: Amount
    verdict: Text | None = None
    not_captured: Text | None = None


class FrontTimes(Struct):
    """Times of a network of the front, measured with care."""

    times: dict[Text, Time]
    reason: Text | None


class RerunResult(Struct, forbid_unknown_fields=True):
    """Result of a training with another seed."""

    seed: Count
    val_error: Share
    test_error: Share


class ConfusionCells(Struct):
    """A confusion matrix: class, predicted class and number of images, one after another."""

    classes: Annotated[int, Meta(ge=1, le=10**6)]
    cells: Annotated[list[Count], Meta(min_length=3)]
    top5_wrong: Count | None


class MultilabelCells(Struct):
    """Four counts of each class where images have several labels, one class after another."""

    multilabel: Annotated[list[Count], Meta(min_length=4)]
    average_precisions: list[Share | None]
    subset_wrong: Count


class RunRecord(Struct):
    """When and how a search was run."""

    started: str
    command: str
    packages: dict[str, str] = {}


class StudyAttributes(Struct):
    """Attributes of a study, its settings apart."""

    test_errors: dict[Number, Share] = {}
    reruns: dict[Number, list[RerunResult]] = {}
    front_times: dict[Number, FrontTimes] = {}
    runs: list[RunRecord] = []
    timing: dict[str, Amount] = {}
    timed_on: str | None = None


class QueuedAttributes(Struct):
    """Attributes of a trial that has no network yet."""

    guest: dict[str, Any] | None = None
    baseline: Text | None = None
    losses: Count = 0
    rung: Count = 0


class TrialAttributes(QueuedAttributes, kw_only=True):
    """Attributes of a trial with a network."""

    architecture: dict[str, Any]
    complexity: Count
    params: Count
    train_s: Amount | None = None
    validation_s: Amount | None = None
    timing_s: Amount | None = None
    reason: Text | None = None
    reused: Text | None = None
    reused_seed: Count | None = None
    over_budget: bool = False
    times: dict[Text, Time] = {}
    train_losses: dict[Number, float] = {}
