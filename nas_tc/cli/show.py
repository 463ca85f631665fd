"""`nas-tc show`: a study, or one of its trials, on the screen; nothing is written."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_tc._files import as_text
from nas_tc._words import counted
from nas_tc.cli import options
from nas_tc.cli.console import Screen, console, new_table, percent, shape_text
from nas_tc.cli.front_table import print_front
from nas_tc.cli.json_output import print_json

if TYPE_CHECKING:
    from nas_tc.study import StudyRecord, TrialRecord


def show(
    study: options.Study,
    trial: Annotated[
        int | None, typer.Option(help="Number of a trial to show.", show_default=False)
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Show a study, or one of its trials, without writing anything."""
    from nas_tc.study import read_study  # noqa: PLC0415

    record = read_study(study)
    if trial is not None:
        found = record.trial(trial)
        if as_json:
            print_json(_trial_values(record, found))
        else:
            _show_trial(console(), record, found)
        return
    if as_json:
        from nas_tc.report import manifest  # noqa: PLC0415

        print_json({"study": str(record.path), **manifest(record)})
        return
    _show_study(console(), record)


def _show_study(screen: Screen, record: "StudyRecord") -> None:
    from nas_tc.report import (  # noqa: PLC0415
        against_baseline,
        against_own,
        front_of,
        landmarks_of,
        recommended,
    )

    kept = record.settings
    data, recipe = kept["data"], kept["recipe"]
    ends = ", ".join(f"{count} {state}" for state, count in record.states.items()) or "none yet"
    screen.print(f"study: {record.path}")
    screen.print(f"space: {kept['space']['name']}, budget {kept['budget']['expression']}")
    screen.print(
        f"images: {as_text(data['name'])}, {data['train_images']:,} for training, "
        f"{data['validation_images']:,} for validation, {len(data['classes'])} classes"
    )
    screen.print(
        f"training: {counted(recipe['epochs'], 'epoch')}, metric {record.metric.words}, "
        f"seed {kept['seed']}"
    )
    screen.print(f"trials: {ends}")
    front = front_of(record)
    landmarks = landmarks_of(record, front)
    if front or landmarks:
        print_front(screen, record, front, landmarks, ())
    choice = recommended(record)
    if choice is not None:
        screen.print(f"recommended: {choice.evidence}")
    for against in (against_baseline(record, choice), against_own(record, choice)):
        if against is not None:
            screen.print(str(against))
    for run in record.runs:
        screen.print(f"run {run['started']}: {as_text(str(run['command']))}")


def _show_trial(screen: Screen, record: "StudyRecord", trial: "TrialRecord") -> None:
    from nas_tc.study import weights_file  # noqa: PLC0415
    from nas_tc.study.names import head_name  # noqa: PLC0415

    on_front = any(trial.number == each.number for each in record.front)
    what = trial.state + (f", baseline {trial.baseline}" if trial.baseline else "")
    screen.print(f"trial {trial.number} of {record.path}: {what}{', on the front' * on_front}")
    screen.print(f"network: {trial.network}")
    screen.print(
        f"input {shape_text(trial.architecture.input)}, head {head_name(trial.architecture)}, "
        f"{trial.architecture.depth} layers, "
        f"{trial.complexity:,} multiply-adds, {trial.params:,} parameters"
    )
    if trial.reason:
        screen.print(f"reason: {trial.reason}")
    if trial.repeat_of is not None:
        screen.print(f"the network of trial {trial.repeat_of} again")
    _show_errors(screen, record, trial)
    for name, figure in trial.times.items():
        screen.print(f"{name}: {_time(figure)}")
    if trial.genes:
        genes = (f"{name} {value}" for name, value in trial.genes.items())
        screen.print(f"genes: {', '.join(genes)}")
    kept = weights_file(record.path, trial.number).exists()
    command = "export" if kept else "train"
    screen.print(f"take it: nas-tc {command} {record.path} --trial {trial.number} --out DIR")


def _show_errors(screen: Screen, record: "StudyRecord", trial: "TrialRecord") -> None:
    """The errors of a trial: the last one, the learning curve, those with other seeds."""
    words, epochs = record.metric.words, record.settings["recipe"]["epochs"]
    if trial.val_errors:
        test = percent(trial.test_error)
        screen.print(f"val. {words}: {percent(trial.mean_val_error)}, test {test}")
        table = new_table(("epoch", True), (f"val. {words}", True), ("training loss", True))
        for epoch, error in trial.val_errors.items():
            loss = trial.train_losses.get(epoch)
            shown = "-" if loss is None else f"{loss:.4f}"
            table.add_row(f"{epoch}/{epochs}", percent(error), shown)
        screen.print(table)
    for which, spread in (("val.", trial.rerun_val_error), ("test", trial.rerun_test_error)):
        if spread is not None:
            screen.print(f"with other seeds, {which} {words}: {spread} over {spread.count}")


def _time(figure: Mapping[str, Any]) -> str:
    """A time in words: "1.500 ms, interval 1.400 to 1.700, predicted 1.800, accept"."""
    parts = [f"{figure['ms']:.3f} ms"]
    if "low_ms" in figure:
        parts.append(f"interval {figure['low_ms']:.3f} to {figure['high_ms']:.3f}")
    if figure.get("predicted_ms"):
        parts.append(f"predicted {figure['predicted_ms']:.3f}")
    if figure.get("verdict"):
        parts.append(str(figure["verdict"]))
    return ", ".join(parts)


def _trial_values(record: "StudyRecord", trial: "TrialRecord") -> dict[str, Any]:
    return {
        "trial": trial.number,
        "state": trial.state,
        "network": trial.network,
        "architecture": trial.architecture.to_dict(),
        "complexity": trial.complexity,
        "params": trial.params,
        "genes": dict(trial.genes),
        "on_front": any(trial.number == each.number for each in record.front),
        "metric": record.metric.value,
        "val_errors": dict(trial.val_errors),
        "train_losses": dict(trial.train_losses),
        "mean_val_error": trial.mean_val_error,
        "test_error": trial.test_error,
        "train_s": trial.train_s,
        "times": {name: dict(figure) for name, figure in trial.times.items()},
        "baseline": trial.baseline,
        "reason": trial.reason,
        "repeat_of": trial.repeat_of,
        "repeats": list(trial.repeats),
        "reruns": [vars(each) for each in trial.reruns],
        "reused": trial.reused,
    }
