"""`nas-tc export`: a network of a study as files that other programs run, each verified."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_tc.cli import options
from nas_tc.cli.console import Screen, console, new_table, percent, tell
from nas_tc.cli.json_output import print_json
from nas_tc.errors import DataError, NasTcError

if TYPE_CHECKING:
    from nas_tc.data import ImageData
    from nas_tc.export import Export
    from nas_tc.metric import Metric
    from nas_tc.study import StudyRecord, TrialRecord


def export(
    study: options.Study,
    out: Annotated[Path, typer.Option(help="Folder for the files.", show_default=False)],
    trial: Annotated[
        int | None,
        typer.Option(help="Number of a trial whose weights are kept.", show_default=False),
    ] = None,
    best: Annotated[
        bool, typer.Option("--best", help="The trial with the least validation error.")
    ] = False,
    format: Annotated[
        str | None,
        typer.Option(
            help="Formats, with commas: source (always), pt2 (torch.export), onnx, int8.",
            show_default="all whose libraries are installed",
        ),
    ] = None,
    data: options.DataOfStudy = None,
    int8_loss: Annotated[
        float,
        typer.Option(help="Most that 8 bits may add to the test error, percentage points."),
    ] = 1.0,
    unverified: Annotated[
        bool,
        typer.Option(
            "--unverified",
            help="Compare on noise, where the study's images are gone; without int8.",
        ),
    ] = False,
    as_json: options.JsonAtEnd = False,
    quiet: options.Quiet = False,
) -> None:
    """Hand a network over: source, weights, ONNX and more, each run again and compared."""
    if best == (trial is not None):
        raise NasTcError("which network? give either --trial N or --best")
    if not 0 <= int8_loss <= 100:
        raise NasTcError(f"--int8-loss must be 0 to 100 percentage points, not {int8_loss:g}")

    from nas_tc.export import export_trial, parse_formats  # noqa: PLC0415 - torch takes seconds
    from nas_tc.export.preprocess import UNKNOWN_PREPARATION, is_known  # noqa: PLC0415
    from nas_tc.study import read_study  # noqa: PLC0415
    from nas_tc.study.names import NetworkNames  # noqa: PLC0415

    formats = None if format is None else parse_formats(format)
    if unverified and formats is not None and "int8" in formats:
        raise NasTcError("--unverified: int8 needs the study's images; leave one of them out")
    record = read_study(study)
    chosen = record.best if trial is None else record.trial(trial)
    written = export_trial(
        record,
        chosen,
        out,
        formats=formats,
        images=None if unverified else _images(record, data),
        int8_loss=int8_loss / 100,
        note=(lambda _: None) if quiet else tell,
    )
    if as_json:
        print_json(_values(record, chosen, written))
        return
    screen = console(quiet=quiet)
    screen.print(f"trial {chosen.number}: {NetworkNames(record.trials)(chosen)}")
    _print_checks(screen, written, record.metric)
    for name, why in written.left_out.items():
        screen.print(f"note: {name} is left out: {why}")
    screen.print(f"export: {out}/ ({', '.join(path.name for path in written.paths)})")
    if not is_known(record.settings["data"]):
        screen.print(f"note: {UNKNOWN_PREPARATION}")
    if not quiet and formats is None and "onnx" not in [each.format for each in written.checks]:
        tell("note: for ONNX and int8: pip install 'nas-tc[onnx]'")


def _images(record: "StudyRecord", data: str | None) -> "ImageData":
    """The study's images."""
    from nas_tc.study.images import images_of  # noqa: PLC0415

    try:
        return images_of(record, data)
    except DataError as error:
        raise DataError(f"{error}; without the images: --unverified") from None


def _values(record: "StudyRecord", trial: "TrialRecord", written: "Export") -> dict[str, Any]:
    """The export for other programs."""
    from nas_tc.export.formats import FILES  # noqa: PLC0415
    from nas_tc.export.preprocess import is_known  # noqa: PLC0415

    return {
        "study": str(record.path),
        "trial": trial.number,
        "network": trial.network,
        "compared_on": written.images,
        "metric": record.metric.value,
        "error_as_trained": written.trained.error(record.metric),
        "checks": [
            {
                "format": check.format,
                "file": FILES[check.format],
                "runtime": check.runtime,
                "largest_difference": check.largest_difference,
                "largest_score": check.largest_score,
                "changed_classes": check.changed,
                "error": check.error(record.metric),
                "bytes": check.bytes,
            }
            for check in written.checks
        ],
        "left_out": dict(written.left_out),
        "preparation_known": is_known(record.settings["data"]),
        "files": [str(path) for path in written.paths],
    }


def _print_checks(screen: Screen, written: "Export", metric: "Metric") -> None:
    """A table of what each file differs from the trained network by."""
    from nas_tc.export.formats import FILES  # noqa: PLC0415

    error = percent(written.trained.error(metric))
    screen.print(f"compared on {written.images}; {metric.words} as trained: {error}")
    table = new_table(
        ("file", False),
        ("run by", False),
        ("largest difference", True),
        ("of", True),
        ("changed classes", True),
        (metric.words, True),
        ("MB", True),
    )
    for check in written.checks:
        table.add_row(
            FILES[check.format],
            check.runtime,
            f"{check.largest_difference:.2g}",
            f"{check.largest_score:.3g}",
            f"{check.changed:,}",
            percent(check.error(metric)),
            f"{check.bytes / 1e6:.2f}",
        )
    screen.print(table)
