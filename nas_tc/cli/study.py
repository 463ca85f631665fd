"""`nas-tc study rescue`: saves what is whole in a damaged study."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_tc.cli import options
from nas_tc.cli.console import console
from nas_tc.cli.json_output import print_json

if TYPE_CHECKING:
    from nas_tc.study.rescue import Rescued

_SHOWN = 10  # lines and numbers at most

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="A study file: save what is whole in a damaged one.",
)


@app.callback()
def _study() -> None:
    """A study file: save what is whole in a damaged one."""


@app.command("rescue")
def rescue(
    study: options.Study,
    out: Annotated[
        Path | None,
        typer.Option(help="File of the new study.", show_default="STUDY-saved.db, beside STUDY"),
    ] = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Save what is whole in a damaged study into a new one. The study itself stays as it is."""
    from nas_tc.study.rescue import rescue_study  # noqa: PLC0415

    saved = rescue_study(study, out)
    if as_json:
        print_json({"study": str(study), "damaged": saved is not None, **_values(saved)})
        return
    screen = console(quiet=quiet)
    if saved is None:
        screen.print(f"{study}: nothing is damaged")
        return
    for line in saved.dropped[:_SHOWN]:
        screen.print(f"lost: {line}")
    if len(saved.dropped) > _SHOWN:
        screen.print(f"lost: {len(saved.dropped) - _SHOWN} values more")
    if saved.lost:
        more = "" if len(saved.lost) <= _SHOWN else f" and {len(saved.lost) - _SHOWN} more"
        numbers = ", ".join(map(str, saved.lost[:_SHOWN]))
        screen.print(f"lost: {len(saved.lost)} trials: {numbers}{more}")
    if saved.record is None:
        screen.print(
            f"no study can be made of it; {saved.trials} networks with their errors: {saved.path}"
        )
        return
    weights = len(list(saved.record.weights_folder.glob("*.safetensors")))
    screen.print(
        f"saved: {saved.path}: {saved.trials} trials, {len(saved.record.trained)} of them "
        f"complete, and the weights of {weights}; go on with the same nas-tc search and --study "
        f"{saved.path}"
    )


def _values(saved: "Rescued | None") -> dict[str, Any]:
    """What was saved, for other programs; nothing where nothing is damaged."""
    if saved is None:
        return {}
    return {
        "saved": str(saved.path),
        "trials": saved.trials,
        "is_study": saved.record is not None,
        "lost_trials": list(saved.lost),
        "lost": list(saved.dropped),
    }
