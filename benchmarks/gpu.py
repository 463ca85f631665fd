"""The acceptance on a GPU in nine parts, each in a process of its own with a limit of time.

    python benchmarks/gpu.py                       # all nine, under twenty minutes
    python benchmarks/gpu.py --part 3 --part 5     # some of them
    python benchmarks/gpu.py --device cpu          # a rehearsal of parts 3, 4, 5, 8 and 9

Each part prints a JSON line `{name, ok, seconds, figures, error}`, and the last line is the whole.
Parts 1 to 6 need neither Ray nor Optuna; `benchmarks/gpu_wheels.py` lays the wheels for the others.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LIMIT_S = 120.0  # of a part
TAIL = 15  # lines of a part's messages that are shown where it fails


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the acceptance.

    Attributes:
        name: Name in its JSON line.
        words: Script in this folder, and its options.
        rehearses: Whether it takes `--device cpu`.
    """

    name: str
    words: tuple[str, ...]
    rehearses: bool = False


PARTS = (
    Part("machine", ("gpu_machine.py",)),
    Part("tests", ("gpu_tests.py",)),
    Part("parity", ("gpu_parity.py",), rehearses=True),
    Part("waits", ("gpu_parity.py", "--part", "waits"), rehearses=True),
    Part("speed", ("gpu_speed.py",), rehearses=True),
    Part("clock", ("gpu_clock.py",)),
    Part("table", ("gpu_table.py",)),
    Part("search", ("gpu_search.py",), rehearses=True),
    Part("faults", ("gpu_faults.py",), rehearses=True),
)


def run(part: Part, device: str, limit_s: float) -> dict[str, Any]:
    """The line of a part, which has a process group of its own, ended with it.

    Its messages go into a file: a process that it leaves behind must not hold a pipe open.
    """
    words = [*part.words, *(["--device", device] if part.rehearses else [])]
    command = [sys.executable, str(HERE / words[0]), *words[1:]]
    environment = {**os.environ}
    if device == "cpu":
        environment["OMP_NUM_THREADS"] = "1"
    started = time.monotonic()
    error = None
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as messages:
        running = subprocess.Popen(
            command, stdout=out, stderr=messages, env=environment, start_new_session=True
        )
        try:
            running.wait(limit_s)
        except subprocess.TimeoutExpired:
            error = f"it took more than {limit_s:.0f} s"
        finally:
            _end_group(running)
        texts = []
        for file in (out, messages):
            file.seek(0)
            texts.append(file.read())
    line = _line_of(texts[0]) if error is None else None
    if line is None:
        line = {"ok": False, "figures": {}, "error": error or f"ended with {running.returncode}"}
    if not line["ok"]:
        print("\n".join(texts[1].splitlines()[-TAIL:]), file=sys.stderr, flush=True)
    seconds = round(time.monotonic() - started, 1)
    return {"name": part.name, "ok": line["ok"], "seconds": seconds} | {
        key: line[key] for key in ("figures", "error")
    }


def _end_group(running: subprocess.Popen[Any]) -> None:
    with suppress(ProcessLookupError):  # all have ended
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def _line_of(text: str) -> dict[str, Any] | None:
    """The last line of a part's output, if it is the part's JSON."""
    try:
        found = json.loads((text.strip().splitlines() or [""])[-1])
    except ValueError:
        return None
    return found if isinstance(found, dict) and {"ok", "figures", "error"} <= set(found) else None


def main(argv: list[str] | None = None) -> int:
    """Runs the parts and prints their lines; 0 if all are as they should be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    numbers = range(1, len(PARTS) + 1)
    parser.add_argument(
        "--part", type=int, action="append", choices=numbers, help="a part, 1 to 9; repeatable"
    )
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--limit-s", type=float, default=LIMIT_S, help="of a part, seconds")
    options = parser.parse_args(argv)
    started = time.monotonic()
    lines = []
    for number in options.part or numbers:
        lines.append(run(PARTS[number - 1], options.device, options.limit_s))
        print(json.dumps(lines[-1]), flush=True)
    failed = [line["name"] for line in lines if not line["ok"]]
    whole = {
        "name": "acceptance",
        "ok": not failed,
        "seconds": round(time.monotonic() - started, 1),
        "figures": {line["name"]: line["ok"] for line in lines},
        "error": f"not as they should be: {', '.join(failed)}" if failed else None,
    }
    print(json.dumps(whole), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
