"""The Python blocks of README.md and docs/ run, and give the numbers that stand behind them."""

import ast
import re
import sys

import pytest
from sybil.document import Document
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser

from documented import ROOT, blocks_of, documents
from documented_stand_ins import LESS_PYTHON, names_for

# Pages whose blocks build or train networks.
LONG = ("README.md", "docs/deploy.md", "docs/quickstart.md", "docs/timing.md")
PAGES = [
    name
    for name in documents()
    if any(block.language == "python" for block in blocks_of(name))
    if "guides" not in name  # walked from the top to the bottom in test_blocks
]
NUMBER = re.compile(r"^(?P<expression>[^\s#][^#\n]*?)  # (?P<value>\d[\d,_]*)\b", re.MULTILINE)


@pytest.mark.parametrize("page", [name for name in PAGES if name not in LONG])
def test_python_blocks_run(page, terminal):
    run_blocks(page)


@pytest.mark.slow
@pytest.mark.parametrize("page", [name for name in PAGES if name in LONG])
def test_long_python_blocks_run(page, terminal, cluster, monkeypatch):
    run_blocks(page)


def run_blocks(page):
    """Runs the blocks of a page in their order, in one namespace."""
    evaluate = PythonEvaluator()

    def with_less(example):
        for text, instead in LESS_PYTHON.items():
            example.parsed = type(example.parsed)(
                example.parsed.replace(text, instead), example.parsed.offset,
                example.parsed.line_offset,
            )  # fmt: skip
        evaluate(example)
        for found in NUMBER.finditer(str(example.parsed)):
            tree = ast.parse(found["expression"], mode="eval")
            value = eval(compile(tree, page, "eval"), example.namespace)
            assert value == int(re.sub("[,_]", "", found["value"])), (page, found[0])

    document = Document.parse(str(ROOT / page), CodeBlockParser("python", with_less))
    document.namespace.update(names_for(page), __name__="__main__")
    for example in document.examples():
        example.evaluate()
    sys.stdout.flush()
