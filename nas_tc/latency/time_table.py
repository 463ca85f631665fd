"""The layer time table: one small JSON file a device, written whole or not at all."""

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
from nas_tc.latency.layer_times import LayerTime, LayerTimes
from nas_tc.timing.baseline_speed import scale, weights
from nas_tc.timing.machine import device_slug, difference, timing_machine
from nas_tc.timing.reference_speed import CalmMs, calm_times
from nas_tc.timing.setting import DTYPES, Setting

FORMAT = 1  # goes up when an older nas-tc could not read the file


class TimeTable:
    """The times of layers on one device, in the settings that were timed.

    Attributes:
        machine: what they were timed on and with, from `timing_machine`.
        times: by setting.
        calm_ms: of the pacemakers, at whose pace all times are told; None: as the clock had them.
    """

    def __init__(
        self,
        machine: Mapping[str, Any],
        times: Mapping[Setting, LayerTimes] | None = None,
        calm_ms: CalmMs | None = None,
    ) -> None:
        self.machine = dict(machine)
        self.times = dict(times or {})
        self.calm_ms = calm_ms

    @classmethod
    def here(cls, device: torch.device) -> "TimeTable":
        """An empty table for this machine; call it within `one_thread` on a processor."""
        return cls(timing_machine(device))

    @classmethod
    def read(cls, path: Path) -> "TimeTable":
        """The table in a file.

        Raises:
            TableError: no such file, not a table, a damaged one, or one of a newer nas-tc.
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
        except ValueError:
            raise _damaged(path, "it is not JSON") from None
        if not isinstance(values, dict) or values.get("kind") != "nas-tc time table":
            raise TableError(
                f"{path}: not a time table of nas-tc; give a file that nas-tc calibrate made"
            )
        if values.get("format") != FORMAT:
            raise TableError(
                f"{path}: a time table of format {values.get('format')!r}, this nas-tc reads "
                f"{FORMAT}; update nas-tc or make the table again"
            )
        try:
            times = dict(_read_times(each) for each in values["times"])
            calm = values.get("calm_ms")
            return cls(dict(values["machine"]), times, None if calm is None else calm_times(calm))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _damaged(path, f"{type(error).__name__}: {error}") from None

    def write(self, path: Path) -> None:
        """Writes the file whole, with what others have added to it meanwhile.

        Raises:
            TableError: a folder that cannot be written, or another kind of file in the way.
        """
        if path.exists():
            there = TimeTable.read(path)
            self.check_same_device(there.machine, path)
            there.tell_at(self.calm_ms)
            self.calm_ms = self.calm_ms or there.calm_ms
            for setting, times in there.times.items():
                self.of(setting).merge(times)
        values = {
            "kind": "nas-tc time table",
            "format": FORMAT,
            "machine": self.machine,
            "calm_ms": self.calm_ms,
            "times": [_written(setting, times) for setting, times in self.times.items()],
        }
        try:
            with whole_file(path) as partial:
                partial.write_text(json.dumps(values, separators=(",", ":")), encoding="utf-8")
        except OSError as error:
            raise TableError(
                f"cannot write the time table {str(path)!r}: {error.strerror}; make room or "
                "choose another file"
            ) from None

    def of(self, setting: Setting) -> LayerTimes:
        """The times in one setting; empty ones if there are none yet."""
        return self.times.setdefault(setting, LayerTimes())

    def tell_at(self, calm_ms: CalmMs | None) -> None:
        """Tells all times at the pace of these pacemakers, as those that are to come will be.

        The machine was found to be quicker than when the table was made, or the other way round: a
        setting's times change as those of the pacemakers beside its median network do.

        Args:
            calm_ms: of the pacemakers; None: not known, and nothing changes.
        """
        if calm_ms is None or calm_ms == self.calm_ms:
            return
        if self.calm_ms is not None:
            for times in self.times.values():
                if times.totals:
                    middle_ms = median(whole for _, whole in times.totals)
                    like = weights(self.calm_ms, middle_ms)
                    times.rescale(scale(like, self.calm_ms, calm_ms))
        self.calm_ms = calm_ms

    def is_of(self, machine: Mapping[str, Any]) -> bool:
        """Whether the times are of this device, and of this version of torch."""
        return difference(self.machine, machine) is None

    def check_same_device(self, machine: Mapping[str, Any], path: Path) -> None:
        """Refuses to mix the times of two devices, or of two versions of torch.

        Args:
            machine: of the table in the file.
            path: of that file.

        Raises:
            TableError: naming what differs.
        """
        if (differs := difference(machine, self.machine)) is not None:
            raise TableError(
                f"{path}: a time table of another machine ({differs}); choose another file to "
                "measure into"
            )


def default_table(folder: Path, machine: Mapping[str, Any]) -> Path:
    """The place of a machine's own table in the cache folder: one for each device and torch."""
    return folder / "times" / f"{device_slug(machine)}.json"


def _written(setting: Setting, times: LayerTimes) -> dict[str, Any]:
    return {
        "what": setting.what,
        "batch": setting.batch,
        "dtype": setting.dtype,
        "columns": ["kind", "sizes", "macs", "values", "params", "ms", "seen"],
        "layers": [
            [u.kind, u.sizes, u.macs, u.values, u.params, round(each.ms, 6), each.seen]
            for each in times.units.values()
            for u in (each.unit,)
        ],
        "networks": sorted(times.networks),
        "totals": [[round(ms, 6) for ms in pair] for pair in times.totals],
        "checks": [[round(ms, 6) for ms in pair] for pair in times.checks],
    }


def _read_times(values: Mapping[str, Any]) -> tuple[Setting, LayerTimes]:
    what, dtype = values["what"], values["dtype"]
    if what not in ("forward", "train_step") or dtype not in DTYPES:
        raise ValueError(f"unknown setting {what!r}, {dtype!r}")
    batch = values["batch"]
    if type(batch) is not int or batch < 1:
        raise ValueError(f"batch {batch!r}")
    units = []
    for kind, sizes, macs, moved, params, ms, seen in values["layers"]:
        unit = LayerSignature(str(kind), str(sizes), int(macs), int(moved), int(params))
        units.append(LayerTime(unit, _time(ms), int(seen)))
    totals, checks = (
        [(_time(first), _time(second)) for first, second in values[name]]
        for name in ("totals", "checks")
    )
    networks = [str(each) for each in values["networks"]]
    return Setting(what, batch, dtype), LayerTimes(units, totals, checks, networks)


def _time(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"not a number of milliseconds: {value!r}")
    if not (isfinite(value) and value > 0):
        raise ValueError(f"not a time: {value!r} ms")
    return float(value)


def _damaged(path: Path, why: str) -> TableError:
    return TableError(f"{path}: a damaged time table ({why}); delete it and make it again")
