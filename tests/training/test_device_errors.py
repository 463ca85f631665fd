"""Texts of torch's device errors, as CUDA, cuBLAS and cuDNN word them."""

import pytest
import torch

from nas_tc.training import device_is_lost, ran_out

ADVICE = (
    "\nCUDA kernel errors might be asynchronously reported at some other API call, so the "
    "stacktrace below might be incorrect.\nFor debugging consider passing CUDA_LAUNCH_BLOCKING=1\n"
    "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.\n"
)
NO_MEMORY = [
    "CUDA error: out of memory" + ADVICE,
    "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
    "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
    "DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes",
]
LOST = [
    "CUDA error: an illegal memory access was encountered" + ADVICE,
    "CUDA error: device-side assert triggered" + ADVICE,
    "CUDA error: uncorrectable ECC error encountered",
    "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(...)`",
    "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
]


@pytest.mark.parametrize("text", NO_MEMORY)
def test_memory_that_ran_out_is_no_lost_device(text):
    assert ran_out(RuntimeError(text))
    assert not device_is_lost(text)


@pytest.mark.parametrize("text", LOST)
def test_a_lost_device_is_no_lack_of_memory(text):
    assert device_is_lost(text)
    assert not ran_out(RuntimeError(text))


def test_other_errors_are_neither():
    text = "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"
    assert not ran_out(RuntimeError(text))
    assert not device_is_lost(text)
    assert not ran_out(ValueError("out of memory"))  # nothing that torch raises
    assert ran_out(torch.OutOfMemoryError("Allocation failed"))
    assert ran_out(MemoryError())
