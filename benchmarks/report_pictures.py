"""The pictures of report.html that the README shows: docs/images/report-front.png, -family.png.

    nas-tc report STUDY --out report
    python benchmarks/report_pictures.py report/report.html docs/images

A headless Chromium draws them, 1,000 pixels wide, with the mouse on the recommended network.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from browser import Browser, chromium

_WIDTH = 1000
_MOST = 1650  # pixels of a family tree, the rest of which is cut off
_MARGIN = 12


def main() -> None:
    """Writes both pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("page", type=Path, help="report.html")
    parser.add_argument("out", type=Path, help="folder")
    asked = parser.parse_args()
    program = chromium()
    if program is None:
        sys.exit("no Chromium on the PATH")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        browser = Browser(program, folder)
        try:
            browser.size(_WIDTH + 2 * _MARGIN)
            browser.open(asked.page)
            chosen = browser.run("JSON.parse(document.getElementById('chart-data').textContent)")
            trial = chosen["recommended"]
            browser.move(*browser.place(f'#chart g[data-trial="{trial}"] .ring'))
            end = browser.run(_below("#front table, #front .scroll"))
            front, family = (asked.out / f"report-{name}.png" for name in ("front", "family"))
            browser.screenshot(front, "#front")
            browser.screenshot(family, "#family")
        finally:
            browser.close()
    for path, height in ((front, end), (family, _MOST)):
        with Image.open(path) as picture:
            size = picture.width, min(picture.height, height)
            cut = picture.convert("RGB").crop((0, 0, *size))
        cut.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path)


def _below(selector: str) -> str:
    """Pixels from the top of the front's section to an element."""
    return (
        f"(() => {{const top = e => e.getBoundingClientRect().y; return Math.floor("
        f"top(document.querySelector('{selector}')) - top(document.querySelector('#front')))}})()"
    )


if __name__ == "__main__":
    main()
