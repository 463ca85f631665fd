"""The messages that the code can print, as patterns of its strings."""

import ast
import re
from functools import cache

from documented import ROOT

LEAST = 12  # characters of a string that say which message it is of


def _pattern(node):
    """What a string of the code can become, as a pattern, and the length of its own text."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [each.value if isinstance(each, ast.Constant) else None for each in parts]
    pattern = "".join(".*?" if text is None else re.escape(text) for text in texts)
    return pattern, sum(len(text.strip()) for text in texts if text)


@cache
def _strings():
    """The texts of the code, and patterns of those that are long enough to know a message by."""
    texts, patterns = set(), {}
    for path in (ROOT / "nas_tc").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
            if is_text:
                texts.add(node.value)
            if is_text or isinstance(node, ast.JoinedStr):
                pattern, own = _pattern(node)
                if own >= LEAST and "\n" not in pattern:
                    patterns[pattern] = own
    longest_first = sorted(patterns, key=lambda each: -patterns[each])
    return texts, [re.compile(each) for each in longest_first]


def is_message(line):
    """Whether a line is made of messages of the code, but for names and numbers.

    The longest that it has is taken away, then the longest of what is left, and so on. One must
    be there at least, and what is left may hold no run of four words.
    """
    left, known = line, False
    for pattern in _strings()[1]:
        if found := pattern.search(left):
            left, known = left[: found.start()] + "\0" + left[found.end() :], True
    return known and not re.search(r"(?:\b[a-z]{2,}\b[ ,;:]+){4}", left)


def is_heading(line):
    """Whether a line is made of headings of the code's tables."""
    cells = re.split(r"\s{2,}", re.sub(r"(?:val\.|test) error", "error", line.strip()))
    return len(cells) > 2 and all(cell in _strings()[0] for cell in cells)
