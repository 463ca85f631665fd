"""A picture of what a terminal shows: docs/images/live-view.svg.

    tmux new-session -d -s picture -x 112 -y 34 'nas-tc search --budget "alexnet*0.6"'
    tmux capture-pane -t picture -e -p > screen.txt      # while it runs
    python benchmarks/terminal_picture.py screen.txt live-view.svg --title "nas-tc search"

The picture has no font of its own: a page that shows it loads nothing.
"""

import argparse
import io
import re
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("screen", type=Path, help="what tmux has captured, with its colours")
parser.add_argument("out", type=Path)
parser.add_argument("--title", default="")
parser.add_argument("--width", type=int, default=112, help="characters of a line")
asked = parser.parse_args()

console = Console(record=True, width=asked.width, file=io.StringIO(), force_terminal=True)
for line in asked.screen.read_text().rstrip().splitlines():
    console.print(Text.from_ansi(line), no_wrap=True, overflow="crop")
picture = console.export_svg(title=asked.title, theme=MONOKAI, unique_id="terminal")
picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)
picture = picture.replace("Fira Code, monospace", "Fira Code, DejaVu Sans Mono, Menlo, monospace")
asked.out.write_text(picture)
