"""A notebook as a page: its text, its code, and the outputs that it keeps."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def notebook_page(path: Path) -> str:
    """The Markdown of a notebook."""
    cells = json.loads(path.read_text())["cells"]
    return "\n\n".join(part for cell in cells for part in _cell(cell)) + "\n"


def _cell(cell: dict[str, Any]) -> Iterator[str]:
    text = "".join(cell["source"])
    yield text if cell["cell_type"] == "markdown" else f"````python\n{text}\n````"
    for output in cell.get("outputs", []):
        yield _output(output.get("data") or {"text/plain": output.get("text", "")})


def _output(data: dict[str, Any]) -> str:
    """The richest form of an output; HTML without blank lines, where Markdown would go on."""
    if "image/png" in data:
        return f'<img alt="output" src="data:image/png;base64,{data["image/png"].strip()}">'
    for kind in ("image/svg+xml", "text/html"):
        if kind in data:
            inside = re.sub(r"\n\s*\n", "\n", "".join(data[kind]))
            inside = re.sub(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<style.*?</style>", "", inside, flags=re.S)
            return f'<div class="output">\n{inside.strip()}\n</div>'
    return f"````text\n{''.join(data['text/plain']).rstrip()}\n````"
