"""What does a network look like? A picture as SVG text."""

from nas_tc.drawing.picture import draw_network

__all__ = ["draw_network"]
