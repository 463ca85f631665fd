"""What pyproject.toml cannot say: the library for training on a processor, compiled if it can be.

Once for each width of the registers; nas_tc/training/norm_pool.py chooses among them. Where there
is no compiler, or one that does not know a flag, it is left out, and torch's layers do the work.
"""

from pathlib import Path

from setuptools import Extension, setup

_FLAGS = {
    "_norm_pool_avx512": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma"],
    "_norm_pool_avx2": ["-mavx2", "-mfma"],
    "_norm_pool": [],
}

setup(
    ext_modules=[
        Extension(
            f"nas_tc.training.{name}",
            sources=[f"nas_tc/training/native/{each}.cpp" for each in ("norm_pool", "depthwise")],
            depends=["setup.py", *sorted(map(str, Path("nas_tc/training/native").glob("*.h")))],
            extra_compile_args=["-std=c++20", "-O3", "-g0", "-w", *flags],
            optional=True,
        )
        for name, flags in _FLAGS.items()
    ]
)
