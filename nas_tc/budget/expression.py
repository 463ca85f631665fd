"""Parser of the budget language, from text to a `Budget`. The grammar is in docs/budget.md.

alexnet*0.6                              0.6 of alexnet's complexity on the data searched on
alexnet@224*0.6                          the same on 224x224 images
120M                                     120 million multiply-adds
complexity in J@224*0.55..J@224*0.6      at least, and at most
params<=5M, memory<=64MiB                both
weights<=256KiB@int8, memory<=320KiB@int8    of int8 numbers, on a microcontroller
latency<=2.5ms@b1, train_step<=0.41s@b128
latency<=2ms in onnxruntime              by another runtime than torch
latency<=1ms in onnxruntime int8         in 8 bits
0.8*it, latency<=it                      of the network that a search is around
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from nas_tc.architecture import Architecture
from nas_tc.budget.corrections import comma_in_number, correction
from nas_tc.budget.terms import Amount, Bound, Budget, Reference
from nas_tc.cost.measures import MEASURES, Measure
from nas_tc.errors import BudgetError, NasTcError, UnknownNameError, unknown
from nas_tc.zoo import ZOO, find_network

IT = "it"
"""The reference that stands for the network that a search is around."""

_NUMBER = r"(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d{1,2}))?"
_ABSOLUTE = re.compile(rf"{_NUMBER}\s*([^\W\d_]*)")
_RELATIVE = re.compile(rf"(.*?)(?:\s*@\s*(\d{{1,6}}))?(?:\s*\*\s*{_NUMBER})?")
_START = re.compile(r"([^\W\d]\w*)\s*(<=|>=|==|<|>|=|in\s)\s*")
_DEVICE = re.compile(r"\s+on\s+(\S+)$")
_RUNTIME = re.compile(r"\s+in\s+([^\W\d]\w*)(?:\s+(\w+))?$")
_BATCH = re.compile(r"\s*@\s*b(\d{1,6})$")
_NUMBER_TYPE = re.compile(r"\s*@\s*(u?int\d+|float\d+|fp\d+|bf\d+|bfloat\d+)$")
_RANGE = re.compile(r"(?<![./])\.\.(?![./])")  # not that of a path, "../net.json"
_DEVICES = ("cpu", "cuda")
_RUNTIMES = {"torch": ("fp32",), "onnxruntime": ("fp32", "int8")}  # and their types of numbers
_TIMES_IT = re.compile(rf"{_NUMBER}\s*\*\s*{IT}")
_USAGE = "write a network times a factor, 'alexnet*0.6', or a number, '120M'"


def parse_budget(expression: str, it: Architecture | None = None) -> Budget:
    """The budget that an expression describes.

    Args:
        expression: Limits joined by commas, such as "alexnet*0.6" or "complexity<=5M, params<=1M".
        it: Network that "it" stands for; None: none.

    Raises:
        UnknownNameError: There is no such reference, measure or device.
        BudgetError: Something else cannot be read, or a limit is zero. Both errors give the
            position of the character.
    """
    text = expression.strip()
    if found := comma_in_number(text):
        start, stop, why = found
        _Part(text, start, stop).refuse(why)
    try:
        return _parsed(text, it)
    except (BudgetError, UnknownNameError) as error:
        raise _with_correction(text, error, it) from None


def _parsed(text: str, it: Architecture | None) -> Budget:
    return Budget(text, tuple(_bound(part) for part in _split(_Part(text, 0, len(text), it))))


def _with_correction(text: str, error: NasTcError, it: Architecture | None) -> NasTcError:
    """The error, with what to write at its end, if that can be read."""
    if (found := correction(text)) is None:
        return error
    corrected, rules = found
    try:
        _parsed(corrected, it)
    except NasTcError:
        return error
    said = f"cannot read the budget {text!r}" if isinstance(error, UnknownNameError) else error
    return BudgetError(f"{said}; {rules}: write {corrected!r}")


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the whole text with its place, so that errors can point at a character."""

    whole: str
    start: int
    stop: int
    it: Architecture | None = None  # network that "it" stands for

    @property
    def text(self) -> str:
        return self.whole[self.start : self.stop]

    def cut(self, start: int, stop: int | None = None) -> "_Part":
        """The piece from `start` to `stop` within this part, without the spaces around it."""
        stop = len(self.text) if stop is None else stop
        piece = self.text[start:stop]
        begin = self.start + start + len(piece) - len(piece.lstrip())
        return _Part(self.whole, begin, begin + len(piece.strip()), self.it)

    def refuse(self, why: str) -> NoReturn:
        what = f" ({self.text!r})" if self.text else ""
        raise BudgetError(
            f"cannot read the budget {self.whole!r} at character {self.start + 1}{what}: {why}"
        )


def _split(part: _Part) -> Iterator[_Part]:
    """The limits between commas; commas within brackets belong to a notation, as in (3,16)."""
    depth = begin = 0
    for index, character in enumerate(part.text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth <= 0:
            yield part.cut(begin, index)
            begin = index + 1
    yield part.cut(begin)


def _bound(part: _Part) -> Bound:
    if not part.text:
        part.refuse(f"a limit is missing; {_USAGE}")
    measure, is_range, rest = _measure(part)
    rest, runtime, dtype = _runtime(rest, measure)
    rest, device = _device(rest, measure)
    if runtime != "torch" and device == "cuda":
        part.refuse(f"{runtime} is timed on processors alone; leave 'on cuda' out")
    rest, measure = _number_type(rest, measure)
    rest, batch = _batch(rest, measure)
    least = None
    if is_range:
        dots = _RANGE.search(rest.text)
        if dots is None:
            rest.refuse("a range has two ends, as in 'complexity in 100M..120M'")
        least = _amount(rest.cut(0, dots.start()), measure)
        rest = rest.cut(dots.end())
    most = _amount(rest, measure)
    if batch is None and measure.needs_batch:
        part.cut(len(part.text)).refuse(f"{measure.name} needs its batch, as in '@b128'")
    return Bound(part.text, measure.name, most, least, batch or 1, device, runtime, dtype)


def _runtime(part: _Part, measure: Measure) -> tuple[_Part, str, str]:
    """The text before "in onnxruntime int8", the runtime and its type of numbers."""
    match = _RUNTIME.search(part.text)
    if match is None:
        return part, "torch", "fp32"
    runtime, dtype = match[1], match[2] or "fp32"
    where = part.cut(match.start(1))
    if runtime not in _RUNTIMES:
        raise unknown("runtime", runtime, _RUNTIMES, within=part.whole, at=where.start + 1)
    if "device" not in measure.depends_on:
        where.refuse(f"{measure.name} is the same in every runtime; leave 'in {runtime}' out")
    if runtime != "torch" and measure.name != "latency":
        where.refuse(f"{runtime} runs forward passes on processors; limit 'latency'")
    if dtype not in _RUNTIMES[runtime]:
        raise unknown(f"type of numbers in {runtime}", dtype, _RUNTIMES[runtime], within=part.whole)
    return part.cut(0, match.start()), runtime, dtype


def _device(part: _Part, measure: Measure) -> tuple[_Part, str | None]:
    """The text before "on cuda", and the device; None if there is none."""
    match = _DEVICE.search(part.text)
    if match is None:
        return part, None
    device, where = match[1], part.cut(match.start(1))
    if device not in _DEVICES:
        raise unknown("device", device, _DEVICES, within=part.whole, at=where.start + 1)
    if "device" not in measure.depends_on:
        where.refuse(f"{measure.name} is the same on every device; leave 'on {device}' out")
    if measure.is_eager and device == "cpu":
        plain = measure.name.removesuffix("_eager")
        where.refuse(
            f"a processor launches no kernels, so {measure.name} is for GPUs; write {plain!r}"
        )
    return part.cut(0, match.start()), device


def _number_type(part: _Part, measure: Measure) -> tuple[_Part, Measure]:
    """The text before "@int8", and the measure in that type; the same without it."""
    match = _NUMBER_TYPE.search(part.text)
    if match is None:
        return part, measure
    where = part.cut(match.start())
    if match[1] != "int8":
        where.refuse("numbers are float32, or int8 where '@int8' follows")
    if f"{measure.name}_int8" not in MEASURES:
        names = [name.removesuffix("_int8") for name in MEASURES if name.endswith("_int8")]
        where.refuse(f"{measure.name} is not counted in int8; {' and '.join(names)} are")
    return part.cut(0, match.start()), MEASURES[f"{measure.name}_int8"]


def _batch(part: _Part, measure: Measure) -> tuple[_Part, int | None]:
    """The text before "@b128", and the number of images; None if there is none."""
    match = _BATCH.search(part.text)
    if match is None:
        return part, None
    where = part.cut(match.start())
    if "batch" not in measure.depends_on:
        where.refuse(f"{measure.name} does not depend on the batch; leave it out")
    if int(match[1]) == 0:
        where.refuse("a batch has at least one image")
    return part.cut(0, match.start()), int(match[1])


def _measure(part: _Part) -> tuple[Measure, bool, _Part]:
    """The measure, whether a range follows, and the rest; without a name, the complexity."""
    match = _START.match(part.text)
    if match is None:
        return MEASURES["complexity"], False, part
    name, relation = match[1], match[2].strip()
    if name not in MEASURES:
        raise unknown("measure", name, MEASURES, within=part.whole, at=part.start + 1)
    if relation not in ("<=", "in"):
        part.cut(match.start(2), match.end(2)).refuse("write '<=' for a limit, or 'in' for a range")
    return MEASURES[name], relation == "in", part.cut(match.end())


def _amount(part: _Part, measure: Measure) -> Amount:
    if not part.text:
        part.refuse(f"an amount is missing; {_USAGE}")
    if match := _ABSOLUTE.fullmatch(part.text):
        factor = _number_with_unit(match, part, measure)
        if factor == 0:
            part.refuse("a budget must be more than zero")
        return Amount(factor)
    if match := _TIMES_IT.fullmatch(part.text):
        factor = _decimal(match[1], match[2])
        if factor == 0:
            part.refuse("a budget must be more than zero")
        return Amount(factor, _reference(part.cut(len(part.text) - len(IT)), None))
    match = _RELATIVE.fullmatch(part.text)
    if match is None or not match[1] or match[1][0].isdigit():
        part.refuse(_USAGE)
    if odd := re.search(r"\s*[*@]", match[1]):
        part.cut(odd.start()).refuse(_USAGE)
    _, side, number, exponent = match.groups()
    factor = _decimal(number or "1", exponent)
    if factor == 0:
        part.cut(match.start(3)).refuse("a budget must be more than zero")
    if side is not None and int(side) == 0:
        part.cut(match.start(2), match.end(2)).refuse("images of 0 pixels")
    reference = _reference(part.cut(0, match.end(1)), None if side is None else int(side))
    return Amount(factor, reference)


def _number_with_unit(match: re.Match[str], part: _Part, measure: Measure) -> Decimal:
    quantity, unit = measure.quantity, match[3]
    if unit in quantity.units:
        return quantity.parse(_decimal(match[1], match[2]), unit)
    if not unit:
        part.refuse(f"{quantity.name} needs a unit, {quantity.unit_list}")
    where = part.cut(match.start(3))
    fitting = [each for each in MEASURES.values() if unit in each.quantity.units]
    if not fitting:
        where.refuse(f"unknown unit {unit!r}; {measure.name} is in {quantity.unit_list}")
    first, names = fitting[0], [each.name for each in fitting]
    return where.refuse(
        f"{measure.name} is {quantity.name}, in {quantity.unit_list}; {first.quantity.name} limits "
        f"{' or '.join(names)}, as in '{first.name}<={part.text}'"
    )


def _reference(part: _Part, side: int | None) -> Reference:
    name = part.text
    if name == IT:
        if part.it is None:
            part.refuse("'it' is the network that a search is around; give it with --around")
        return Reference(name, part.it, side)
    try:
        return Reference(name, find_network(name), side)
    except UnknownNameError:
        if "(" in name:  # an unknown block of a notation
            raise
        raise unknown("reference", name, ZOO, within=part.whole, at=part.start + 1) from None
    except NasTcError as error:
        part.refuse(str(error))


def _decimal(number: str, exponent: str | None) -> Decimal:
    return Decimal(f"{number}E{exponent or 0}")
