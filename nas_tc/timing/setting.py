"""The setting of a timing: forward pass or training step, batch, type of numbers, launch."""

from dataclasses import dataclass

import torch

from nas_tc.cost.measures import TimedPass

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Setting:
    """Pass, batch, type of numbers and launch of a timing.

    Attributes:
        what: Timed pass, "forward" or "train_step".
        batch: Number of images.
        dtype: Type of numbers, one of `DTYPES`.
        eager: Whether the host launches the kernels of a GPU one by one; otherwise the pass is
            captured in a CUDA graph and replayed. A processor knows no such difference: False.
    """

    what: TimedPass = "forward"
    batch: int = 1
    dtype: str = "fp32"
    eager: bool = False

    def __str__(self) -> str:
        what = "a forward pass" if self.what == "forward" else "a training step"
        images = "1 image" if self.batch == 1 else f"{self.batch} images"
        return f"{what} of {images} in {self.dtype}{', launched eagerly' if self.eager else ''}"
