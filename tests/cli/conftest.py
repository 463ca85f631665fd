"""The program as a user calls it."""

import sys

import pytest

from nas_tc.cli import main as program


@pytest.fixture
def nas_tc(monkeypatch, capsys, tmp_path):
    """Calls the program; gives its exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["nas-tc", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            program.main()
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return call


@pytest.fixture(autouse=True)
def unsettled(monkeypatch):
    """Commands settle their own process on a core, and some start another one: not here."""
    monkeypatch.setattr("nas_tc.cli.main.supervise", lambda run: run())
    monkeypatch.setattr("nas_tc.training.settle_on_core", lambda *_, **__: None)
    monkeypatch.setattr("nas_tc.training.take_huge_pages", lambda: None)
    monkeypatch.setattr("nas_tc.cli.measured.keep_memory", lambda: None)
