"""The layer time table: a small JSON file for each device, which is replaced as a whole."""

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from statistics import median
from typing import Any

import torch

from nas_tc._files import whole_file
from nas_tc.errors import TableError
from nas_tc.latency.layer_signature import LayerSignature
from nas_tc.latency.layer_time import LayerTime
from nas_tc.latency.layer_times import LayerTimes
from nas_tc.latency.workload import Workload
from nas_tc.onnx_graph import ort_version
from nas_tc.timing.baseline_speed import baseline_weights, time_factor
from nas_tc.timing.machine import device_slug, difference, is_of_gpu, timing_machine
from nas_tc.timing.reference_speed import BaselineMs, baseline_ms_from
from nas_tc.timing.setting import RUNTIME_DTYPES, RUNTIMES, Runtime, Setting

FORMAT = 1  # version of the file; raised when older versions of nas-tc cannot read it
_GPU_FORMAT = 2  # of tables of GPUs, which say how passes were launched and have updates
_QUIET_MS_KEY = "calm_ms"  # files of version 0.1 use this name, and stay readable
_RUNTIMES_KEY = "times_by_other_runtimes"
_RUNTIMES_QUIET_MS_KEY = "calm_ms_by_other_runtimes"


class TimeTable:
    """Times of layers on one device, in the settings that were timed.

    Args:
        machine: See below.
        times: See below.
        quiet_ms: See below.

    Attributes:
        machine: Machine that they were timed on, and its libraries, from `timing_machine`.
        times: Times by setting.
        quiet_ms: Milliseconds of the fixed baseline networks on the quiet machine by runtime: the
            reference speed that its times are corrected to. A runtime that is not there has times
            as the clock read them.
    """

    def __init__(
        self,
        machine: Mapping[str, Any],
        times: Mapping[Setting, LayerTimes] | None = None,
        quiet_ms: Mapping[Runtime, BaselineMs] | None = None,
    ) -> None:
        self.machine = dict(machine)
        self.times = dict(times or {})
        self.quiet_ms = dict(quiet_ms or {})

    @classmethod
    def here(cls, device: torch.device) -> "TimeTable":
        """An empty table for this machine; call it within `one_thread` on a processor."""
        return cls(timing_machine(device))

    @classmethod
    def read(cls, path: Path) -> "TimeTable":
        """The table in a file.

        Args:
            path: File of the table.

        Raises:
            TableError: There is no such file, or it is not a table, damaged, or from a newer
                nas-tc.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not a text file"
            raise TableError(
                f"cannot read the time table {str(path)!r}: {reason}; make one with nas-tc "
                "calibrate --out FILE"
            ) from None
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            raise _damaged(path, "it is not JSON") from None
        if not isinstance(values, dict) or values.get("kind") != "nas-tc time table":
            raise TableError(
                f"{path}: not a time table of nas-tc; give a file that nas-tc calibrate made"
            )
        if values.get("format") not in (FORMAT, _GPU_FORMAT):
            raise TableError(
                f"{path}: a time table of format {values.get('format')!r}, this nas-tc reads "
                f"{FORMAT} and {_GPU_FORMAT}; update nas-tc or make the table again"
            )
        try:
            machine = dict(values["machine"])
            on_gpu = is_of_gpu(machine)
            quiet_ms = _read_quiet_ms(values)
            times = dict(
                _read_times(each, on_gpu=on_gpu)
                for each in (*values["times"], *values.get(_RUNTIMES_KEY, ()))
                if not _is_outdated(each, machine, quiet_ms)
            )
            return cls(machine, times, quiet_ms)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _damaged(path, f"{type(error).__name__}: {error}") from None

    def write(self, path: Path) -> None:
        """Writes the file, together with the times that other processes have added to it meanwhile.

        Args:
            path: File of the table.

        Raises:
            TableError: The folder cannot be written, or another kind of file is in the way.
        """
        if path.exists():
            there = TimeTable.read(path)
            self.check_same_device(there.machine, path)
            for runtime, quiet_ms in self.quiet_ms.items():
                there.rescale_to(quiet_ms, runtime)
            self.quiet_ms = there.quiet_ms
            for setting, times in there.times.items():
                if self.of(setting).runtime_version in (None, times.runtime_version):
                    self.of(setting).merge(times)
        values = {
            "kind": "nas-tc time table",
            "format": _GPU_FORMAT if is_of_gpu(self.machine) else FORMAT,
            "machine": self.machine,
            _QUIET_MS_KEY: self.quiet_ms.get("torch"),
            "times": self._listed(by_torch=True),
        }
        # Earlier versions do not read what follows.
        if others_ms := {name: ms for name, ms in self.quiet_ms.items() if name != "torch"}:
            values[_RUNTIMES_QUIET_MS_KEY] = others_ms
        if by_others := self._listed(by_torch=False):
            values[_RUNTIMES_KEY] = by_others
        try:
            with whole_file(path) as partial:
                partial.write_text(json.dumps(values, separators=(",", ":")), encoding="utf-8")
        except OSError as error:
            raise TableError(
                f"cannot write the time table {str(path)!r}: {error.strerror}; make room or "
                "choose another file"
            ) from None

    def _listed(self, *, by_torch: bool) -> list[dict[str, Any]]:
        """The times of torch, or those of other runtimes, as the file has them."""
        return [
            _written(setting, times, on_gpu=is_of_gpu(self.machine))
            for setting, times in self.times.items()
            if (setting.runtime == "torch") == by_torch
        ]

    def of(self, setting: Setting) -> LayerTimes:
        """The times in one setting (pass, batch, type of numbers, launch); empty at first."""
        return self.times.setdefault(
            setting, LayerTimes(on_gpu=is_of_gpu(self.machine), batch=setting.batch)
        )

    def rescale_to(self, quiet_ms: BaselineMs | None, runtime: Runtime = "torch") -> None:
        """Rescales a runtime's times to another reference speed, so that old and new ones compare.

        It changes when the machine turns out to be quicker than when the table was made. The times
        of a setting are multiplied by the change of the baseline networks that take about as long
        as the setting's median network.

        Args:
            quiet_ms: Milliseconds of the baseline networks; None: not known, and nothing changes.
            runtime: Program that runs the networks.
        """
        before_ms = self.quiet_ms.get(runtime)
        if quiet_ms is None or quiet_ms == before_ms:
            return
        if before_ms is not None:
            for setting, times in self.times.items():
                if times.totals and setting.runtime == runtime:
                    middle_ms = median(whole for _, whole in times.totals)
                    weights = baseline_weights(before_ms, middle_ms)
                    times.rescale(time_factor(weights, before_ms, quiet_ms))
        self.quiet_ms[runtime] = quiet_ms

    def is_of(self, machine: Mapping[str, Any]) -> bool:
        """Whether the times were measured on this device, with this version of torch."""
        return difference(self.machine, machine) is None

    def check_same_device(self, machine: Mapping[str, Any], path: Path) -> None:
        """Refuses to mix the times of two devices, or of two versions of torch.

        Args:
            machine: Machine of another table, in a file.
            path: Path of that file, for the message.

        Raises:
            TableError: The machines differ. The message names the difference.
        """
        if (differs := difference(machine, self.machine)) is not None:
            raise TableError(
                f"{path}: a time table of another machine ({differs}); choose another file to "
                "measure into"
            )


def default_table(folder: Path, machine: Mapping[str, Any]) -> Path:
    """File of a machine's table in the cache folder: one for each device and version of torch."""
    return folder / "times" / f"{device_slug(machine)}.json"


def _read_quiet_ms(values: Mapping[str, Any]) -> dict[Runtime, BaselineMs]:
    """The reference speed of each runtime in a file."""
    others = dict(values.get(_RUNTIMES_QUIET_MS_KEY, {}))
    found = {"torch": values.get(_QUIET_MS_KEY), **others}
    return {name: baseline_ms_from(found[name]) for name in RUNTIMES if found.get(name) is not None}


def _is_outdated(
    values: Mapping[str, Any], machine: Mapping[str, Any], quiet_ms: Mapping[Runtime, BaselineMs]
) -> bool:
    """Whether times are no longer what would be measured.

    Those of a GPU by version 0.1, where each layer of a training step is charged a whole update;
    those of onnxruntime that torch's baseline networks have corrected; and those of this machine
    by another version of onnxruntime than it has. Boards and other machines have their own.
    """
    if "runtime" in values:
        is_board = machine.get("torch") is None
        if quiet_ms and not is_board and values["runtime"] not in quiet_ms:
            return True
        here = ort_version()
        return here is not None and values["runtime_version"] != here and _is_here(machine)
    return is_of_gpu(machine) and values["what"] == "train_step" and "launch" not in values


def _is_here(machine: Mapping[str, Any]) -> bool:
    """Whether a table's machine is this one; who reads it may use more threads than who timed."""
    here = timing_machine(torch.device("cpu")) | {"threads": machine.get("threads")}
    return difference(machine, here) is None


def _written(setting: Setting, times: LayerTimes, *, on_gpu: bool) -> dict[str, Any]:
    launch = {"launch": "eager" if setting.eager else "replay"} if on_gpu else {}
    runtime = (
        {}
        if setting.runtime == "torch"
        else {
            "runtime": setting.runtime,
            "runtime_version": times.runtime_version or ort_version(),
        }
    )
    updates = [[*update[:2], round(update[2], 6)] for update in times.updates]
    return {
        "what": setting.what,
        "batch": setting.batch,
        "dtype": setting.dtype,
        **launch,
        **runtime,
        **({"updates": updates} if updates else {}),
        "columns": ["kind", "sizes", "macs", "values", "params", "ms", "seen"],
        "layers": [
            [s.kind, s.sizes, s.macs, s.values, s.params, round(each.ms, 6), each.networks]
            for each in times.layers.values()
            for s in (each.signature,)
        ],
        "networks": sorted(times.networks),
        "workloads": [[*work, round(ms, 6)] for work, ms in times.workloads],
        "totals": [[round(ms, 6) for ms in pair] for pair in times.totals],
        "checks": [[round(ms, 6) for ms in pair] for pair in times.checks],
    }


def _read_times(values: Mapping[str, Any], *, on_gpu: bool) -> tuple[Setting, LayerTimes]:
    what, dtype = values["what"], values["dtype"]
    launch = values.get("launch", "eager" if on_gpu else "replay")  # version 0.1 replayed nothing
    runtime = values.get("runtime", "torch")
    if (
        what not in ("forward", "train_step")
        or runtime not in RUNTIMES
        or dtype not in RUNTIME_DTYPES[runtime]
        or launch not in ("eager", "replay")
    ):
        raise ValueError(f"unknown setting {what!r}, {dtype!r}, {launch!r}")
    batch = values["batch"]
    if type(batch) is not int or batch < 1:
        raise ValueError(f"batch {batch!r}")
    layers = []
    for kind, sizes, macs, moved, params, ms, networks in values["layers"]:
        signature = LayerSignature(str(kind), str(sizes), int(macs), int(moved), int(params))
        layers.append(LayerTime(signature, _time(ms), int(networks)))
    totals, checks = (
        [(_time(first), _time(second)) for first, second in values[name]]
        for name in ("totals", "checks")
    )
    updates = [
        (int(params), int(tensors), _time(ms)) for params, tensors, ms in values.get("updates", ())
    ]
    workloads = [
        (Workload(*map(int, work)), _time(ms)) for *work, ms in values.get("workloads", ())
    ]
    ids = [str(each) for each in values["networks"]]
    setting = Setting(what, batch, dtype, launch == "eager", runtime)
    times = LayerTimes(
        layers,
        totals,
        checks,
        ids,
        updates,
        workloads,
        on_gpu=on_gpu,
        batch=batch,
        runtime_version=values.get("runtime_version"),
    )
    return setting, times


def _time(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"not a number of milliseconds: {value!r}")
    if not (isfinite(value) and value > 0):
        raise ValueError(f"not a time: {value!r} ms")
    return float(value)


def _damaged(path: Path, why: str) -> TableError:
    return TableError(f"{path}: a damaged time table ({why}); delete it and make it again")
