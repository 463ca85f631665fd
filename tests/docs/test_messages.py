"""Each message that a page quotes without a command is one that the code has."""

import pytest

from documented import blocks_of, documents
from messages_of_the_code import is_heading, is_message


def quoted(document):
    return [
        line
        for block in blocks_of(document)
        if block.language == "text"
        for line in block.text.splitlines()
        if line.startswith("nas-tc: ")
    ]


@pytest.mark.parametrize("document", [name for name in documents() if quoted(name)])
def test_quoted_messages_are_those_of_the_code(document):
    assert [
        line for line in quoted(document) if not is_message(line.removeprefix("nas-tc: "))
    ] == []


def test_a_message_that_was_never_there_is_strange():
    assert not is_message("the moon is made of green cheese; eat it")
    assert not is_message("cannot write the study: it is on the far side of town")
    assert is_heading(" trial   val. error   network ")
    assert not is_heading(" trial   wobble   network ")
