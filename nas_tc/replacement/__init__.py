"""Layer replacement: other layers at the same complexity (He & Sun 2015, section 4)."""

from nas_tc.replacement.chain import chains
from nas_tc.replacement.find import TOLERANCE, replacements
from nas_tc.replacement.replacement import PAPER_TRADE_OFFS, TRADE_OFFS, Replacement, TradeOff

__all__ = [
    "PAPER_TRADE_OFFS",
    "TOLERANCE",
    "TRADE_OFFS",
    "Replacement",
    "TradeOff",
    "chains",
    "replacements",
]
