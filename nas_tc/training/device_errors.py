"""Kinds of torch's errors: the memory ran out, or the device is lost to this process.

The texts are those of CUDA, cuBLAS and cuDNN as torch raises them; torch has a type of its own for
the allocator's errors alone.
"""

import re

import torch

_NO_MEMORY = re.compile(
    r"can't allocate memory|out of memory|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_\w*ALLOC",
    re.IGNORECASE,
)
_DEVICE = re.compile(r"CUDA error|CUDA driver error|CUBLAS_STATUS_|CUDNN_STATUS_|cuDNN error")


def ran_out(error: BaseException) -> bool:
    """Whether an error of torch means that memory ran out; the process can go on."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and _NO_MEMORY.search(str(error)) is not None
    )


def device_is_lost(text: str) -> bool:
    """Whether the text of an error means that the device is lost to its process.

    After an illegal access, a failed device assertion or an ECC error every later call of that
    process fails with the same error, whatever network it is for; only a new process helps.
    """
    return _DEVICE.search(text) is not None and _NO_MEMORY.search(text) is None
