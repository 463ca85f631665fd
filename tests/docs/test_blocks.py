"""Each block of README.md and docs/ is run, as far as it can be, and prints what it shows."""

import os
import re
import shutil
from pathlib import Path

import pytest
import typer

from documented import LANGUAGES, blocks_of, commands_of, documents
from documented_stand_ins import BEFORE, furnish_for, reason_not_to_run, with_less
from messages_of_the_code import is_heading, is_message
from nas_tc.cli.main import app
from shown_output import first_difference, unknown_shapes

# Commands whose output is compared line by line.
EXACT = ("budget", "cost", "draw", "fit", "import", "replace", "space", "zoo")
# The commands that load the TOML blocks of a page; a recipe is read before the images are missed.
TOML = {
    "docs/experiments.md": "experiment block.toml --check",
    "docs/spaces.md": "space block.toml --check",
    "docs/training.md": "search --budget 1M --recipe block.toml --data npz:none.npz",
}
SEARCH_OUTPUT = (
    "NAS_TC_SEARCH_OUTPUT"  # a file with what .ci/run's search of the README has printed
)
PROGRAM = typer.main.get_command(app)
BLOCKS = {document: blocks_of(document) for document in documents()}


def commands_to_run(block):
    """The commands of a block, if it has any, that are run."""
    found = commands_of(block) if block.language in ("bash", "console") else []
    return [command for command in found if reason_not_to_run(command.text) is None]


def commands(document):
    return [command for block in BLOCKS[document] for command in commands_to_run(block)]


def is_refused(command):
    return any(line.startswith("nas-tc: ") for line in command.output)


def is_exact(command):
    """Whether a command takes no time, and prints the same everywhere."""
    return is_refused(command) or (command.words[0] == "nas-tc" and command.words[1] in EXACT)


def with_any(which):
    return [name for name in BLOCKS if any(which(command) for command in commands(name))]


def with_text(language, start):
    return [
        name
        for name, blocks in BLOCKS.items()
        if any(block.language == language and block.text.startswith(start) for block in blocks)
    ]


@pytest.mark.parametrize("document", BLOCKS)
def test_each_block_has_a_language_that_is_looked_at(document):
    assert [b.line for b in BLOCKS[document] if b.language not in LANGUAGES] == []


@pytest.mark.parametrize("document", with_any(lambda command: command.words[0] == "nas-tc"))
def test_commands_and_options_exist(document):
    for command in commands(document):
        if command.words[0] == "nas-tc" and not command.words[1].startswith("-"):
            found = PROGRAM.commands[command.words[1]]
            names = {name for each in found.params for name in each.opts}
            if not hasattr(found, "commands") and not is_refused(command):
                given = {word.split("=")[0] for word in command.words if word.startswith("--")}
                assert given <= names | {"--help"}, command.where


@pytest.mark.parametrize(
    "document",
    [name for name in with_any(is_exact) if "guides" not in name],  # they are one walk each
)
def test_commands_print_what_is_shown_to_the_letter(document, terminal, tmp_path):
    furnish_for(document, tmp_path / "folder")
    for command in filter(is_exact, commands(document)):
        words = command.words if is_refused(command) else with_less(command.words)
        compare(command, *terminal(words))


@pytest.mark.parametrize("document", with_text("text", "nas-tc "))
def test_usages_name_options_that_exist(document):
    for block in BLOCKS[document]:
        name, known = "", set()
        for line in block.text.splitlines() if block.language == "text" else ():
            if found := re.match(r"nas-tc (\w+)", line):
                name = found[1]
                known = {o for each in PROGRAM.commands[name].params for o in each.opts}
            if name:
                assert set(re.findall(r"--[\w-]+", line)) <= known, (document, block.line, line)


@pytest.mark.parametrize("document", TOML)
def test_toml_files_are_what_their_page_says(document, terminal, study, tmp_path):
    (block,) = (block for block in BLOCKS[document] if block.language == "toml")
    text = re.sub(r"(?=study = )", 'unequal_because = "it stands in"\n', block.text)
    (tmp_path / "folder" / "block.toml").write_text(text)
    for path in re.findall(r'study = "(.*)"', block.text):
        (tmp_path / "folder" / path).parent.mkdir(parents=True)
        shutil.copy(study.path, tmp_path / "folder" / path)
    code, printed = terminal(["nas-tc", *TOML[document].split()])
    assert code == 0 or printed[-1].startswith("nas-tc: no file 'none.npz'"), printed


def test_each_toml_block_is_looked_at():
    found = [name for name, blocks in BLOCKS.items() if any(b.language == "toml" for b in blocks)]
    assert sorted(found) == sorted(TOML)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("document", with_any(lambda command: not is_exact(command)))
def test_a_page_can_be_walked_from_its_top(document, terminal, cluster, tmp_path):
    """All commands of a page, one after the other, in one folder."""
    furnish_for(document, tmp_path / "folder")
    if document in BEFORE:
        assert terminal(with_less(BEFORE[document].split()))[0] == 0
    printed = {}  # a command that a page shows twice is run once
    for block in BLOCKS[document]:
        if block.language == "python" and "guides" in document:
            (tmp_path / "folder" / "block.py").write_text(block.text)
            code, lines = terminal(["python", "block.py"])
            assert code == 0, "\n".join([f"{document}:{block.line}", *lines])
        for command in commands_to_run(block):
            if command.text not in printed:
                is_as_shown = is_refused(command) or "guides" in document  # guides are short
                words = command.words if is_as_shown else with_less(command.words)
                printed[command.text] = terminal(words)
            compare(command, *printed[command.text])


@pytest.mark.skipif(SEARCH_OUTPUT not in os.environ, reason=".ci/run gives the output of a search")
def test_the_readme_shows_what_its_search_prints():
    (command,) = (
        command
        for command in commands("README.md")
        if command.output and command.text == 'nas-tc search --budget "alexnet*0.6"'
    )
    compare(command, 0, Path(os.environ[SEARCH_OUTPUT]).read_text().splitlines())


def compare(command, code, printed):
    """Compares the output of a command: exact ones by line, others by shape."""
    expected = 2 if is_refused(command) else 0
    assert code == expected, (command.where, command.text, printed)
    if is_exact(command):
        if command.output:
            assert first_difference(command.output, printed) is None, (command.where, printed)
    else:
        # What a long search says and a short one does not must be a message of the code.
        missing = [
            line
            for line in unknown_shapes(command.output, printed)
            if not (is_message(line) or is_heading(line))
        ]
        assert missing == [], "\n".join([command.where, *printed])
