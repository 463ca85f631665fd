"""The report as one page: a front to explore, a card a network, what mattered and why."""

from nas_tc.report.page.build import page_html

__all__ = ["page_html"]
