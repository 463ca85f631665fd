"""What goes out? A network as source, weights and files for other runtimes, each verified."""

from nas_tc.export.formats import FORMATS, Format, available_formats, parse_formats
from nas_tc.export.load import load
from nas_tc.export.source import network_source
from nas_tc.export.write import Export, export_trial

__all__ = [
    "FORMATS",
    "Export",
    "Format",
    "available_formats",
    "export_trial",
    "load",
    "network_source",
    "parse_formats",
]
