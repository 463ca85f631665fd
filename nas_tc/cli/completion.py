"""What a shell completes: names of spaces, networks, experiments and studies, and fixed choices.

Only what is known within milliseconds. Where nothing fits, a shell offers files.
"""

from collections.abc import Callable
from importlib import resources
from pathlib import Path

from nas_tc._shipped import shipped_names

_LOCAL = Path("results") / "local"

Complete = Callable[[str], list[str]]


def one_of(*choices: str) -> Complete:
    """Completes fixed choices: `typer.Option(autocompletion=one_of("cpu", "cuda"))`."""

    def complete(incomplete: str) -> list[str]:
        return [each for each in choices if each.startswith(incomplete)]

    return complete


def spaces(incomplete: str) -> list[str]:
    """Completes the names of shipped spaces."""
    return one_of(*shipped_names(resources.files("nas_tc.search_spaces")))(incomplete)


def experiments(incomplete: str) -> list[str]:
    """Completes the names of shipped experiments."""
    folder = resources.files("nas_tc") / "experiment" / "shipped"  # nas_tc.experiment loads slowly
    return one_of(*shipped_names(folder))(incomplete)


def networks(incomplete: str) -> list[str]:
    """Completes the names of the zoo's networks, but J' and its like, which shells want quoted."""
    from nas_tc.zoo import ZOO  # noqa: PLC0415

    return one_of(*(name for name in ZOO if "'" not in name))(incomplete)


def studies(incomplete: str) -> list[str]:
    """Completes the paths of the study files in results/local/."""
    return one_of(*sorted(map(str, _LOCAL.glob("**/*.db"))))(incomplete)


def networks_or_studies(incomplete: str) -> list[str]:
    """Completes the names of the zoo's networks and the paths of study files."""
    return networks(incomplete) + studies(incomplete)
