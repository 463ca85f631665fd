"""The setting of a timing: pass, batch, type of numbers, launch and runtime."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch

from nas_tc.cost.measures import TimedPass
from nas_tc.errors import NasTcError, unknown
from nas_tc.onnx_graph import check_onnxruntime

Runtime = Literal["torch", "onnxruntime"]
RUNTIMES: tuple[Runtime, ...] = get_args(Runtime)
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
RUNTIME_DTYPES: dict[Runtime, tuple[str, ...]] = {
    "torch": tuple(DTYPES),
    "onnxruntime": ("fp32", "int8"),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """Pass, batch, type of numbers, launch and runtime of a timing.

    Attributes:
        what: Timed pass, "forward" or "train_step".
        batch: Number of images.
        dtype: Type of numbers, one of the runtime's `RUNTIME_DTYPES`.
        eager: Whether the host launches the kernels of a GPU one by one; otherwise the pass is
            captured in a CUDA graph and replayed. A processor knows no such difference: False.
        runtime: Program that runs the network: torch, or onnxruntime's CPU provider.
    """

    what: TimedPass = "forward"
    batch: int = 1
    dtype: str = "fp32"
    eager: bool = False
    runtime: Runtime = "torch"

    def __str__(self) -> str:
        what = "a forward pass" if self.what == "forward" else "a training step"
        images = "1 image" if self.batch == 1 else f"{self.batch} images"
        runtime = "" if self.runtime == "torch" else f" by {self.runtime}"
        return (
            f"{what} of {images} in {self.dtype}{', launched eagerly' if self.eager else ''}"
            f"{runtime}"
        )


def check_setting(setting: Setting, device: str) -> None:
    """Refuses what a runtime does not do.

    Args:
        setting: Setting of a timing.
        device: "cpu" or "cuda".

    Raises:
        NasTcError: The runtime has no such type of numbers, trains no networks, or runs on
            processors alone.
        DeviceError: It is not installed.
    """
    if setting.runtime not in RUNTIMES:
        raise unknown("runtime", setting.runtime, RUNTIMES)
    if setting.dtype not in RUNTIME_DTYPES[setting.runtime]:
        for runtime, dtypes in RUNTIME_DTYPES.items():
            if setting.dtype in dtypes:
                raise NasTcError(
                    f"{setting.runtime} is not timed in {setting.dtype}, {runtime} is; add "
                    f"--runtime {runtime}, or choose {' or '.join(RUNTIME_DTYPES[setting.runtime])}"
                )
        raise unknown("dtype", setting.dtype, RUNTIME_DTYPES[setting.runtime])
    if setting.runtime == "torch":
        return
    if setting.what != "forward":
        raise NasTcError("onnxruntime runs forward passes alone; leave --train-step out")
    if device != "cpu":
        raise NasTcError(
            "onnxruntime is timed on the processor alone; add --device cpu, or time torch"
        )
    check_onnxruntime()
