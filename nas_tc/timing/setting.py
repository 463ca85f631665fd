"""What is timed of a network, apart from the network."""

from dataclasses import dataclass

import torch

from nas_tc.cost.measures import TimedPass

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Setting:
    """A forward pass or a training step, of how many images, in which numbers."""

    what: TimedPass = "forward"
    batch: int = 1
    dtype: str = "fp32"  # one of DTYPES

    def __str__(self) -> str:
        what = "a forward pass" if self.what == "forward" else "a training step"
        images = "1 image" if self.batch == 1 else f"{self.batch} images"
        return f"{what} of {images} in {self.dtype}"
