"""A furnished folder, and the program called in it."""

import shutil
import subprocess
import sys

import pytest

from documented_stand_ins import furnish
from nas_tc.cli import main as program


@pytest.fixture(scope="session")
def furnished(tmp_path_factory):
    """The folder that is copied for each document."""
    folder = tmp_path_factory.mktemp("furnished")
    furnish(folder)
    return folder


@pytest.fixture
def terminal(furnished, tmp_path, monkeypatch, capsys):
    """Runs a command in a folder of its own; gives its exit code and the lines of its output."""
    folder = tmp_path / "folder"
    shutil.copytree(furnished, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("nas_tc.cli.main.supervise", lambda run: run())

    def run(words):
        if words[0] != "nas-tc":
            command = [sys.executable, *words[1:]] if words[0] == "python" else words
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            return ran.returncode, (ran.stdout + ran.stderr).splitlines()
        monkeypatch.setattr(sys, "argv", words)
        monkeypatch.setattr(sys, "stderr", sys.stdout)  # in their order, as on a screen
        with pytest.raises(SystemExit) as ended:
            program.main()
        return ended.value.code or 0, capsys.readouterr().out.splitlines()

    return run
