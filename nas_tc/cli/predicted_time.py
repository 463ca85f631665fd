"""The predicted time of a network, as `nas-tc time` prints it; loads torch."""

from pathlib import Path
from typing import Any

import torch

from nas_tc.architecture import Architecture
from nas_tc.errors import CaptureError, TableError
from nas_tc.latency import Prediction, TimeTable, own_table_path, profile_layers
from nas_tc.timing import ReferenceSpeed, Setting

_RUNS = 6  # of a network whose layers the table lacks
_MOST_NEW = 0.25  # share of a network's layers that are guessed, where the clock is at hand


def predicted_time(
    architecture: Architecture,
    setting: Setting,
    device: torch.device,
    table: TimeTable | None,
    file: Path | None,
    machine: dict[str, Any],
    reference_speed: ReferenceSpeed | None,
) -> dict[str, Any]:
    """The time of a network by a table of layer times, from before the network is timed as a whole.

    Layers that this device's own table lacks are timed at once, and kept in it. A table that was
    named stays as it is, and its guesses count. Call it within `one_thread` on a processor.

    Args:
        architecture: The network.
        setting: Pass, batch and type of numbers.
        device: Device at hand.
        table: Table from `find_table`; None if this device has none yet.
        file: File of the table, if it was named; None: the table is this device's own.
        machine: From `timing_machine`.
        reference_speed: Speed that times are corrected to.

    Returns:
        `predicted_ms` and what belongs to it; nothing if layers cannot be timed one by one.

    Raises:
        TableError: The named table has no times of the setting.
    """
    table = table or TimeTable(machine)
    if reference_speed is not None and (file is None or table.is_of(machine)):
        table.rescale_to(reference_speed.quiet_ms, setting.runtime)
    times = table.of(setting)
    prediction = times.predict(architecture)
    if file is not None:
        if prediction is None:
            raise TableError(
                f"{file} has no times of {setting}; add them with nas-tc calibrate --reference"
            )
        return _values(prediction, 0, table)
    timed = 0
    if _rests_on_guesses(prediction):
        try:
            profile = profile_layers(
                architecture,
                setting,
                device,
                least_s=0.0,
                fewest=_RUNS,
                reference_speed=reference_speed,
            )
        except CaptureError:
            return {}
        new = times.add_new(profile)
        timed = len(new)
        prediction = times.predict(architecture)
        path = own_table_path(machine)
        if timed and path is not None:
            # After the prediction, which is one of its layers alone.
            times.add(architecture, profile, counted=new)
            _keep(table, path)
    return _values(prediction, timed, table)


def _rests_on_guesses(prediction: Prediction | None) -> bool:
    """Whether a prediction rests on layers like none, or on many guesses, or there is none."""
    if prediction is None or prediction.unlike:
        return True
    return prediction.guessed > _MOST_NEW * prediction.layers


def _keep(table: TimeTable, path: Path) -> None:
    try:
        table.write(path)
    except TableError:  # a cache that cannot be written spoils no measurement
        return


def _values(prediction: Prediction | None, timed: int, table: TimeTable) -> dict[str, Any]:
    assert prediction is not None
    is_known = prediction.low_ms > 0
    return {
        "predicted_ms": prediction.ms,
        "predicted_low_ms": prediction.low_ms if is_known else None,
        "predicted_high_ms": prediction.high_ms if is_known else None,
        "predicted_layers": prediction.layers,
        "predicted_guessed": prediction.guessed,
        "predicted_unlike": prediction.unlike,
        "predicted_timed": timed,
        "predicted_for": table.machine["device"],
    }
