"""`nas-tc calibrate`: makes a device's table of layer times, or tests it."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from nas_tc.architecture import Architecture
from nas_tc.cli import options
from nas_tc.cli.board import table_from_board, write_script
from nas_tc.cli.console import Screen, console, parse_shape, shape_text
from nas_tc.cli.json_output import print_json
from nas_tc.cli.network import network_of, surroundings
from nas_tc.errors import NasTcError
from nas_tc.space import Space, load_space

if TYPE_CHECKING:
    import torch

    from nas_tc.cost.measures import TimedPass
    from nas_tc.latency import LayerTimes, TimeTable
    from nas_tc.timing import ReferenceSpeed, Runtime, Setting

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
    as_json: options.JsonAtEnd = False,
    quiet: options.Quiet = False,
) -> None:
    """Make a table of layer times for this device. Stop it any time; run it again to go on."""
    screen = console(as_json=as_json, quiet=quiet)
    if board is not None:
        values = table_from_board(board, out, screen)
        if as_json:
            print_json(values)
        return
    found = load_space(space)
    found = found.at(found.input if input is None else parse_shape(input), classes)
    shape = shape_text(found.input)
    references = _references(reference or [], shape, head, norm, classes)
    arounds = [
        f"reference {name} at {shape}: {surroundings(name, network, head, norm)}"
        for name, network in references.items()
    ]

    from nas_tc.cli.measured import device_of  # noqa: PLC0415 - torch takes seconds
    from nas_tc.data.cache import cache_folder  # noqa: PLC0415
    from nas_tc.timing import (  # noqa: PLC0415
        Setting,
        check_setting,
        find_reference_speed,
        one_thread,
    )
    from nas_tc.training import settle_on_core, take_huge_pages  # noqa: PLC0415

    chosen = device_of(device, runtime)
    if eager and chosen.type == "cpu":
        raise NasTcError("--eager: a processor launches no kernels; leave the option out")
    what: TimedPass = "train_step" if train_step else "forward"
    setting = Setting(what, batch, dtype, eager, cast("Runtime", runtime))
    check_setting(setting, chosen.type)
    if script is not None:
        values = write_script(script, found, references, setting, networks, screen)
        if as_json:
            print_json(values)
        return
    if chosen.type == "cpu":
        settle_on_core()
        take_huge_pages()  # it looks at one build of each network only
    with one_thread():
        table, out = _open_table(out, chosen)
        speed = find_reference_speed(chosen, cache_folder(), setting.runtime)
        table.rescale_to(None if speed is None else speed.quiet_ms, setting.runtime)
        if check:
            from nas_tc.cli.calibrate_check import check_table  # noqa: PLC0415

            picture = plot or out.with_suffix(".png")
            values = check_table(table, out, found, setting, chosen, speed, picture, screen)
        else:
            for around, network in zip(arounds, references.values(), strict=True):
                screen.print(around)
                _time_reference(table.of(setting), network, setting, chosen, speed)
            values = _fill(table, out, found, setting, chosen, speed, networks, screen)
    if as_json:
        print_json(values)


def _references(
    names: list[str], shape: str, head: str | None, norm: str | None, classes: int
) -> dict[str, Architecture]:
    """The networks that are timed beside those of the space, by name."""
    if not names and (head is not None or norm is not None):
        raise NasTcError("--head and --norm are for networks of --reference; name one")
    return {name: network_of(name, shape, head, norm, classes) for name in names}


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


def _time_reference(
    times: "LayerTimes",
    network: Architecture,
    setting: "Setting",
    device: "torch.device",
    speed: "ReferenceSpeed | None",
) -> None:
    """Times a network that was named, if the table lacks layers of it."""
    from nas_tc.latency import time_network  # noqa: PLC0415

    if times.untimed(network):
        time_network(times, network, setting, device, check=False, reference_speed=speed)


def _fill(
    table: "TimeTable",
    out: Path,
    space: Space,
    setting: "Setting",
    device: "torch.device",
    speed: "ReferenceSpeed | None",
    networks: int,
    screen: Screen,
) -> dict[str, Any]:
    """Times networks of a space until the table is full; gives the figures for other programs."""
    from nas_tc.latency import calibrate as run  # noqa: PLC0415

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
    return {
        "table": str(out),
        "device": table.machine["device"],
        "setting": str(setting),
        "networks_added": number,
        "layers": len(times.layers),
        "error_range": error,
    }
