"""A torch module from a user's file: `path/to/file.py:factory`."""

import ast
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from nas_tc.errors import NotationError, unknown
from nas_tc.reading.users_code import users_code

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
    with users_code():
        found = vars(_run(path, text))
        made = found.get(name)
        if made is None:
            own = [key for key, value in found.items() if callable(value)]
            raise unknown("factory", name, own, within=text)
        try:
            module = made if isinstance(made, nn.Module) else made()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever others' code raises
            raise NotationError(f"{text} fails: {type(error).__name__}: {error}") from None
    if not isinstance(module, nn.Module):
        kind = type(module).__name__
        raise NotationError(f"{text} gives a value of type {kind}, not a torch.nn.Module")
    return module


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


def _run(path: Path, text: str) -> ModuleType:
    """The Python module of a file, which is run with its own folder on the path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(loaded)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001
        raise NotationError(f"{text} fails: {type(error).__name__}: {error}") from None
    finally:
        sys.path.remove(str(path.parent))
    return loaded
