"""The code blocks of README.md and docs/, and the commands in them. Sybil finds the blocks."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from sybil.document import Document
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer

ROOT = Path(__file__).parents[1]
LANGUAGES = {  # and who looks at them
    "bash": "commands, which are run",
    "console": "commands after a $, which are run, and what they print",
    "python": "run",
    "toml": "loaded by what takes them",
    "text": "quoted: usages, whose options must exist, and messages, which the code must have",
}


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    document: str  # docs/budget.md
    line: int  # of its fence
    language: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command of a block, and the lines that stand below it there."""

    where: str  # docs/budget.md:101
    text: str
    output: tuple[str, ...] = ()

    @property
    def words(self):
        return shlex.split(self.text, comments=True)


def documents():
    """Paths from the root: README.md, CONTRIBUTING.md, and all pages."""
    pages = sorted((ROOT / "docs").rglob("*.md"))
    return ["README.md", "CONTRIBUTING.md", *(path.relative_to(ROOT).as_posix() for path in pages)]


def blocks_of(document):
    """The blocks of a document, from the top to the bottom."""
    sybil = Document((ROOT / document).read_text(), str(ROOT / document))
    lexer = FencedCodeBlockLexer(r"\w*", mapping={"language": "language", "source": "source"})
    return [
        Block(
            document,
            sybil.text.count("\n", 0, region.start) + 1,
            region.lexemes["language"],
            str(region.lexemes["source"]),
        )
        for region in sorted(lexer(sybil), key=lambda region: region.start)
    ]


def commands_of(block):
    """The commands of a block; `a && b` are two."""
    found = []
    lines = list(enumerate(block.text.splitlines(), block.line + 1))
    while lines:
        number, line = lines.pop(0)
        if block.language == "console" and not line.startswith("$ "):
            continue
        text = line.removeprefix("$ ")
        while text.endswith("\\"):
            text = text[:-1] + lines.pop(0)[1]
        output = []
        while block.language == "console" and lines and not lines[0][1].startswith("$ "):
            output.append(lines.pop(0)[1].rstrip())
        *before, last = text.split(" && ")
        where = f"{block.document}:{number}"
        found += [Command(where, each.strip()) for each in before]
        if shlex.split(last, comments=True):
            found.append(Command(where, last.strip(), tuple(output)))
    return found
