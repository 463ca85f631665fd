"""Faults of a GPU: no memory, a device assertion in a worker, a training killed and resumed.

    python benchmarks/gpu_faults.py

The worker runs in Ray for the assertion. Needs Ray and Optuna.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from gpu_part import Figures, PartFailedError, checked, run_part

from nas_tc.architecture import GAP, Architecture, Head, parse_notation
from nas_tc.data import ImageData, load_data
from nas_tc.recipe import Recipe
from nas_tc.training import train_fully
from nas_tc.worker import Worker

SMALL = Architecture((1, 16, 16), parse_notation("(3,16)/2 | 2/2 | (3,32)"), GAP, 10)
DROPPING = Architecture(SMALL.input, SMALL.stages, Head("average", (1,), (64,), 0.5), 10)
LARGE = Architecture((1, 16, 16), parse_notation("(3,1024)x12"), GAP, 10)
PART_BYTES = 2**31  # of the GPU's memory for the worker that must run out of it
EPOCHS, KILLED_AFTER = 6, 3
MOST_MOVED = 0.05  # of the last loss, resumed against whole: sums on a GPU have no fixed order
ASSERTION = "CUDA error: device-side assert triggered"


def digits() -> ImageData:
    """The digits at 16 pixels."""
    return load_data("digits", side=(16, 16))


def out_of_memory(device: str) -> Figures:
    """What a worker answers for a network too large, and whether it trains the next one."""
    worker = Worker(digits(), Recipe(epochs=1, batch_size=512), device)
    found: Figures = {}
    if device == "cuda":
        total = torch.cuda.mem_get_info()[1]
        torch.cuda.set_per_process_memory_fraction(min(1.0, PART_BYTES / total))
        found["answer"] = worker.begin(LARGE, 0).diverged
        torch.cuda.set_per_process_memory_fraction(1.0)
    rung = worker.begin(SMALL, 0).rung
    return {**found, "next_error": None if rung is None else round(rung.val_error, 4)}


def assertion_in_a_worker(device: str) -> Figures:
    """The answers for one network: of a worker whose device is lost, and of the next one."""
    from nas_tc.search import pool as pool_module

    with tempfile.TemporaryDirectory() as folder:
        struck = Path(folder) / "struck"

        class Struck(Worker):
            """A worker whose first network of all meets a device assertion."""

            def begin(self, architecture, seed, state=None):
                if not struck.exists():
                    struck.touch()
                    if device == "cpu":
                        raise RuntimeError(ASSERTION)
                    beyond = torch.tensor([9], device="cuda")
                    torch.zeros(2, device="cuda")[beyond].sum().item()
                return super().begin(architecture, seed, state)

        pool_module.Worker = Struck
        answers = []
        with pool_module.Pool(digits(), Recipe(epochs=1), device=device, workers=1) as pool:
            for _ in range(2):
                pool.begin(0, SMALL, 0)
                answered = pool.next_result(100.0)
                answers.append("no answer" if answered is None else answered[1])
                pool.release(0)
    rung = getattr(answers[1], "rung", None)
    return {"first": str(answers[0]), "then_trained": rung is not None}


def trained(out: Path, device: str) -> None:
    """Trains with drop-out, and prints the loss after each epoch as JSON."""
    train_fully(
        DROPPING,
        digits(),
        Recipe(epochs=EPOCHS),
        out,
        seed=1,
        device=torch.device(device),
        after_epoch=lambda curve: print(json.dumps(curve[-1].train_loss), flush=True),
    )


def losses_of(out: Path, device: str, *, killed_after: int | None = None) -> list[float]:
    """The losses that another process prints; it is killed after so many of them."""
    words = ["--device", device, "--train", str(out)]
    found: list[float] = []
    with subprocess.Popen(
        [sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            found.append(json.loads(line))
            if len(found) == killed_after:
                running.kill()  # SIGKILL
                break
    return found


def killed_and_resumed(device: str) -> Figures:
    """Losses of a training with drop-out, whole, and killed and resumed."""
    with tempfile.TemporaryDirectory() as folder:
        whole = losses_of(Path(folder) / "whole", device)
        parted = Path(folder) / "parted"
        parts = losses_of(parted, device, killed_after=KILLED_AFTER)
        parts += losses_of(parted, device)
    return {"whole": whole, "resumed": parts, "same_to_the_bit": whole == parts}


def part(device: str) -> Figures:
    """All figures; raises `PartFailedError` where something was lost."""
    if device == "cuda" and not torch.cuda.is_available():
        raise PartFailedError("torch sees no GPU", {})
    figures: Figures = {
        "resume": killed_and_resumed(device),
        "assertion": assertion_in_a_worker(device),
        "memory": out_of_memory(device),
    }
    misses = []
    resume, assertion, memory = (figures[key] for key in ("resume", "assertion", "memory"))
    if len(resume["resumed"]) != EPOCHS or len(resume["whole"]) != EPOCHS:
        misses.append("epochs are missing, or were trained twice")
    elif abs(resume["resumed"][-1] / resume["whole"][-1] - 1) > MOST_MOVED:
        misses.append("the resumed training ends with another loss")
    if "device-side assert" not in assertion["first"] or not assertion["then_trained"]:
        misses.append("the worker was not replaced after a device assertion")
    if device == "cuda" and "out of memory" not in str(memory["answer"]):
        misses.append(f"a network too large was answered by {memory['answer']}")
    if memory["next_error"] is None:
        misses.append("no network could be trained after one without memory")
    return checked(figures, misses)


def main(argv: list[str] | None = None) -> int:
    """Prints the part's JSON line, or with --train the losses of one training."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--train", type=Path, help="folder of a training")
    options = parser.parse_args(argv)
    os.environ["NAS_TC_CACHE"] = "off"
    if options.train:
        trained(options.train, options.device)
        return 0
    return run_part("faults", lambda: part(options.device))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
