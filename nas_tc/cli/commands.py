"""The commands of `nas-tc`; the module of each is imported when the command is called."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

# By name: the function as module:name in this package, and what it does, the first paragraph of its
# docstring. Here it is known without the import, which takes .1 s for all commands together.
COMMANDS = {
    "search": (
        "search:search",
        "Find the most accurate networks within a budget, or better ones than yours. It resumes.",
    ),
    "train": (
        "train:train",
        "Train a network by its full schedule and test it. Run it again to go on after a stop.",
    ),
    "experiment": (
        "experiment:experiment",
        "Train networks of equal cost with several seeds, and judge the paper's claims.",
    ),
    "report": (
        "report:report",
        "Pareto front of a study: a table here, and a page, tables and pictures as files.",
    ),
    "studies": (
        "studies:studies",
        "Studies of a folder or a PostgreSQL server: space, images, budget, trials, front.",
    ),
    "show": ("show:show", "Show a study, or one of its trials, without writing anything."),
    "compare": (
        "compare:compare",
        "Compare two studies: fronts, hypervolume, settings that differ.",
    ),
    "dashboard": (
        "dashboard:dashboard",
        "Show a study in optuna-dashboard, in a browser on this machine. Ctrl-C ends it.",
    ),
    "export": (
        "export:export",
        "Hand a network over: source, weights, ONNX and more, each run again and compared.",
    ),
    "cost": (
        "cost:cost",
        "Cost of a network by formula: complexity (Eqn. 1), MACs, parameters, memory.",
    ),
    "fit": (
        "fit:fit",
        "Cut a known network to a budget by its own scaling rule: as large as fits.",
    ),
    "import": (
        "import_module:import_module",
        "Read your torch module into a network, and prove that both compute the same.",
    ),
    "replace": (
        "replace:replace",
        "List the networks that replace a few layers by others at about the same complexity.",
    ),
    "draw": (
        "draw:draw",
        "Draw a network: boxes to scale by map and width, the share of the cost as colour.",
    ),
    "zoo": ("zoo:zoo", "Networks with a name: costs, published errors, sources."),
    "space": ("space:space", "Genes of a search space, and how many networks there are."),
    "data": (
        "data:data",
        "What a data set holds: classes, duplicates, what is broken or left out; a contact sheet.",
    ),
    "budget": (
        "budget:budget",
        "Explain a budget: its numbers, the space's range, what fits, which limit binds.",
    ),
    "time": (
        "time:time",
        "Time of a network: one thread, with an interval and what it was measured on.",
    ),
    "calibrate": (
        "calibrate:calibrate",
        "Make a table of layer times for this device. Stop it any time; run it again to go on.",
    ),
    "study": ("study:app", "A study file: save what is whole in a damaged one."),
}


class Commands(TyperGroup):
    """The group of all commands, which `--help` and completion list without importing them."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes | {"commands": _Loading()})
        self._is_listing = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """The names of the commands."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command with its options; while commands are listed its name and help alone."""
        if self._is_listing and cmd_name in COMMANDS:
            return TyperCommand(cmd_name, help=COMMANDS[cmd_name][1])
        return super().get_command(ctx, cmd_name)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Writes the help, with all commands."""
        with self._listing():
            super().format_help(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """The names of commands and options that begin with `incomplete`."""
        with self._listing():
            return super().shell_complete(ctx, incomplete)

    @contextmanager
    def _listing(self) -> Iterator[None]:
        self._is_listing = True
        yield
        self._is_listing = False


class _Loading(Mapping[str, Any]):
    """The commands by name; each is imported when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        return load_command(name)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def load_command(name: str) -> Any:
    """Imports a command; it has its options then.

    Args:
        name: One of `COMMANDS`.
    """
    place, _, function = COMMANDS[name][0].partition(":")
    part = getattr(import_module(f"nas_tc.cli.{place}"), function)
    if not isinstance(part, typer.Typer):
        command = part
        part = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        part.command(name)(command)
    loaded = get_command(part)
    loaded.name = name
    return loaded
