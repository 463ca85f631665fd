"""A torch module from a user's file: `path/to/file.py:factory`."""

import ast
import inspect
import re
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nas_tc.errors import NotationError, unknown
from nas_tc.reading.users_code import users_code
from nas_tc.reading.users_file import importing, run_file

if TYPE_CHECKING:
    from torch import nn

_NO_FILE = "no such file: {!r}; write path/to/file.py:name"
_FACTORY = re.compile(r"(.+\.py):([^\W\d]\w*)")


def is_factory(text: str) -> bool:
    """Whether `text` is written as a file and a name in it."""
    return _FACTORY.fullmatch(text) is not None


def check_factory(text: str) -> None:
    """Refuses what is not written as a file and a name in it.

    Args:
        text: What a user gave.

    Raises:
        NotationError: It is something else.
    """
    if is_factory(text):
        return
    if text.rstrip(":").endswith(".py"):
        raise NotationError(_without_name(Path(text.rstrip(":"))))
    raise NotationError(
        f"not a factory: {text!r}; write path/to/file.py:name, where name makes the module"
    )


def load_module(text: str) -> "nn.Module":
    """The module that the factory in `text` returns; its file is run.

    Args:
        text: Path of a Python file, a colon, and the name of a factory in it.

    Raises:
        NotationError: a file or a factory that is not there, fails, or makes no torch module.
    """
    from torch import nn  # noqa: PLC0415

    check_factory(text)
    match = _FACTORY.fullmatch(text)
    assert match is not None
    path, name = Path(match[1]), match[2]
    if not path.is_file():
        raise NotationError(_NO_FILE.format(str(path)))
    with users_code(), importing(path):
        found = vars(_result(text, lambda: run_file(path)))
        if name not in found:
            raise unknown("factory", name, _factories(found), within=text)
        module = found[name]
        if callable(module) and not isinstance(module, nn.Module):
            _check_arguments(module, text, name)
            module = _result(text, module)
    if not isinstance(module, nn.Module):
        kind = type(module).__name__
        raise NotationError(f"{text} gives a value of type {kind}, not a torch.nn.Module")
    return module


def _result(text: str, call: Callable[[], Any]) -> Any:
    """What a call of the user's code gives; its errors are the user's, on one line."""
    try:
        return call()
    except KeyboardInterrupt:
        raise
    except SystemExit as error:
        raise NotationError(
            f"{text} fails: SystemExit: {error}; a file that makes a module must not end the "
            'program: put such lines behind if __name__ == "__main__":'
        ) from None
    except BaseException as error:  # noqa: BLE001 - whatever others' code raises
        advice = ""
        if isinstance(error, ModuleNotFoundError) and error.name:
            package = error.name.partition(".")[0]
            advice = f"; install {package} beside nas-tc, or call nas-tc in the folder that has it"
        raise NotationError(
            f"{text} fails: {type(error).__name__}: {error}{_line(error, text)}{advice}"
        ) from None


def _line(error: BaseException, text: str) -> str:
    """The line of the user's file that an error came from: " (line 7)"."""
    path = str(Path(text.rpartition(":")[0]).absolute())
    lines = [
        number
        for frame, number in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename == path
    ]
    return f" (line {lines[-1]})" if lines else ""


def _factories(found: Mapping[str, Any]) -> list[str]:
    """Names in a file that may make a module: what it defines itself, and modules."""
    from torch import nn  # noqa: PLC0415

    def is_own(value: Any) -> bool:
        if isinstance(value, nn.Module):
            return True
        home = str(getattr(value, "__module__", ""))
        is_class = isinstance(value, type) and issubclass(value, nn.Module)
        return callable(value) and (
            home == found["__name__"] or (is_class and not home.startswith("torch."))
        )

    names = [name for name in found if not name.startswith("_")]
    return [name for name in names if is_own(found[name])] or names


def _check_arguments(made: Any, text: str, name: str) -> None:
    """Refuses a class or function that cannot be called without arguments."""
    try:
        parameters = inspect.signature(made).parameters.values()
    except (TypeError, ValueError):  # of functions that are not Python's
        return
    needed = [
        each.name
        for each in parameters
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    if needed:
        raise NotationError(
            f"{text} needs arguments ({', '.join(needed)}); add a function to the file that gives "
            f"them, as in def make(): return {name}(...), and name that"
        )


def _without_name(path: Path) -> str:
    """The message that a file is given without a name in it, and which it has."""
    try:
        tree = ast.parse(path.read_bytes(), path.name)
    except OSError:
        return _NO_FILE.format(str(path))
    except (SyntaxError, ValueError) as error:
        return f"{path} is no Python file: {error}"
    names: list[str] = []
    for each in tree.body:
        if isinstance(each, ast.ClassDef | ast.FunctionDef):
            names.append(each.name)
        elif isinstance(each, ast.Assign) and isinstance(each.value, ast.Call):
            names += [target.id for target in each.targets if isinstance(target, ast.Name)]
    public = [name for name in names if not name.startswith("_")]
    if not public:
        return f"{path} has no class, function or module that could be the network"
    return (
        f"{path} is a file: say what in it makes the module, as in {path}:{public[-1]}; it has "
        f"{', '.join(public)}"
    )
