"""Runs a user's Python file as Python itself would run it."""

import ast
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

_users_packages: set[str] = set()  # packages of users' files that were imported


def run_file(path: Path) -> ModuleType:
    """The Python module of a file; to be called within `importing`.

    The module is in `sys.modules`, since dataclasses and pickles look for it there. A file with
    relative imports is a part of its package.

    Args:
        path: Python file.

    Raises:
        BaseException: whatever the file raises.
    """
    path = path.absolute()
    folder, name = _place(path)
    package = name.rpartition(".")[0]
    if package:
        _make_room(package.partition(".")[0], folder)
        importlib.import_module(package)
        present = sys.modules.get(name)
        if present is not None and _is_of(present, path):
            return present  # the package itself imports it
    while name in sys.modules and not _is_of(sys.modules[name], path):
        name += "_"  # a file json.py must not take the place of Python's own module
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    try:
        spec.loader.exec_module(loaded)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return loaded


def _make_room(package: str, folder: Path) -> None:
    """Lets a package be imported from a folder, also if another of its name was imported before.

    Raises:
        ImportError: The other one is in use by this program.
    """
    other = sys.modules.get(package)
    if package in _users_packages:  # its modules may be of another folder
        for name in [each for each in sys.modules if f"{each}.".startswith(f"{package}.")]:
            del sys.modules[name]
    elif other is not None and folder / package not in map(Path, getattr(other, "__path__", ())):
        raise ImportError(
            f"its relative imports need the folder {package}, whose name another module has; "
            "rename the folder"
        )
    _users_packages.add(package)


@contextmanager
def importing(path: Path) -> Iterator[None]:
    """Lets a file import what it can when Python runs it, and hides our arguments from it.

    That is what lies in its own folder, above its package, and in the current folder. These folders
    stay at the end of `sys.path`, because a module may import something when it runs.

    Args:
        path: Python file.
    """
    path = path.absolute()
    folders = list(dict.fromkeys(map(str, (path.parent, _place(path)[0], Path.cwd()))))
    arguments = sys.argv
    sys.path[:0] = folders
    sys.argv = [str(path)]
    try:
        yield
    finally:
        sys.argv = arguments
        for each in folders:
            if each in sys.path:
                sys.path.remove(each)
        sys.path += [each for each in folders if each not in sys.path]


def _place(path: Path) -> tuple[Path, str]:
    """The folder from which a file is imported, and its name there.

    Folders with an `__init__.py` are packages, and so are those that relative imports go up to. The
    name is dotted only where relative imports need it: else the packages need not run, which may
    import what is not installed.
    """
    levels = _relative_levels(path)
    folder, names = path.parent, [path.stem]
    while len(names) <= levels or (folder / "__init__.py").is_file():
        if not folder.name or "." in folder.name:
            break
        names.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(names) if levels else path.stem


def _relative_levels(path: Path) -> int:
    """How many folders the relative imports of a file go up: 1 for `from .layers import block`."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return 0  # running the file says what is wrong
    return max(
        (each.level for each in ast.walk(tree) if isinstance(each, ast.ImportFrom)), default=0
    )


def _is_of(module: ModuleType, path: Path) -> bool:
    """Whether a module was made of a file."""
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).absolute() == path
