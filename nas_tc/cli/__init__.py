"""The command line: one file a command; the only place that prints or exits."""

import signal
import sys
from pathlib import Path

# Ctrl-C while the program itself is still being loaded ends it without a traceback.
_IS_PROGRAM = sys.argv[0] == "-m" or Path(sys.argv[0]).name == "nas-tc"
if _IS_PROGRAM and signal.getsignal(signal.SIGINT) == signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
