"""Tables as Markdown, as a renderer shows them."""

from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt  # which rich needs

from nas_tc.experiment.tables import markdown


class Shown(HTMLParser):
    """The texts of all cells, and whether there is a link."""

    def __init__(self):
        super().__init__()
        self.cells, self.has_link = [], False

    def handle_starttag(self, tag, attrs):
        self.has_link |= tag == "a"
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data):
        if self.cells and data.strip():
            self.cells[-1] += data


@pytest.mark.parametrize("notation", ["inverted[6,se=4](3,48)x2", "(3,24)/2 | 2/2 | (3,48)"])
def test_a_notation_in_a_cell_is_shown_as_it_is(notation):
    text = markdown(["network", "stages"], [["A", notation]])
    shown = Shown()
    shown.feed(MarkdownIt().enable("table").render(text))
    assert shown.cells == ["network", "stages", "A", notation]
    assert not shown.has_link
