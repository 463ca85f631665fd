"""`nas-tc calibrate --check`: how well a table predicts unseen networks; loads torch."""

from dataclasses import asdict
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from nas_tc.cli.console import Screen, new_table, shape_text
from nas_tc.cost import complexity
from nas_tc.errors import CaptureError, TableError
from nas_tc.latency import TimeTable, agreement, nodes_of, scaled, unseen_networks
from nas_tc.report import draw_agreement
from nas_tc.space import Space
from nas_tc.timing import (
    GraphRun,
    ReferenceSpeed,
    Run,
    Setting,
    Stopwatch,
    stopwatch,
    time_rebuilds,
    work_of,
)

_CHECKED = 40  # networks
_CHECK_SEED = 2015  # not one that calibration draws with
_CHECK_REBUILDS = 5  # of each network that is checked
_CHECK_S = 0.1  # with each build


def check_table(
    table: TimeTable,
    out: Path,
    space: Space,
    setting: Setting,
    device: torch.device,
    speed: ReferenceSpeed | None,
    plot: Path,
    screen: Screen,
) -> dict[str, Any]:
    """Times networks that a table has not seen, and compares its predictions; keeps its errors.

    Args:
        table: Table to test; call it within `one_thread`.
        out: File of the table.
        space: Space that the networks are drawn from.
        setting: Pass, batch, type of numbers and runtime.
        device: Device at hand.
        speed: Speed that times are corrected to; None: they are what the clock read.
        plot: File of the picture.
        screen: Where the figures are printed.

    Returns:
        The figures, for other programs.

    Raises:
        TableError: The table has no times of the setting, or all networks of the space.
        CaptureError: Networks cannot be captured as the setting asks.
    """
    if setting not in table.times:
        raise TableError(
            f"{out} has no times of {setting}; run nas-tc calibrate without --check first"
        )
    times = table.of(setting)
    networks = list(islice(unseen_networks(times, space, _CHECK_SEED), _CHECKED))
    if not networks:
        raise TableError(f"{out} has every network of {space.name!r}: there is none to test with")
    watch = stopwatch(device, speed)
    measured, predicted, guessed, unlike = [], [], 0, 0
    for number, network in enumerate(networks, start=1):
        prediction = times.predict(network)
        assert prediction is not None
        build = partial(work_of, network, setting, device)
        if device.type == "cpu":
            rebuilt = time_rebuilds(
                watch,
                [build],
                rebuilds=_CHECK_REBUILDS,
                rebuild_s=_CHECK_S,
                most_s=10.0,
            )
            measured.append(rebuilt.time().value)
        else:
            measured.append(_replay_ms(watch, build(), setting))
        predicted.append(prediction.ms)
        guessed += prediction.guessed
        unlike += prediction.unlike > 0
        times.add_check(prediction.ms, measured[-1])
        if number % 10 == 0:
            screen.print(f"{number}/{len(networks)} networks")
    formula = scaled([complexity(each) for each in networks], measured)
    rows = new_table(
        ("of the time", False),
        ("Spearman", True),
        ("median error", True),
        ("worst error", True),
        ("within 10 %", True),
    )
    by_formula, by_table = (agreement(each, measured) for each in (formula, predicted))
    for name, found in (("Eqn. (1), scaled to fit", by_formula), ("the table", by_table)):
        rows.add_row(
            name,
            f"{found.spearman:.3f}",
            f"{found.median_error:.1%}",
            f"{found.worst_error:.1%}",
            f"{found.within:.1%}",
        )
    title = f"{space.name} at {shape_text(space.input)}, {setting}"
    screen.print(f"{len(networks)} networks of {title}")
    screen.print(rows)
    layers = sum(len(nodes_of(each)) for each in networks)
    screen.print(f"{guessed / layers:.1%} of their layers were never timed and are guessed")
    if unlike:
        screen.print(
            f"{unlike} of the networks have layers like none in the table: run nas-tc calibrate "
            "without --check, and it learns them"
        )
    draw_agreement(measured, predicted, formula, plot, title)
    screen.print(f"picture: {plot}")
    table.write(out)
    return {
        "table": str(out),
        "device": table.machine["device"],
        "setting": str(setting),
        "by_table": asdict(by_table),
        "by_complexity": asdict(by_formula),
        "guessed_layers": guessed / layers,
        "networks_with_unlike_layers": unlike,
        "picture": str(plot),
    }


def _replay_ms(watch: Stopwatch, run: Run, setting: Setting) -> float:
    """Milliseconds of a pass on a GPU, launched as the setting asks.

    Raises:
        CaptureError: It was to be replayed, and cannot be captured.
    """
    if isinstance(run, GraphRun) and run.graph is None:
        raise CaptureError(
            f"{setting} cannot be captured in a CUDA graph ({run.reason}); check a table of nas-tc "
            "calibrate --eager instead"
        )
    return watch.time(run, repeats=40, least_s=0.5, most_s=10.0).value
