"""What goes out? A network as source and weights that need torch alone."""

from nas_tc.export.source import network_source
from nas_tc.export.write import export_trial

__all__ = ["export_trial", "network_source"]
