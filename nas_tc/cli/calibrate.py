"""`nas-tc calibrate`: makes a device's table of layer times, or tests it."""

import time
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from nas_tc.cli import options
from nas_tc.cli.board import table_from_board, write_script
from nas_tc.cli.console import console, new_table, parse_shape, shape_text
from nas_tc.cli.network import network_of, surroundings
from nas_tc.errors import CaptureError, NasTcError, TableError
from nas_tc.space import Space, load_space

if TYPE_CHECKING:
    import torch

    from nas_tc.cost.measures import TimedPass
    from nas_tc.latency import TimeTable
    from nas_tc.timing import ReferenceSpeed, Run, Runtime, Setting, Stopwatch

_CHECKED = 40  # networks
_CHECK_SEED = 2015  # not one that calibration draws with
_CHECK_REBUILDS = 5  # of each network that is checked
_CHECK_S = 0.1  # with each build
_SAVE_EVERY_S = 10.0


def calibrate(
    space: options.Space = "plain-32",
    out: Annotated[
        Path | None,
        typer.Option(
            help="The table, made or added to.", show_default="this device's, in the cache"
        ),
    ] = None,
    input: options.SpaceInput = None,
    classes: options.SpaceClasses = 10,
    batch: options.Batch = 1,
    dtype: options.Dtype = "fp32",
    runtime: options.Runtime = "torch",
    train_step: options.TrainStep = False,
    eager: Annotated[
        bool,
        typer.Option(
            "--eager",
            help="On a GPU: time passes whose kernels the host launches one by one, for limits "
            "such as latency_eager<=1ms.",
        ),
    ] = False,
    reference: Annotated[
        list[str] | None,
        typer.Option(
            help="A network that budgets refer to, or that nas-tc time is to predict. Can be "
            "repeated.",
            show_default="none",
        ),
    ] = None,
    head: options.ReferenceHead = None,
    norm: options.ReferenceNorm = None,
    networks: Annotated[
        int, typer.Option(help="Most networks to time.", callback=options.at_least(1))
    ] = 300,
    check: Annotated[
        bool, typer.Option("--check", help="Test the table with 40 networks that it has not seen.")
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(help="Picture of the test.", show_default="beside the table")
    ] = None,
    device: options.Device = "auto",
    script: Annotated[
        Path | None,
        typer.Option(
            help="Write a Python file that times networks elsewhere, by onnxruntime.",
            show_default="none",
        ),
    ] = None,
    board: Annotated[
        Path | None,
        typer.Option(help="Make the table --out from what such a file wrote.", show_default="none"),
    ] = None,
) -> None:
    """Make a table of layer times for this device. Stop it any time; run it again to go on."""
    if board is not None:
        table_from_board(board, out)
        return
    found = load_space(space)
    found = found.at(found.input if input is None else parse_shape(input), classes)
    shape = shape_text(found.input)
    references = {name: network_of(name, shape, head, norm, classes) for name in reference or ()}
    if not references and (head is not None or norm is not None):
        raise NasTcError("--head and --norm are for networks of --reference; name one")

    from nas_tc.data.cache import cache_folder  # noqa: PLC0415
    from nas_tc.latency import time_network  # noqa: PLC0415 - torch takes seconds
    from nas_tc.timing import (  # noqa: PLC0415
        Setting,
        check_setting,
        find_reference_speed,
        one_thread,
    )
    from nas_tc.training import choose_device, settle_on_core, take_huge_pages  # noqa: PLC0415

    asked = "cpu" if device == "auto" and runtime == "onnxruntime" else device
    chosen = choose_device(asked)
    if eager and chosen.type == "cpu":
        raise NasTcError("--eager: a processor launches no kernels; leave the option out")
    what: TimedPass = "train_step" if train_step else "forward"
    setting = Setting(what, batch, dtype, eager, cast("Runtime", runtime))
    check_setting(setting, chosen.type)
    if script is not None:
        write_script(script, found, references, setting, networks)
        return
    if chosen.type == "cpu":
        settle_on_core()
        take_huge_pages()  # it looks at one build of each network only
    with one_thread():
        table, out = _open_table(out, chosen)
        speed = find_reference_speed(chosen, cache_folder())
        table.rescale_to(None if speed is None else speed.quiet_ms)
        if check:
            _check(table, out, found, setting, chosen, speed, plot or out.with_suffix(".png"))
            return
        for name, network in references.items():
            around = surroundings(name, network, head, norm)
            console().print(f"reference {name} at {shape}: {around}")
            if table.of(setting).untimed(network):
                time_network(
                    table.of(setting), network, setting, chosen, check=False, reference_speed=speed
                )
        _fill(table, out, found, setting, chosen, speed, networks)


def _open_table(out: Path | None, device: "torch.device") -> "tuple[TimeTable, Path]":
    """The table to make or to add to, and its file; call it within `one_thread`.

    Raises:
        NasTcError: No file is named, and the cache is off.
        TableError: A file that is no table, or one of another machine.
    """
    from nas_tc.latency import TimeTable, own_table_path  # noqa: PLC0415

    table = TimeTable.here(device)
    path = out or own_table_path(table.machine)
    if path is None:
        raise NasTcError("the cache is off (NAS_TC_CACHE): name the table with --out FILE")
    if not path.exists():
        return table, path
    there = TimeTable.read(path)
    table.check_same_device(there.machine, path)
    return there, path


def _fill(
    table: "TimeTable",
    out: Path,
    space: Space,
    setting: "Setting",
    device: "torch.device",
    speed: "ReferenceSpeed | None",
    networks: int,
) -> None:
    from nas_tc.latency import calibrate as run  # noqa: PLC0415

    screen = console()
    times = table.of(setting)
    screen.print(f"{space.name} at {shape_text(space.input)}: {setting}")
    saved, number = time.monotonic(), 0
    try:
        timing = run(times, space, setting, device, networks=networks, reference_speed=speed)
        for number, timed in enumerate(timing, 1):
            if number % 10 == 0:
                screen.print(
                    f"{number}/{networks} networks: {len(times.layers):,} layers, the last one "
                    f"{timed.measured_ms:.3g} ms with {timed.new} new"
                )
            if time.monotonic() - saved > _SAVE_EVERY_S:
                table.write(out)
                saved = time.monotonic()
    finally:
        table.write(out)
        screen.print(f"table: {out} ({number} networks more; {len(times.layers):,} layers)")
    error = times.error_range
    if error is not None:
        low, high = (ratio - 1 for ratio in error)
        screen.print(
            f"for networks that it had not seen, measured times were {low:+.1%} to {high:+.1%} off "
            "the predicted ones; --check looks closer"
        )


def _replay_ms(watch: "Stopwatch", run: "Run", setting: "Setting") -> float:
    """Milliseconds of a pass on a GPU, launched as the setting asks.

    Raises:
        CaptureError: It was to be replayed, and cannot be captured.
    """
    from nas_tc.timing import GraphRun  # noqa: PLC0415

    if isinstance(run, GraphRun) and run.graph is None:
        raise CaptureError(
            f"{setting} cannot be captured in a CUDA graph ({run.reason}); check a table of nas-tc "
            "calibrate --eager instead"
        )
    return watch.time(run, repeats=40, least_s=0.5, most_s=10.0).value


def _check(
    table: "TimeTable",
    out: Path,
    space: Space,
    setting: "Setting",
    device: "torch.device",
    speed: "ReferenceSpeed | None",
    plot: Path,
) -> None:
    from nas_tc.cost import complexity  # noqa: PLC0415
    from nas_tc.latency import agreement, nodes_of, scaled, unseen_networks  # noqa: PLC0415
    from nas_tc.report import draw_agreement  # noqa: PLC0415
    from nas_tc.timing import stopwatch, time_rebuilds, work_of  # noqa: PLC0415

    if setting not in table.times:
        raise TableError(
            f"{out} has no times of {setting}; run nas-tc calibrate without --check first"
        )
    times = table.of(setting)
    networks = list(islice(unseen_networks(times, space, _CHECK_SEED), _CHECKED))
    if not networks:
        raise TableError(f"{out} has every network of {space.name!r}: there is none to test with")
    watch, screen = stopwatch(device, speed), console()
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
    for name, times_ms in (("Eqn. (1), scaled to fit", formula), ("the table", predicted)):
        found = agreement(times_ms, measured)
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
