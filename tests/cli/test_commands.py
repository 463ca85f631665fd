"""The list of commands, which is known without importing them, and what a shell completes."""

import sys

import pytest

from nas_tc.cli.commands import COMMANDS, load_command
from nas_tc.cli.completion import studies

WRITES_ALONE = {"draw", "dashboard"}  # they report nothing but the file or the address


@pytest.fixture
def completions(nas_tc, monkeypatch):
    """Gives what bash is offered for the last word of a command line."""

    def complete(line):
        monkeypatch.setenv("_NAS_TC_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
        code, out, err = nas_tc()
        assert (code, err) == (0, "")
        return out.split()

    return complete


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name):
    command = load_command(name)
    assert command.name == name
    assert COMMANDS[name][1] == " ".join(command.help.partition("\n\n")[0].split())


def commands_and_subcommands():
    for name in COMMANDS:
        command = load_command(name)
        yield from getattr(command, "commands", {name: command}).items()


@pytest.mark.parametrize(("name", "command"), [*commands_and_subcommands()])
def test_every_command_that_reports_has_json(name, command):
    options = {option for each in command.params for option in each.opts}
    assert ("--json" in options) == (name not in WRITES_ALONE)


def test_help_lists_all_commands_and_imports_none(nas_tc, monkeypatch):
    for place, _ in COMMANDS.values():
        monkeypatch.delitem(sys.modules, f"nas_tc.cli.{place.partition(':')[0]}", raising=False)
    before = set(sys.modules)
    code, out, _ = nas_tc("--help")
    assert code == 0
    assert all(f"\u2502 {name} " in out for name in COMMANDS)
    assert not {name for name in set(sys.modules) - before if name.startswith("nas_tc.cli")}


def test_a_command_without_its_own_prints_help_alone(nas_tc):
    for arguments in ([], ["study"]):
        code, out, err = nas_tc(*arguments)
        assert (code, err) == (2, "")
        assert "Usage: nas-tc" in out


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("nas-tc se", ["search"]),
        ("nas-tc search --hou", ["--hours"]),
        ("nas-tc search --space plain", ["plain-32"]),
        ("nas-tc space mob", ["mobile-224", "mobile-32"]),
        ("nas-tc cost resnet1", ["resnet18", "resnet101", "resnet152"]),
        ("nas-tc cost J", ["J"]),  # and not J', which would open a quotation
        ("nas-tc experiment n", ["nin"]),
        ("nas-tc search --metric to", ["top5_error"]),
        ("nas-tc time J --device c", ["cpu", "cuda"]),
        ("nas-tc study ", ["rescue"]),
        ("nas-tc report ", ["results/local/a.db", "results/local/deep/b.db"]),
        ("nas-tc study rescue results/local/d", ["results/local/deep/b.db"]),
        ("nas-tc train results", ["results/local/a.db", "results/local/deep/b.db"]),
        ("nas-tc report elsewhere/", []),  # a shell then offers files
    ],
)
def test_a_shell_completes(completions, tmp_path, line, offered):
    for name in ("a.db", "deep/b.db", "deep/notes.txt"):
        path = tmp_path / "results" / "local" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert completions(line) == offered


def test_no_folder_of_studies_completes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert studies("") == []


def test_a_completion_that_cannot_be_installed_is_one_line(nas_tc, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))
    code, _, err = nas_tc("--install-completion")
    assert code == 2
    assert err.startswith("nas-tc: cannot install the completion; --show-completion prints it: ")
    assert err.count("\n") == 1
