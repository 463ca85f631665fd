"""Names in Markdown: nothing in those of studies, images and class folders counts as markup."""

import re

_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|!&]")


def plain_text(name: str) -> str:
    """A name without markup, on one line."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(name.split()))


def code_text(name: str) -> str:
    """A name between backticks, on one line."""
    return " ".join(name.replace("`", "'").split())
