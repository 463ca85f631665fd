"""Forward passes by onnxruntime, and what it is not asked for."""

import pytest

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.errors import DeviceError, NasTcError, UnknownNameError
from nas_tc.timing import Setting, check_setting, setting, work_of
from nas_tc.timing.onnx_work import onnx_session

SMALL = Architecture((3, 16, 16), parse_notation("(3,8)/2 | basic(3,8)"), GAP, 5)


@pytest.mark.parametrize("dtype", ["fp32", "int8"])
def test_a_pass_is_run_by_onnxruntime(dtype, monkeypatch):
    pytest.importorskip("onnxruntime")
    batches = []

    class Session:
        def __init__(self, *rest, **options):
            self._own, self._images = onnx_session(*rest, **options)

        def run(self, outputs, feed):
            (scores,) = self._own.run(outputs, feed)
            batches.append(scores.shape)
            return [scores]

    def watched(*rest, **options):
        session = Session(*rest, **options)
        return session, session._images

    monkeypatch.setattr("nas_tc.timing.onnx_work.onnx_session", watched)
    run = work_of(SMALL, Setting(batch=3, dtype=dtype, runtime="onnxruntime"), None)
    run()
    assert batches == [(3, 5)]


def test_settings_are_told_apart():
    own = Setting(dtype="int8", runtime="onnxruntime")
    assert str(own) == "a forward pass of 1 image in int8 by onnxruntime"
    assert own != Setting(dtype="int8")
    assert str(Setting()) == "a forward pass of 1 image in fp32"


@pytest.mark.parametrize(
    ("asked", "device", "error", "message"),
    [
        (Setting(runtime="tvm"), "cpu", UnknownNameError, "unknown runtime 'tvm'"),
        (Setting(dtype="fp64"), "cpu", UnknownNameError, "unknown dtype 'fp64'; known: fp32, bf16"),
        (Setting(dtype="int8"), "cpu", NasTcError, "onnxruntime is; add --runtime onnxruntime, or"),
        (
            Setting(dtype="bf16", runtime="onnxruntime"),
            "cpu",
            NasTcError,
            "onnxruntime is not timed in bf16, torch is; add --runtime torch, or choose fp32 or",
        ),
        (Setting("train_step", runtime="onnxruntime"), "cpu", NasTcError, "forward passes alone"),
        (Setting(runtime="onnxruntime"), "cuda", NasTcError, "add --device cpu"),
    ],
)
def test_what_a_runtime_does_not_do_is_refused(asked, device, error, message):
    with pytest.raises(error, match=message):
        check_setting(asked, device)


def test_a_runtime_that_is_not_installed(monkeypatch):
    def absent():
        raise DeviceError("onnx and onnxruntime are not installed")

    monkeypatch.setattr(setting, "check_onnxruntime", absent)
    check_setting(Setting(), "cuda")
    with pytest.raises(DeviceError):
        check_setting(Setting(runtime="onnxruntime"), "cpu")
