"""The machine of an acceptance on a GPU: versions, clocks, power, MIG, TF32; all modules import.

    python benchmarks/gpu_machine.py

Needs neither Ray nor Optuna: modules that do are listed as left out.
"""

import importlib.util
import pkgutil
import sys

import torch
from gpu_part import Figures, PartFailedError, run_part

import nas_tc
from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.timing import Setting, timing_machine, work_of

SMALL = Architecture((3, 32, 32), parse_notation("(3,16)x2 | 2/2 | (3,32)"), GAP, 10)


def imports() -> Figures:
    """Modules that import, those that lack a package of others, and those that fail."""
    done, left_out, failed = 0, {}, {}
    found = pkgutil.walk_packages(nas_tc.__path__, f"{nas_tc.__name__}.", onerror=lambda _: None)
    for name in (each.name for each in found if not each.name.endswith("__main__")):
        spec = importlib.util.find_spec(name)
        if spec is None or not (spec.origin or "").endswith(".py"):  # a library of our own
            continue
        try:
            importlib.import_module(name)
            done += 1
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if missing == nas_tc.__name__:
                failed[name] = str(error)
            else:
                left_out[name] = missing
        except Exception as error:  # noqa: BLE001 - whatever it is, the line says so
            failed[name] = f"{type(error).__name__}: {error}"
    return {"imported": done, "left_out": left_out, "failed": failed}


def captures() -> dict[str, str]:
    """Whether a small forward pass and training step are captured: "yes", or why not."""
    found = {}
    for what, batch in (("forward", 1), ("train_step", 8)):
        for dtype in ("fp32", "bf16"):
            run = work_of(SMALL, Setting(what, batch, dtype), torch.device("cuda"))
            found[f"{what} {dtype}"] = run.reason or "yes"
    return found


def part() -> Figures:
    """The machine's record, the imports, and whether passes are captured."""
    figures: Figures = {
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "cuda_is_available": torch.cuda.is_available(),
        **imports(),
    }
    if not torch.cuda.is_available():
        raise PartFailedError("torch sees no GPU", figures)
    device = torch.device("cuda")
    properties = torch.cuda.get_device_properties(device)
    figures |= {
        "machine": timing_machine(device),
        "gpus": torch.cuda.device_count(),
        "memory_gib": round(properties.total_memory / 2**30, 1),
        "multiprocessors": properties.multi_processor_count,
        "capability": f"{properties.major}.{properties.minor}",
        "captured": captures(),
    }
    if figures["failed"]:
        raise PartFailedError(f"{len(figures['failed'])} modules do not import", figures)
    if set(figures["captured"].values()) != {"yes"}:
        raise PartFailedError("not every pass is captured in a CUDA graph", figures)
    return figures


def main(argv: list[str] | None = None) -> int:
    """Prints the part's JSON line."""
    del argv  # it takes no options
    return run_part("machine", part)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
