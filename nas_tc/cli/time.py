"""`nas-tc time`: what a network costs by the clock."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_tc.cli.console import console, parse_shape, shape_text
from nas_tc.errors import NasTcError, TableError, unknown
from nas_tc.zoo import find_network

if TYPE_CHECKING:
    from nas_tc.architecture import Architecture
    from nas_tc.latency import TimeTable
    from nas_tc.timing import ReferenceSpeed, Setting


def time(
    network: Annotated[
        str,
        typer.Argument(
            help="A network of the zoo (J), the paper's notation, or a JSON file.",
            show_default=False,
        ),
    ],
    input: Annotated[
        str | None,
        typer.Option(help="Channels, height and width, as in 3x32x32.", show_default="its own"),
    ] = None,
    batch: Annotated[int, typer.Option(help="Images at once.")] = 1,
    against: Annotated[
        str | None,
        typer.Option(help="A network to compare with, on the same input.", show_default="none"),
    ] = None,
    limit_ms: Annotated[
        float | None,
        typer.Option(
            help="Milliseconds; measures until the verdict is clear.", show_default="none"
        ),
    ] = None,
    train_step: Annotated[
        bool, typer.Option("--train-step", help="Time a training step, not a forward pass.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    dtype: Annotated[str, typer.Option(help="fp32 or bf16.")] = "fp32",
    repeats: Annotated[int, typer.Option(help="Samples at least.")] = 400,
    rebuilds: Annotated[
        int,
        typer.Option(
            "--rebuilds", "--builds", help="How often the network is built again, on a processor."
        ),
    ] = 30,
    time_table: Annotated[
        Path | None,
        typer.Option(
            help="A table of nas-tc calibrate that predicts the time.",
            show_default="this device's, if there is one",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Time of a network: one thread, with an interval and what it was measured on."""
    least = min(batch, repeats, rebuilds)
    if least < 1:
        raise NasTcError(f"--batch, --repeats and --rebuilds must be 1 or more, not {least}")
    if limit_ms is not None and not limit_ms > 0:
        raise NasTcError(f"--limit-ms must be more than 0, not {limit_ms:g}")
    architecture = find_network(network)
    if input is not None:
        architecture = architecture.at(parse_shape(input))
    reference = None
    if against is not None:
        reference = find_network(against).at(architecture.input, architecture.classes)

    from nas_tc.cli.measured import by_builds, by_one_build, watch_of  # noqa: PLC0415
    from nas_tc.timing import (  # noqa: PLC0415 - torch takes seconds
        DTYPES,
        Setting,
        one_thread,
        timing_machine,
        work_of,
    )
    from nas_tc.training import choose_device  # noqa: PLC0415

    if dtype not in DTYPES:
        raise unknown("dtype", dtype, DTYPES)
    chosen = choose_device(device)
    setting = Setting("train_step" if train_step else "forward", batch, dtype)
    networks = [architecture] if reference is None else [architecture, reference]
    builders = [partial(work_of, each, setting, chosen) for each in networks]
    with one_thread():
        machine = timing_machine(chosen)
        table = _table(time_table, machine)  # read before what takes seconds
        watch = watch_of(chosen)
        speed = watch.reference_speed
        predicted = _predicted(architecture, setting, time_table, table, machine, speed)
        if chosen.type == "cpu":
            found = by_builds(watch, builders, limit_ms, rebuilds, repeats)
        else:
            found = by_one_build(watch, builders, limit_ms, repeats)
    values: dict[str, Any] = {
        "network": network,
        "input": list(architecture.input),
        "batch": batch,
        "device": chosen.type,
        "dtype": dtype,
        "what": setting.what,
        **found,
        **predicted,
    }
    if limit_ms is not None:
        values["limit_ms"] = limit_ms
    if against is not None:
        values["against"] = against
    values["machine"] = machine
    if as_json:
        typer.echo(json.dumps(values, indent=2))
    else:
        _print(values)


def _table(file: Path | None, machine: dict[str, Any]) -> "TimeTable | None":
    """The table that was named, or else this device's own; None if there is none.

    Raises:
        TableError: a table that cannot be read.
    """
    from nas_tc.data.cache import cache_folder  # noqa: PLC0415
    from nas_tc.latency import TimeTable, default_table  # noqa: PLC0415

    cache = cache_folder()
    path = file or (None if cache is None else default_table(cache, machine))
    if path is None or (file is None and not path.exists()):
        return None
    return TimeTable.read(path)


def _predicted(
    architecture: "Architecture",
    setting: "Setting",
    file: Path | None,
    table: "TimeTable | None",
    machine: dict[str, Any],
    reference_speed: "ReferenceSpeed | None",
) -> dict[str, Any]:
    """The network's time by a table; nothing if this device's own has no layers like these.

    Raises:
        TableError: A table was named that has no layers like these.
    """
    if table is None:
        return {}
    if reference_speed is not None and table.is_of(machine):
        table.rescale_to(reference_speed.quiet_ms)
    prediction = table.of(setting).predict(architecture)
    if prediction is None:
        if file is None:
            return {}
        raise TableError(
            f"{file} has no time of {setting} for layers like these; add them with nas-tc "
            "calibrate --reference"
        )
    return {
        "predicted_ms": prediction.ms,
        "predicted_layers": prediction.layers,
        "predicted_guessed": prediction.guessed,
        "predicted_for": table.machine["device"],
    }


def _print(values: dict[str, Any]) -> None:
    screen = console()
    machine = values["machine"]
    what = "a training step" if values["what"] == "train_step" else "a forward pass"
    images = "1 image" if values["batch"] == 1 else f"{values['batch']} images"
    shape = shape_text(tuple(values["input"]))
    screen.print(f"{values['network']} at {shape}: {what} of {images}", markup=False)
    screen.print(
        f"time     {values['latency_ms']:.3f} ms ({values['low_ms']:.3f} to "
        f"{values['high_ms']:.3f}): {_counted(values)}"
    )
    if (slowdown := values["slowdown"]) is not None:
        screen.print(
            f"slowdown {slowdown:.3f}: the clock read {values['raw_ms']:.3f} ms; the time above is "
            "that of the quiet machine"
        )
    elif values["device"] == "cpu":
        screen.print(
            "slowdown not known: the cache is off (NAS_TC_CACHE) or cannot be written; the time "
            "above is what the clock read"
        )
    if "predicted_ms" in values:
        guessed, where = values["predicted_guessed"], values["predicted_for"]
        screen.print(
            f"table    {values['predicted_ms']:.3f} ms predicted by the layer times of {where}"
            + (f", {guessed} of {values['predicted_layers']} layers guessed" if guessed else ""),
            markup=False,
        )
    if "verdict" in values:
        screen.print(f"verdict  {values['verdict']} at a limit of {values['limit_ms']:g} ms")
    if "ratio" in values:
        screen.print(
            f"ratio    {values['ratio']:.4f} ({values['ratio_low']:.4f} to "
            f"{values['ratio_high']:.4f}) of {values['against']}, {values['rounds']} interleaved "
            "rounds",
            markup=False,
        )
    governor = machine["governor"] or "not shown"
    screen.print(
        f"machine  {machine['device']}, {values['dtype']}, 1 of {machine['cores']} threads, "
        f"{machine['instructions']}, torch {machine['torch']}, clock policy {governor}, load "
        f"{machine['load']}"
    )


def _counted(values: dict[str, Any]) -> str:
    which = "median" if values["quantile"] == 0.5 else "lower quartile"
    if values["rebuilds"] == 1:
        return f"{which} of {values['repeats']} repeats"
    return f"median of {values['rebuilds']} builds, {which} of {values['repeats']} repeats in all"
