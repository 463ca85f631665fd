"""Shows a live view; a test runs this on a terminal of its own."""

import signal
import sys
import time

from nas_tc.cli.progress import listening

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it

with listening(as_json="--json" in sys.argv) as listener:
    for number in range(12):
        listener.note(f"note {number}")
        time.sleep(60 if number == 3 and "--wait" in sys.argv else 0.05)
print("the end")
