"""`nas_tc.search(...)`: from a budget to a front."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna

from nas_tc.architecture import format_notation
from nas_tc.budget import Limit, parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.data import Decoding, load_data
from nas_tc.errors import BudgetError, NasTcError
from nas_tc.search.driver import Driver
from nas_tc.search.environment import environment
from nas_tc.search.events import Listener, Silence
from nas_tc.search.pool import Pool
from nas_tc.search.records import RUNS_KEY, StudyRecord, record_of
from nas_tc.search.settings import Settings
from nas_tc.search.storage import lock_study, open_study, requeue_running
from nas_tc.space import Space, extreme_network, fitting, load_space
from nas_tc.training import AUGMENTATIONS, Recipe, choose_device, load_recipe

DEFAULT_TRIALS = 40
_LOCAL = Path("results") / "local"
_DECODED_STEP = 10_000  # images between two words about the decoding


def search(
    budget: str,
    *,
    space: str | Path | Space = "plain-32",
    data: str = "digits",
    train_images: int | None = None,
    trials: int = DEFAULT_TRIALS,
    workers: int | None = None,
    device: str = "auto",
    ray_address: str | None = None,
    study: str | Path | None = None,
    seed: int = 0,
    augment: str = "auto",
    listener: Listener | None = None,
    command: str = "nas_tc.search(...)",
    recipe: str | Path | Recipe = "quick",
    **fields: Any,
) -> StudyRecord:
    """Finds the most accurate networks of a space within a budget.

    Running it again resumes the study: finished trials stay, those that were in flight are run
    again. It may be stopped at any time, by Ctrl-C too; then what is there so far is returned.

    Args:
        budget: "alexnet*0.6", "120M", "complexity in 100M..120M, params<=5M"; see docs/budget.md.
        space: a space, the name of one that is shipped, or the path of a TOML file.
        data: "digits", "parquet:DIR", "imagefolder:DIR", "npz:FILE", "idx:DIR" or "hub:NAME".
        train_images: train on this many images only.
        trials: networks to train in all, those of earlier runs of the study included; networks
            that are pruned count.
        workers: processes that train; one a GPU or core if None.
        device: "auto", "cpu" or "cuda".
        ray_address: of a running Ray cluster to join.
        study: SQLite file; if None, one under results/local/ whose name says what it is.
        seed: of proposals and training.
        augment: "auto" (what suits the data), "none", "crop", "flip" or "crop+flip".
        listener: hears of what happens.
        command: how the search was called, for its manifest.
        recipe: a recipe, the name of one, or the path of a TOML file.
        **fields: of `nas_tc.training.Recipe`, in place of the recipe's own, e.g. `epochs=20`.

    Returns:
        The study: its `front`, `best` and all `trials`.

    Raises:
        NasTcError: anything that the user can put right, before any training if it is known then.
    """
    listener = listener or Silence()
    if trials < 1:
        raise NasTcError(f"trials must be 1 or more, not {trials}")
    if workers is not None and workers < 1:
        raise NasTcError(f"workers must be 1 or more, not {workers}")
    if not 0 <= seed < 2**15:
        raise NasTcError(f"seed must be 0 to {2**15 - 1}, not {seed}")
    parsed = parse_budget(budget)
    if parsed.times:
        raise BudgetError(
            f"a search cannot keep {parsed.times[0].text!r} yet: it checks complexity, params, "
            "memory and train_memory, by formula; limit one of these, such as 'alexnet*0.6'"
        )
    if not isinstance(space, Space):
        space = load_space(space)
    augmentation = _augmentation(augment)
    # A search decodes images at the size of its networks, so there is no margin to crop from.
    named = replace(recipe, **fields) if isinstance(recipe, Recipe) else None
    base = replace(named or load_recipe(str(recipe), **fields), margin=0)
    if ray_address is None:
        choose_device(device)

    path = Path(study) if study is not None else default_study(space, data, budget, train_images)
    with lock_study(path):
        decoding = Decoding(lambda done, total: _tell_decoded(done, total, listener))
        images = load_data(data, side=space.input[1:], train_images=train_images, decoding=decoding)
        listener.note(images.summary())
        chosen = augmentation
        if chosen is None:
            named_there = "augment" in fields or bool(base.augment)
            chosen = frozenset(base.augment) if named_there else images.augment
        settings = Settings(
            space=space.at(images.shape, len(images.classes)),
            limit=resolve_budget(parsed, images.shape, len(images.classes)),
            data=images,
            recipe=replace(base, augment=tuple(sorted(chosen))),
            seed=seed,
        )
        listener.note(f"budget: {settings.limit}")
        listener.note(_fit(settings.space, settings.limit))
        with open_study(path, settings.to_dict()) as opened:
            before = record_of(opened, path)
            _note_resume(before, trials, listener)
            interrupted = False
            if before.done < trials or any(trial.test_error is None for trial in before.front):
                _record_run(opened, before, command)
                try:
                    with Pool(
                        images,
                        settings.recipe,
                        device=device,
                        workers=workers,
                        address=ray_address,
                    ) as pool:
                        driver = Driver(opened, path, settings, pool, trials, listener)
                        driver.run()
                        driver.test_front()
                except KeyboardInterrupt:
                    interrupted = True
                    requeue_running(opened)
            return replace(record_of(opened, path), interrupted=interrupted)


def default_study(space: Space, data: str, budget: str, train_images: int | None) -> Path:
    """Where a study goes if nobody says: a name for each space, data and budget."""
    kind, _, place = data.partition(":")
    parts = [space.name, Path(place).resolve().name if place else kind]
    if train_images is not None:
        parts.append(str(train_images))
    slug = "-".join(re.sub(r"[^\w.@']+", "-", part).strip("-") for part in (*parts, budget))
    return _LOCAL / f"{slug}.db"


def _augmentation(text: str) -> frozenset[str] | None:
    """None where the data decides."""
    if text == "auto":
        return None
    names = frozenset() if text == "none" else frozenset(text.split("+"))
    if not names <= set(AUGMENTATIONS):
        raise NasTcError(
            f"unknown augmentation {text!r}; known: auto, none, crop, flip, colour, crop+flip"
        )
    return names


def _tell_decoded(done: int, total: int, listener: Listener) -> None:
    if done % _DECODED_STEP == 0 and done < total:
        listener.note(f"decoded {done:,} of {total:,} images")


def _fit(space: Space, limit: Limit) -> str:
    """What the budget does to the space.

    Raises:
        BudgetError: no network of the space is within the budget.
    """
    cheapest, dearest = (extreme_network(space, which) for which in ("cheapest", "dearest"))
    least, most = complexity(cheapest), complexity(dearest)
    if limit.complexity is not None and least > limit.complexity:
        raise BudgetError(
            f"no network of the space {space.name!r} is within the budget of "
            f"{limit.complexity:,} multiply-adds ({limit.budget}): the cheapest, "
            f"{format_notation(cheapest.stages)}, has {least:,}; raise the budget to at least "
            f"{least:,}"
        )
    if most < limit.least_complexity:
        raise BudgetError(
            f"no network of the space {space.name!r} has the {limit.least_complexity:,} "
            f"multiply-adds that the budget {str(limit.budget)!r} asks for: the dearest has "
            f"{most:,}; lower the range"
        )
    if any(cap.bound.measure != "complexity" for cap in limit.caps):
        share = fitting(space, limit)
        if not share.fit:
            raise BudgetError(f"{share.nearest}; nas-tc budget shows what each limit leaves")
        return f"space: {space.name}, of whose networks {share.fit / share.networks:.2%} fit"
    if limit.admits(most):
        return (
            f"space: {space.name}; the budget does not bind: the dearest network has "
            f"{most:,} multiply-adds"
        )
    return f"space: {space.name}, networks of {least:,} to {most:,} multiply-adds"


def _record_run(study: optuna.Study, before: StudyRecord, command: str) -> None:
    """Notes in the study when, how and with what it is worked on."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    run = {"started": started, "command": command, **environment()}
    study.set_user_attr(RUNS_KEY, [*before.runs, run])


def _note_resume(before: StudyRecord, goal: int, listener: Listener) -> None:
    if before.trials:
        rest = "nothing is left to train" if before.done >= goal else f"going on to {goal}"
        listener.note(f"resuming {before.path}: {before.done} trials are there, {rest}")
    else:
        listener.note(f"study: {before.path}")
