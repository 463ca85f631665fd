"""What the heap keeps and gives back, in processes of their own."""

import subprocess
import sys

import pytest

SCRIPT = """
from pathlib import Path
from nas_tc._heap import give_back_memory, keep_memory, take_huge_pages

def resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20

keep_memory()
if {huge}:
    take_huge_pages()
before = resident_mb()
bytes(1)
block = bytearray(200 * 2**20)
block[:: 4096] = b"x" * (len(block) // 4096)
del block
kept = resident_mb() - before
give_back_memory()
print(kept, resident_mb() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the heap of glibc")
@pytest.mark.parametrize("huge", [False, True])
def test_freed_memory_is_kept_and_given_back_unless_in_huge_pages(huge):
    script = SCRIPT.replace("{huge}", str(huge))
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    kept, left = map(float, done.stdout.split())
    assert kept > 190
    assert (left > 190) if huge else (left < 20)
