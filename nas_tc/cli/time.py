"""`nas-tc time`: what a network costs by the clock."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from nas_tc.cli import options
from nas_tc.cli.console import console, images_text, shape_text
from nas_tc.cli.network import companion, described, network_of, surroundings
from nas_tc.errors import NasTcError

if TYPE_CHECKING:
    import torch

    from nas_tc.architecture import Architecture
    from nas_tc.cost.measures import TimedPass
    from nas_tc.timing import Runtime, Setting


def time(
    network: options.Network,
    input: options.Input = None,
    head: options.Head = None,
    norm: options.Norm = None,
    classes: options.Classes = None,
    batch: options.Batch = 1,
    against: Annotated[
        str | None,
        typer.Option(
            help="Another network, timed interleaved with this one on the same input.",
            show_default="none",
        ),
    ] = None,
    limit_ms: Annotated[
        float | None,
        typer.Option(
            help="A limit in milliseconds: measure until the verdict is clear.",
            show_default="none",
        ),
    ] = None,
    train_step: options.TrainStep = False,
    device: options.Device = "auto",
    dtype: options.Dtype = "fp32",
    runtime: options.Runtime = "torch",
    repeats: Annotated[
        int, typer.Option(help="Least number of samples.", callback=options.at_least(1))
    ] = 400,
    rebuilds: Annotated[
        int,
        typer.Option(
            "--rebuilds",
            "--builds",
            help="How often the network is built anew, on a processor.",
            callback=options.at_least(1),
        ),
    ] = 30,
    time_table: options.TimeTable = None,
    predict: Annotated[
        bool,
        typer.Option(
            "--predict",
            help="Predict the time from those of the layers, and do not time the whole network. "
            "Layers that this device's table lacks are timed.",
        ),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Time of a network: one thread, with an interval and what it was measured on."""
    if predict and (against is not None or limit_ms is not None):
        raise NasTcError("--predict times no network: leave --against and --limit-ms out")
    if limit_ms is not None and not limit_ms > 0:
        raise NasTcError(f"--limit-ms must be more than 0, not {limit_ms:g}")
    architecture = network_of(network, input, head, norm, classes)
    networks = [architecture]
    if against is not None:
        networks.append(companion(against, architecture, head, norm))

    from nas_tc.cli.measured import device_of  # noqa: PLC0415 - torch takes seconds
    from nas_tc.timing import Setting, check_setting  # noqa: PLC0415

    chosen = device_of(device, runtime)
    what: TimedPass = "train_step" if train_step else "forward"
    setting = Setting(what, batch, dtype, runtime=cast("Runtime", runtime))
    check_setting(setting, chosen.type)
    found = _measured(
        networks, setting, chosen, limit_ms, rebuilds, repeats, time_table, predict=predict
    )
    values: dict[str, Any] = {
        "network": network,
        **described(architecture),
        "batch": batch,
        "device": chosen.type,
        "dtype": dtype,
        "what": setting.what,
        "runtime": _runtime(setting),
        **({} if limit_ms is None else {"limit_ms": limit_ms}),
        **({} if against is None else {"against": against}),
        **found,
    }
    if as_json:
        typer.echo(json.dumps(values, indent=2))
    else:
        _print(values, surroundings(network, architecture, head, norm))


def _runtime(setting: "Setting") -> str:
    """The program that runs the network, and its version."""
    import torch  # noqa: PLC0415

    from nas_tc.onnx_graph import ort_version  # noqa: PLC0415

    return (
        f"torch {torch.__version__}"
        if setting.runtime == "torch"
        else f"onnxruntime {ort_version()}"
    )


def _measured(
    networks: "list[Architecture]",
    setting: "Setting",
    device: "torch.device",
    limit_ms: float | None,
    rebuilds: int,
    repeats: int,
    file: Path | None,
    *,
    predict: bool,
) -> dict[str, Any]:
    """Figures of the first network, the ratio to a second one, the prediction, the machine."""
    from nas_tc.cli.measured import by_builds, by_one_build, watch_of  # noqa: PLC0415
    from nas_tc.cli.predicted_time import predicted_time  # noqa: PLC0415
    from nas_tc.latency import find_table  # noqa: PLC0415
    from nas_tc.timing import one_thread, timing_machine, work_of  # noqa: PLC0415

    builders = [partial(work_of, each, setting, device) for each in networks]
    with one_thread():
        machine = timing_machine(device)
        table = find_table(file, machine)  # refuses what cannot be read before what takes seconds
        watch = watch_of(device, setting.runtime)
        predicted = predicted_time(
            networks[0], setting, device, table, file, machine, watch.reference_speed
        )
        if predict:
            found: dict[str, Any] = {}
        elif device.type == "cpu":
            found = by_builds(watch, builders, limit_ms, rebuilds, repeats)
        else:
            found = by_one_build(watch, builders, limit_ms, repeats)
    return {**found, **predicted, "machine": machine}


def _print(values: dict[str, Any], around: str) -> None:
    screen = console()
    machine = values["machine"]
    what = "a training step" if values["what"] == "train_step" else "a forward pass"
    images = images_text(values["batch"])
    shape = shape_text(tuple(values["input"]))
    screen.print(f"{values['network']} at {shape}: {what} of {images}")
    screen.print(f"network   {around}")
    if "latency_ms" not in values:
        screen.print(_predicted_text(values))
        screen.print(f"machine   {_machine(machine, values['dtype'], values['runtime'])}")
        return
    screen.print(
        f"time      {values['latency_ms']:.3f} ms ({values['low_ms']:.3f} to "
        f"{values['high_ms']:.3f}): {_counted(values)}"
    )
    if "eager_ms" in values:
        screen.print(_eager(values))
    if (slowdown := values["slowdown"]) is not None:
        screen.print(
            f"slowdown  {slowdown:.3f} of the machine, against its reference speed; by the clock "
            f"the network takes {values['raw_ms']:.3f} ms"
        )
    elif values["device"] == "cpu":
        screen.print(
            "slowdown  not known, for the cache is off (NAS_TC_CACHE) or cannot be written: the "
            "time above is uncorrected"
        )
    if "predicted_ms" in values:
        screen.print(_predicted_text(values))
    if "verdict" in values:
        screen.print(f"verdict   {values['verdict']} at a limit of {values['limit_ms']:g} ms")
    if "ratio" in values:
        screen.print(
            f"ratio     {values['ratio']:.4f} ({values['ratio_low']:.4f} to "
            f"{values['ratio_high']:.4f}) of {values['against']}, from {values['rounds']} "
            "interleaved rounds"
        )
    screen.print(f"machine   {_machine(machine, values['dtype'], values['runtime'])}")


def _predicted_text(values: dict[str, Any]) -> str:
    """The predicted time with its range, and what it rests on."""
    if "predicted_ms" not in values:
        return "predicted nothing: no CUDA graph could be made, so layers are not timed one by one"
    text = f"predicted {values['predicted_ms']:.3f} ms"
    if values["predicted_low_ms"] is not None:
        text += f" ({values['predicted_low_ms']:.3f} to {values['predicted_high_ms']:.3f})"
    text += f" by a table of layer times of {values['predicted_for']}"
    for name, what in (
        ("timed", "timed for it"),
        ("guessed", "guessed"),
        ("unlike", "like none in the table"),
    ):
        if number := values[f"predicted_{name}"]:
            text += f", {number} of {values['predicted_layers']} layers {what}"
    return text


def _machine(machine: dict[str, Any], dtype: str, runtime: str) -> str:
    """What the time was measured on: the device, its settings, its host."""
    if machine["cuda"] is None:
        return (
            f"{machine['device']}, {dtype}, 1 of {machine['cores']} threads, "
            f"{machine['instructions']}, {runtime}, clock policy "
            f"{machine['governor'] or 'not shown'}, load {machine['load']}"
        )
    numbers = dtype
    if dtype == "fp32" and machine["tf32"] != "none":
        numbers += f" ({machine['tf32']} in TF32)"
    known = [
        f"{label} {machine[name]:g}{unit}"
        for label, name, unit in (
            ("clock at most", "max_sm_mhz", " MHz"),  # the other one may be that of an idle GPU
            ("power limit", "power_limit_w", " W"),
        )
        if machine[name] is not None
    ]
    settings = ", ".join([f"driver {machine['driver'] or 'not shown'}", *known])
    return (
        f"{machine['device']}, {numbers}, torch {machine['torch']}, CUDA {machine['cuda']}, "
        f"{settings}, MIG {machine['mig'] or 'not shown'}, host {machine['processor']}, load "
        f"{machine['load']}"
    )


def _eager(values: dict[str, Any]) -> str:
    """What a program waits for that launches the kernels of a GPU one by one."""
    if (reason := values["not_captured"]) is not None:
        return (
            f"eager     the same: no CUDA graph could be made of it ({reason}), so the time above "
            "holds the launches of the host"
        )
    return (
        f"eager     {values['eager_ms']:.3f} ms ({values['eager_low_ms']:.3f} to "
        f"{values['eager_high_ms']:.3f}), {values['eager_ratio']:.2f} times as long: the host "
        "launches kernel by kernel; above, a CUDA graph is replayed"
    )


def _counted(values: dict[str, Any]) -> str:
    which = "median" if values["quantile"] == 0.5 else "lower quartile"
    if values["rebuilds"] == 1:
        return f"{which} of {values['repeats']} repeats"
    return f"median of {values['rebuilds']} builds, {which} of {values['repeats']} repeats in all"
