"""The table of measures: what a budget can limit and a front can compare.

A new measure is one entry in `MEASURES`. The budget language, `nas-tc budget`, the sampler's
limits, fronts, axis labels and CSV columns all read this table.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from nas_tc.architecture import Architecture
from nas_tc.cost.cost import network_cost
from nas_tc.cost.int8 import int8_memory_bytes, int8_weight_bytes
from nas_tc.cost.memory import inference_bytes, training_memory
from nas_tc.cost.multiply_adds import complexity
from nas_tc.errors import NasTcError, unknown

Dependency = Literal["batch", "device", "dtype"]
TimedPass = Literal["forward", "train_step"]

_AT_BATCH = re.compile(r"(.+)@b(\d{1,6})")


@dataclass(frozen=True, slots=True)
class Quantity:
    """The kind of number that a measure is: its units and its format.

    Attributes:
        name: Name for error messages, with an article if it takes one: "a time".
        unit: Unit of every stored and printed value: "ms".
        units: Units that a budget may use, and the size of each in `unit`.
        suffix: `unit` as a budget writes it directly behind a number: "ms", or nothing.
        column_suffix: End of the names of table columns: "_ms", or nothing.
        number_format: Format of a value in a printed table.
    """

    name: str
    unit: str
    units: Mapping[str, int | Decimal]
    suffix: str = ""
    column_suffix: str = ""
    number_format: str = ",d"

    @property
    def unit_list(self) -> str:
        """The units as a phrase: "us, ms or s"."""
        *most, last = filter(None, self.units)
        return f"{', '.join(most)} or {last}"

    def parse(self, number: Decimal, unit: str) -> Decimal:
        """A number and a unit, as they were written, in `self.unit`.

        Args:
            number: Number before the unit.
            unit: Unit as the user wrote it.

        Raises:
            KeyError: The unit is not one of `units`.
        """
        return number * self.units[unit]


@dataclass(frozen=True, slots=True)
class Measure:
    """A property of networks that can be limited: computed by a formula, or timed.

    Attributes:
        name: Name in budgets, objectives, study files and columns.
        quantity: Unit and its spellings.
        label: Axis label. "{images}" is replaced by the batch: " of 8 images".
        noun: Text behind the number of a limit, with the same placeholder; None: the label.
        depends_on: Conditions besides the network that the amount depends on.
        needs_batch: Whether a budget has to give the batch; otherwise it is one image.
        formula: Function of a network and a batch that gives the amount; None: it is timed.
        timed_pass: Pass that is timed; None: `formula` gives the amount.
        is_eager: Whether the host launches the kernels of a GPU one by one in that pass; otherwise
            it is captured in a CUDA graph and replayed. Eager measures are of GPUs alone.
    """

    name: str
    quantity: Quantity
    label: str
    noun: str | None = None
    depends_on: frozenset[Dependency] = frozenset()
    needs_batch: bool = False
    formula: Callable[[Architecture, int], int] | None = None
    timed_pass: TimedPass | None = None
    is_eager: bool = False

    @property
    def is_timed(self) -> bool:
        """Whether the amount has to be timed, because no formula gives it."""
        return self.formula is None

    def of(self, architecture: Architecture, batch: int = 1) -> int:
        """Amount for a network by formula, in the quantity's unit.

        Args:
            architecture: Network to measure.
            batch: Number of images.

        Raises:
            ArchitectureError: A map shrinks to nothing.
        """
        assert self.formula is not None, f"no formula gives {self.name}"
        return self.formula(architecture, batch)

    def at_batch(self, batch: int | None) -> str:
        """Name with its batch, as studies record it: "latency", "latency@b8".

        A batch of one is left out where it is the default of budgets.
        """
        if batch is None or (batch == 1 and not self.needs_batch):
            return self.name
        return f"{self.name}@b{batch}"

    def column(self, batch: int | None = None) -> str:
        """Name of a table's column, with the unit: "params", "train_step_ms@b128"."""
        ending = self.at_batch(batch).removeprefix(self.name)
        return f"{self.name}{self.quantity.column_suffix}{ending}"

    def axis_label(self, batch: int | None = None) -> str:
        """Label of an axis; without a batch the images are not mentioned."""
        return self.label.format(images=_images(batch))

    def limit_text(self, most: int, least: int | None, batch: int) -> str:
        """A limit in words: "64 to 128 parameters"."""
        text = f"{most:,} {(self.noun or self.label).format(images=_images(batch))}"
        return text if least is None else f"{least:,} to {text}"


def _images(batch: int | None) -> str:
    return "" if batch is None else f" of {batch:,} image{'s'[: batch > 1]}"


_COUNTS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BYTES = Quantity(
    name="a size in memory",
    unit="bytes",
    units={
        "B": 1,
        "kB": 10**3,
        "MB": 10**6,
        "GB": 10**9,
        "KiB": 2**10,
        "MiB": 2**20,
        "GiB": 2**30,
    },
    suffix="B",
    column_suffix="_bytes",
)
_MILLISECONDS = Quantity(
    name="a time",
    unit="ms",
    units={"us": Decimal("0.001"), "ms": Decimal(1), "s": Decimal(1000)},
    suffix="ms",
    column_suffix="_ms",
    number_format=".3f",
)
_BY_CLOCK: frozenset[Dependency] = frozenset({"batch", "device", "dtype"})

_TABLE = (  # a search checks the limits of a network in this order: the quickest formula is first
    Measure(
        name="complexity",
        quantity=Quantity("multiply-adds", "multiply-adds", _COUNTS),
        label="multiply-adds of the convolutions, one image",
        noun="multiply-adds",
        formula=lambda architecture, _: complexity(architecture),
    ),
    Measure(
        name="params",
        quantity=Quantity("a number of parameters", "parameters", _COUNTS),
        label="parameters",
        formula=lambda architecture, _: network_cost(architecture).params,
    ),
    Measure(
        name="weights",
        quantity=_BYTES,
        label="bytes of the parameters, float32",
        formula=lambda architecture, _: network_cost(architecture).param_bytes,
    ),
    Measure(
        name="weights_int8",
        quantity=_BYTES,
        label="bytes of the weights in int8",
        formula=lambda architecture, _: int8_weight_bytes(architecture),
    ),
    Measure(
        name="memory_int8",
        quantity=_BYTES,
        label="bytes of maps at the peak of a forward pass in int8",
        formula=lambda architecture, _: int8_memory_bytes(architecture),
    ),
    Measure(
        name="memory",
        quantity=_BYTES,
        label="bytes at the peak of a forward pass{images}",
        depends_on=frozenset({"batch"}),
        formula=inference_bytes,
    ),
    Measure(
        name="train_memory",
        quantity=_BYTES,
        label="bytes at the peak of a training step{images}",
        depends_on=frozenset({"batch"}),
        needs_batch=True,
        formula=lambda architecture, batch: training_memory(architecture, batch).peak_bytes,
    ),
    Measure(
        name="latency",
        quantity=_MILLISECONDS,
        label="forward pass{images}, ms",
        depends_on=_BY_CLOCK,
        timed_pass="forward",
    ),
    Measure(
        name="train_step",
        quantity=_MILLISECONDS,
        label="training step{images}, ms",
        depends_on=_BY_CLOCK,
        needs_batch=True,
        timed_pass="train_step",
    ),
    Measure(
        name="latency_eager",
        quantity=_MILLISECONDS,
        label="forward pass{images}, launched eagerly, ms",
        depends_on=_BY_CLOCK,
        timed_pass="forward",
        is_eager=True,
    ),
    Measure(
        name="train_step_eager",
        quantity=_MILLISECONDS,
        label="training step{images}, launched eagerly, ms",
        depends_on=_BY_CLOCK,
        needs_batch=True,
        timed_pass="train_step",
        is_eager=True,
    ),
)
MEASURES: Mapping[str, Measure] = {measure.name: measure for measure in _TABLE}
"""All measures by name. Memory is for float32 values, and in training for SGD with momentum."""


def parse_measure(text: str) -> tuple[Measure, int | None]:
    """The measure and the batch of a name such as "params", "latency" or "train_memory@b128".

    Args:
        text: Name of a measure.

    Returns:
        The measure, and the number of images; None where the name has none.

    Raises:
        UnknownNameError: There is no such measure.
        NasTcError: The batch is 0, or the measure does not depend on a batch.
    """
    match = _AT_BATCH.fullmatch(text)
    name, batch = (match[1], int(match[2])) if match else (text, None)
    if name not in MEASURES:
        raise unknown("measure", name, MEASURES, within=text)
    measure = MEASURES[name]
    if batch is not None and "batch" not in measure.depends_on:
        raise NasTcError(f"{name} does not depend on the batch; write {name!r}, not {text!r}")
    if batch == 0:
        raise NasTcError(f"{text!r}: a batch has at least one image, as in '{name}@b128'")
    return measure, batch
