"""Each message that a page quotes without a command is one that the code has."""

import ast
import re

import pytest

from documented import ROOT, blocks_of, documents

LEAST = 12  # characters of a template that say which message it is


def pattern_of(node):
    """What a string of the code can become, as a pattern, and its own characters."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [each.value if isinstance(each, ast.Constant) else None for each in parts]
    pattern = "".join(".*?" if text is None else re.escape(text) for text in texts)
    return pattern, sum(len(text.strip()) for text in texts if text)


@pytest.fixture(scope="session")
def templates():
    """Patterns of all strings in the code that are long enough to know a message by."""
    found = []
    for path in (ROOT / "nas_tc").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text or isinstance(node, ast.JoinedStr):
                pattern, own = pattern_of(node)
                if own >= LEAST and "\n" not in pattern:
                    found.append((re.compile(pattern), own))
    return found


def quoted(document):
    return [
        line
        for block in blocks_of(document)
        if block.language == "text"
        for line in block.text.splitlines()
        if line.startswith("nas-tc: ")
    ]


def is_of_the_code(message, templates):
    """Whether the message is made of strings of the code, but for names and numbers.

    The longest template that it has is taken away, then the longest of what is left, and so on.
    At least one must be there, and what is left may hold no run of four words.
    """
    left, known = message, False
    for pattern, _ in sorted(templates, key=lambda each: -each[1]):
        if found := pattern.search(left):
            left, known = left[: found.start()] + "\0" + left[found.end() :], True
    return known and not re.search(r"(?:\b[a-z]{2,}\b[ ,;:]+){4}", left)


@pytest.mark.parametrize("document", [name for name in documents() if quoted(name)])
def test_quoted_messages_are_those_of_the_code(document, templates):
    strange = [line for line in quoted(document) if not is_of_the_code(line[8:], templates)]
    assert strange == []


def test_a_message_that_was_never_there_is_strange(templates):
    assert not is_of_the_code("the moon is made of green cheese; eat it", templates)
    assert not is_of_the_code("cannot write the study: it is on the far side of town", templates)
