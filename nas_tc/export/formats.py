"""The formats of an export, and which of them the installed libraries can write."""

from typing import Literal, cast, get_args

from nas_tc.errors import DeviceError, unknown
from nas_tc.onnx_graph import ort_version

Format = Literal["source", "pt2", "onnx", "int8"]
FORMATS: tuple[Format, ...] = get_args(Format)
FILES: dict[Format, str] = {
    "source": "weights.safetensors",
    "pt2": "network.pt2",
    "onnx": "network.onnx",
    "int8": "network.int8.onnx",
}
ONNX_FORMATS = ("onnx", "int8")


def available_formats() -> tuple[Format, ...]:
    """The formats whose libraries are installed, in the order of `FORMATS`."""
    has_onnx = ort_version() is not None
    return tuple(each for each in FORMATS if has_onnx or each not in ONNX_FORMATS)


def parse_formats(text: str | None) -> tuple[Format, ...]:
    """The formats that `text` names; the source is always among them.

    Args:
        text: Names with commas between them, as "source,onnx"; None: all that are available.

    Raises:
        UnknownNameError: There is no such format.
        DeviceError: A format needs a library that is not installed.
    """
    if text is None:
        return available_formats()
    names = [each.strip() for each in text.split(",")]
    for name in names:
        if name not in FORMATS:
            raise unknown("format", name, FORMATS, within=text)
    chosen = tuple(each for each in FORMATS if each in (*names, "source"))
    missing = [each for each in chosen if each not in available_formats()]
    if missing:
        raise DeviceError(
            f"--format {cast(str, missing[0])}: onnx and onnxruntime are not installed; install "
            "them: pip install 'nas-tc[onnx]'"
        )
    return chosen
