"""Settings, versions, machine and commands of a study, as rows of text."""

from collections.abc import Mapping, Sequence
from typing import Any

from nas_tc._files import as_text
from nas_tc.study import StudyRecord

Rows = list[tuple[str, str]]


def settings_rows(record: StudyRecord) -> dict[str, Rows]:
    """The settings by heading: budget, space, images, training.

    Args:
        record: Record of the study.
    """
    kept = record.settings
    budget, data, space = kept["budget"], kept["data"], kept["space"]
    limits = [f"{each['measure']}: {each['expression']}" for each in budget.get("limits", ())]
    limits += [each["expression"] for each in budget.get("times", ())]
    own: Rows = [("budget", budget["expression"])]
    if budget["complexity"]:
        own.append(("multiply-adds", f"{budget['complexity']:,} at most"))
    if len(limits) > 1:
        own.append(("limits", "; ".join(limits)))
    own += [("metric", record.metric.words), ("seed", str(kept["seed"]))]
    own.append(("experience", kept.get("experience") or "none"))
    stages = [
        (f"stage {number}", "; ".join(f"{k} {_text(v)}" for k, v in stage.items() if v))
        for number, stage in enumerate(space["stages"], start=1)
    ]
    images: Rows = [
        ("images", data["name"]),
        *(
            (name, f"{data[key]:,}")
            for name, key in (
                ("for training", "train_images"),
                ("for validation", "validation_images"),
                ("for the test", "test_images"),
            )
            if key in data
        ),
        ("shape", "x".join(map(str, data["shape"]))),
        ("classes", str(len(data["classes"]))),
        ("checksum", str(data["checksum"])),
    ]
    recipe = [(name.replace("_", " "), _text(value)) for name, value in kept["recipe"].items()]
    clean = as_text
    return {
        name: [(clean(key), clean(str(value))) for key, value in rows]
        for name, rows in (
            ("Search", own),
            (f"Space {space['name']}", stages),
            ("Images", images),
            ("Recipe", recipe),
        )
    }


def run_rows(run: Mapping[str, Any]) -> Rows:
    """What a run was made with: versions and the machine.

    Args:
        run: Record of the run.
    """
    machine = run.get("machine", {})
    rows = [
        ("system", machine.get("system", "")),
        ("processor", f"{machine.get('processor', '')}, {machine.get('cores', '?')} cores"),
    ]
    if memory := machine.get("memory_bytes"):
        rows.append(("memory", f"{memory / 2**30:.1f} GiB"))
    if gpus := machine.get("gpus"):
        rows.append(("GPUs", ", ".join(gpus)))
    packages = {"python": run.get("python", ""), **run.get("packages", {})}
    rows.append(("versions", ", ".join(f"{name} {each}" for name, each in packages.items())))
    return [(key, as_text(str(value))) for key, value in rows]


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_text(each)}" for key, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_text(each) for each in value) or "none"
    return str(value)
