"""The front on screens of all widths."""

from dataclasses import replace

import pytest

from nas_tc.cli.console import Screen
from nas_tc.cli.front_table import print_front
from nas_tc.study import TrialRecord

LONG = "(3,16)/2+(3,16)x4 | 2/2 | (3,64)/2+(3,64)x12 | 3/2 | (2,16)/2+(2,48)"  # 68 characters


class Terminal(Screen):
    """A terminal of so many characters."""

    def __init__(self, width):
        super().__init__()
        self._force_terminal = True
        self.width = width


@pytest.fixture
def lines(study, capsys, monkeypatch):
    """The lines in which a screen shows the front and a baseline."""
    monkeypatch.setattr(TrialRecord, "network", LONG)
    baseline = replace(study.trial(2), baseline="vgg")
    record = replace(study, trials=(*study.trials[:2], baseline))

    def printed(screen):
        print_front(screen, record, record.front, (baseline,), ())
        return [line.strip() for line in capsys.readouterr().out.splitlines() if line.strip()]

    return printed


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_narrow_screen_has_the_network_on_a_line_of_its_own(lines, width):
    head, _, *rows = lines(Terminal(width))
    assert all(len(line) <= width for line in (head, *rows))
    assert head.split()[:3] == ["trial", "val.", "error"]
    assert "multiply-adds" in head
    if width < 68:
        assert rows.pop() == f"for {width} characters left out: parameters; pareto.csv has them"
    else:
        assert "parameters" in head
        assert len(rows) == 6  # two lines a network
        assert rows[1] == LONG
        assert rows[5] == f"vgg: {LONG}"
    assert rows[0].split()[:3] == ["0", "20.00", "%"]


def test_a_wide_screen_has_a_line_a_network(lines):
    head, _, *rows = lines(Terminal(160))
    assert head.split()[-2:] == ["baseline", "network"]
    assert len(rows) == 3
    assert all(line.endswith(LONG) for line in rows)


def test_a_file_has_a_line_a_network_however_long(lines, monkeypatch):
    monkeypatch.setattr(TrialRecord, "network", LONG * 4)
    _, _, *rows = lines(Screen())
    assert len(rows) == 3
    assert rows[2].endswith(LONG * 4)
