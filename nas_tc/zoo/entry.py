"""A network with a name and a source."""

from dataclasses import dataclass

from nas_tc.architecture import Architecture


@dataclass(frozen=True, slots=True)
class Entry:
    """A published network: its architecture, its source and its reported errors."""

    name: str
    architecture: Architecture
    source: str  # paper and table
    top1_error: float | None = None  # published, 0 to 1, as its source tested it
    top5_error: float | None = None
