"""Sessions of onnxruntime's CPU provider that repeat: fixed threads, no spinning, no warnings."""

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nas_tc.errors import DeviceError

if TYPE_CHECKING:
    import onnx

_ERRORS_ONLY = 3
_DISTRIBUTIONS = ("onnxruntime", "onnxruntime-gpu")  # that the module may be from


def ort_version() -> str | None:
    """Version of onnxruntime, which is not loaded; None: it is not installed, or onnx is not."""
    if find_spec("onnx") is None or find_spec("onnxruntime") is None:
        return None
    for name in _DISTRIBUTIONS:
        with suppress(PackageNotFoundError):
            return version(name)
    import onnxruntime  # noqa: PLC0415 - a build of one's own

    return str(onnxruntime.__version__)


def check_onnxruntime() -> None:
    """Refuses to go on without onnx and onnxruntime.

    Raises:
        DeviceError: One of them is not installed.
    """
    try:
        import onnx  # noqa: F401, PLC0415
        import onnxruntime  # noqa: F401, PLC0415
    except ImportError:
        raise DeviceError(
            "onnx and onnxruntime are not installed; install them: pip install 'nas-tc[onnx]'"
        ) from None


def new_session(model: "onnx.ModelProto | Path", *, profile: Path | None = None) -> Any:
    """A session of onnxruntime that runs a model on one thread of the processor.

    Args:
        model: Model, or the file of one.
        profile: Beginning of the name of the file that the times of nodes are written to; None: no
            times are taken.

    Raises:
        DeviceError: onnxruntime is not installed.
    """
    check_onnxruntime()
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # Threads that wait must not spin: it costs whatever else runs on the machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(profile)
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
