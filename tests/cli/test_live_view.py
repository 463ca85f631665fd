"""The live view on a terminal: what stays on it in the end, whatever happens meanwhile."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "live_program.py"
NOTES = [f"note {number}" for number in range(12)]


def size(descriptor, columns, lines):
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def run_on_terminal(*arguments, sizes=(), send=None, stdout=None, **environment):
    """Runs the program on a terminal.

    Args:
        arguments: Of the program.
        sizes: Columns and lines that the terminal takes after each note, from the second on.
        send: Signal that it gets after the fourth note.
        stdout: Where its standard output goes instead.
        environment: Further variables.

    Returns:
        Exit code, and what the terminal got.
    """
    master, slave = pty.openpty()
    size(master, 100, 30)
    program = subprocess.Popen(
        [sys.executable, PROGRAM, *arguments],
        stdin=slave, stdout=stdout or slave, stderr=slave, start_new_session=True,
        env={**os.environ, "TERM": "xterm-256color", **environment},
    )  # fmt: skip
    os.close(slave)
    got, sizes = b"", list(sizes)
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # Linux: the other end is closed
            break
        got += part
        if sizes and b"note 1" in got:
            size(master, *sizes.pop(0))
        if send is not None and b"note 3" in got:
            os.kill(program.pid, send)
            send = None
    os.close(master)
    return program.wait(), got.decode()


def text_of(got):
    """What is printed, without the commands to the terminal."""
    return re.sub(r"[\r\n]+", "\n", re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", got))


def leaves_cursor(got):
    return got.rfind("\x1b[?25h") >= got.rfind("\x1b[?25l")


@pytest.mark.parametrize(
    "sizes", [(), [(40, 8), (20, 3), (1, 1), (200, 60), (80, 24)]], ids=["steady", "resized"]
)
def test_all_lines_stay_and_the_panel_goes(sizes):
    code, got = run_on_terminal(sizes=sizes)
    assert code == 0
    assert leaves_cursor(got)
    lines = text_of(got).splitlines()
    assert "working, 0 s" in text_of(got)
    assert lines[-1] == "the end"
    if not sizes:
        assert [line for line in lines if line.startswith("note")] == NOTES
    # The panel's last line is erased before the line that follows it.
    assert got.rstrip().endswith("the end")
    assert "\x1b[2K" in got.split("note 11")[-1]


def test_ctrl_c_leaves_the_terminal_as_it_was():
    code, got = run_on_terminal("--wait", send=signal.SIGINT)
    assert code != 0
    assert leaves_cursor(got)
    assert "note 11" not in got


@pytest.mark.parametrize(
    "environment", [{"TERM": "dumb"}, {"TERM": "unknown"}], ids=lambda each: each["TERM"]
)
def test_a_terminal_without_commands_gets_lines(environment):
    code, got = run_on_terminal(**environment)
    assert (code, got.replace("\r", "").splitlines()) == (0, [*NOTES, "the end"])


def test_without_colours_none_are_sent():
    _, got = run_on_terminal(NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9][0-9;]*m", got)


def test_an_ascii_terminal_gets_ascii():
    code, got = run_on_terminal(PYTHONIOENCODING="ascii")
    assert (code, got.isascii()) == (0, True)


def test_with_json_the_view_is_on_standard_error(tmp_path):
    with (tmp_path / "out").open("w") as out:
        code, got = run_on_terminal("--json", stdout=out)
    assert code == 0
    assert "working, 0 s" in text_of(got)
    assert (tmp_path / "out").read_text() == "the end\n"
