"""Convolutions with what belongs to them, along the paths of a network."""

from dataclasses import dataclass

from nas_tc.reading.operations import (
    Activate,
    AdaptivePooling,
    Concatenation,
    Convolution,
    FullyConnected,
    Normalisation,
    Operation,
    Operations,
    Pooling,
    Product,
    ResponseNormalisation,
    Sum,
    refusal,
)
from nas_tc.reading.simplify import followers

_ORDER = "allowed is convolution, batch normalisation, activation, in this order"


@dataclass(frozen=True, eq=False)
class Part:
    """A convolution, its normalisation and its activation."""

    conv: Convolution
    norm: Normalisation | None
    activation: Activate | None

    @property
    def where(self) -> str:
        """Place of the convolution in the module."""
        return self.conv.where

    @property
    def act(self) -> str | None:
        """Name of the activation."""
        return None if self.activation is None else self.activation.name


@dataclass(frozen=True, eq=False)
class Excitation:
    """Squeeze-and-excitation: factors for the channels, from their averages.

    The two layers are linear ones or 1x1 convolutions, which are the same on a map of one pixel.
    """

    where: str
    reduce: Convolution | FullyConnected
    activation: Activate
    expand: Convolution | FullyConnected


@dataclass(frozen=True, eq=False)
class Residual:
    """Two branches from one map, and their sum."""

    where: str
    body: tuple["Element", ...]
    shortcut: tuple["Element", ...]
    activation: Activate | None


@dataclass(frozen=True, eq=False)
class Joined:
    """Branches from one map, whose maps are side by side."""

    where: str
    branches: tuple[tuple["Element", ...], ...]
    shape: tuple[int, ...]


Element = Part | Excitation | Pooling | ResponseNormalisation | Residual | Joined


class Flow:
    """The operations of a network as paths from the images to the scores.

    Args:
        operations: Simplified operations by number.
    """

    def __init__(self, operations: Operations) -> None:
        self.operations = operations
        self._followers = followers(operations)

    def next(self, number: int) -> list[tuple[int, Operation]]:
        """The operations that take the output of another one."""
        return [(each, self.operations[each]) for each in self._followers.get(number, [])]

    def only(self, number: int) -> tuple[int, Operation] | None:
        """The one operation that takes an output; None where there is none or are several."""
        found = self.next(number)
        return found[0] if len(found) == 1 else None

    def closing(self, number: int) -> tuple[Normalisation | None, Activate | None, int]:
        """The normalisation and the activation that belong to a layer, and the last of the three.

        Args:
            number: Number of the layer's operation.
        """
        norm: Normalisation | None = None
        following = self.only(number)
        if following is not None and isinstance(following[1], Normalisation):
            number, norm = following[0], following[1]
        activation, end = self._activation(number)
        return norm, activation, end

    def _activation(self, number: int) -> tuple[Activate | None, int]:
        """The activation behind an operation, if it is the only one there, and the last of both."""
        following = self.only(number)
        if following is not None and isinstance(following[1], Activate):
            return following[1], following[0]
        return None, number

    def elements(self, start: int) -> tuple[list[Element], int]:
        """What stands on the path behind an operation, up to the head or to a sum of branches.

        Args:
            start: Number of the operation, or `IMAGES`.

        Returns:
            The elements, and the number of the last operation of the path.

        Raises:
            ArchitectureError: There is something else on the path.
        """
        found: list[Element] = []
        end = start
        while True:
            following = self.next(end)
            if all(isinstance(each, AdaptivePooling) for _, each in following):
                return found, end
            if len(following) > 1:
                element, end = self._fork(end)
                found.append(element)
                continue
            number, operation = following[0]
            match operation:
                case Convolution():
                    part, end = self._part(number, operation)
                    found.append(part)
                case Pooling() | ResponseNormalisation():
                    found.append(operation)
                    end = number
                case Activate():
                    raise refusal(
                        operation.where, "an activation that follows no convolution", _ORDER
                    )
                case Normalisation() if len(operation.shape) == 3:
                    raise refusal(
                        operation.where, "a normalisation that follows no convolution", _ORDER
                    )
                case _:
                    return found, end

    def _part(self, number: int, conv: Convolution) -> tuple[Part, int]:
        norm, activation, end = self.closing(number)
        return Part(conv, norm, activation), end

    def _fork(self, start: int) -> tuple[Element, int]:
        """Branches from one map, up to where they meet."""
        following = self.next(start)
        if len(following) == 4:
            return self._joined(start, [number for number, _ in following])
        if len(following) != 2:
            raise refusal(
                following[0][1].where,
                f"{len(following)} layers take one map",
                "blocks have two branches, which are added, or the four of an inception block",
            )
        for number, operation in following:
            if isinstance(operation, Product):
                return self._excitation(start, number, operation)
        return self._residual(start, [number for number, _ in following])

    def _residual(self, start: int, firsts: list[int]) -> tuple[Residual, int]:
        branches: list[list[Element]] = []
        ends: list[int] = []
        for first in firsts:
            operation = self.operations[first]
            if isinstance(operation, Sum):
                branches.append([])
                ends.append(first)
                continue
            found, end = _Branch(self, start, first).elements(start)
            meeting = self.only(end)
            if meeting is None or not isinstance(meeting[1], Sum):
                where = operation.where if meeting is None else meeting[1].where
                raise refusal(where, "branches that are not added", "blocks add their branches")
            branches.append(found)
            ends.append(meeting[0])
        joined = self.operations[ends[0]]
        if ends[0] != ends[1]:
            raise refusal(joined.where, "branches that meet elsewhere", "a block adds two branches")
        activation, end = self._activation(ends[0])
        shortcut, body = sorted(branches, key=len)
        return Residual(joined.where, tuple(body), tuple(shortcut), activation), end

    def _joined(self, start: int, firsts: list[int]) -> tuple[Joined, int]:
        branches: dict[int, list[Element]] = {}
        ends: dict[int, Operation] = {}
        for first in firsts:
            found, end = _Branch(self, start, first).elements(start)
            meeting = self.only(end)
            if meeting is None or not isinstance(meeting[1], Concatenation):
                raise refusal(
                    self.operations[first].where,
                    "one of four branches that are not joined",
                    "the four branches of an inception block are joined by torch.cat",
                )
            branches[end] = found
            ends[meeting[0]] = meeting[1]
        end, joined = ends.popitem()
        if ends or set(joined.sources) != set(branches):
            raise refusal(joined.where, "branches that meet elsewhere", "they are joined at once")
        in_order = tuple(tuple(branches[source]) for source in joined.sources)
        return Joined(joined.where, in_order, joined.shape), end

    def _excitation(self, start: int, end: int, product: Product) -> tuple[Excitation, int]:
        chain: list[Operation] = []
        number = next((each for each, _ in self.next(start) if each != end), end)
        while number != end:
            chain.append(self.operations[number])
            following = self.only(number)
            if following is None or len(chain) > 5:
                break
            number = following[0]
        match chain:
            case [
                AdaptivePooling(bins=1, average=True),
                (Convolution() | FullyConnected()) as reduce,
                Activate() as activation,
                (Convolution() | FullyConnected()) as expand,
                Activate(name="sigmoid"),
            ] if number == end:
                return Excitation(product.where, reduce, activation, expand), end
        raise refusal(
            product.where,
            "a product of maps",
            "squeeze-and-excitation is global average pooling, a layer, an activation, a layer, a "
            "sigmoid",
        )


class _Branch(Flow):
    """One of the paths from a fork."""

    def __init__(self, flow: Flow, start: int, first: int) -> None:
        super().__init__(flow.operations)
        self._start, self._first = start, first

    def next(self, number: int) -> list[tuple[int, Operation]]:
        """As for the flow, but the fork itself has one follower."""
        if number == self._start:
            return [(self._first, self.operations[self._first])]
        return super().next(number)
