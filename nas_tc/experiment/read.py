"""Reads an experiment from a TOML file; docs/experiments.md describes the format."""

import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from nas_tc._shipped import named_toml, shipped_names
from nas_tc.architecture import ACTIVATIONS
from nas_tc.errors import NasTcError, UnknownNameError, unknown
from nas_tc.experiment.specification import Claim, EqualCost, Experiment, NetworkEntry, Sign
from nas_tc.experiment.values import Table
from nas_tc.replacement import TRADE_OFFS

_TOP = (
    "title", "description", "input", "head", "norm", "activation", "data", "train_images",
    "seeds", "recipe", "budget", "network", "claim",
)  # fmt: skip
_NETWORK = (
    "name", "network", "family", "replacements_of", "study", "kinds", "most", "head", "norm",
    "activation", "resolution", "paper_error", "unequal_because",
)  # fmt: skip
_KINDS_OF_NETWORK = ("network", "family", "replacements_of", "study")
_SIGN = re.compile(r"\s+([<>~])\s+")
_SHIPPED = resources.files("nas_tc.experiment") / "shipped"


def shipped_experiments() -> tuple[str, ...]:
    """Names of the experiments that come with nas-tc."""
    return shipped_names(_SHIPPED)


def load_experiment(name: str | Path) -> Experiment:
    """The experiment of that name among those shipped, or in the TOML file at that path.

    Args:
        name: Name of a shipped experiment, or the path of a TOML file.

    Raises:
        UnknownNameError: No shipped experiment has this name.
        NasTcError: The file cannot be read, or a key or value is wrong. The message names the file,
            the table and the key.
    """
    return parse_experiment(*named_toml(str(name), _SHIPPED, "experiment", NasTcError))


def parse_experiment(content: str, name: str, file: str) -> Experiment:
    """The experiment that a file's `content` describes.

    Args:
        content: Text of a TOML file.
        name: Name of the experiment.
        file: Name of the file, for error messages.

    Raises:
        NasTcError: The text is not TOML, or a key or value is wrong.
    """
    try:
        values = tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise NasTcError(f"{file}: not TOML: {error}") from None
    top = Table(values, file, _TOP)
    networks = tuple(
        _network(Table(each, f"{file}: network {number}", _NETWORK))
        for number, each in enumerate(top.tables("network"), start=1)
    )
    if not networks:
        raise NasTcError(f"{file}: an experiment needs its networks, each under a line [[network]]")
    names = [each.name for each in networks]
    for each in names:
        if names.count(each) > 1:
            raise NasTcError(f"{file}: two networks have the name {each!r}; rename one")
    recipe = dict(top.table("recipe"))
    base = recipe.pop("base", "full")
    if not isinstance(base, str):
        raise NasTcError(f"{file}: recipe: base must be the name of a recipe, not {base!r}")
    equal_cost = None
    if top.has("budget"):
        budget = Table(top.table("budget"), f"{file}: budget", ("reference", "tolerance"))
        reference = budget.text("reference")
        _check_known(f"{file}: budget", reference, names)
        equal_cost = EqualCost(reference, budget.share("tolerance", 0.03))
    return Experiment(
        name=name,
        title=top.text("title", name),
        description=top.text("description", "").strip(),
        input=top.shape("input", (3, 32, 32)),
        head=top.head("head", "gap"),
        norm=top.one_of("norm", ("batch", "none"), "batch"),
        activation=top.one_of("activation", tuple(ACTIVATIONS), "relu"),
        data=top.text("data", "") or None,
        train_images=top.whole("train_images") if top.has("train_images") else None,
        recipe=base,
        recipe_fields=recipe,
        seeds=top.whole("seeds", 3),
        networks=networks,
        equal_cost=equal_cost,
        claims=tuple(
            _claim(each, f"{file}: claim {number}")
            for number, each in enumerate(top.tables("claim"), start=1)
        ),
    )


def _network(table: Table) -> NetworkEntry:
    given = [key for key in _KINDS_OF_NETWORK if table.has(key)]
    if len(given) != 1:
        raise table.error(f"needs one of the keys {', '.join(_KINDS_OF_NETWORK)}")
    if given == ["replacements_of"]:
        for key in ("head", "norm", "activation", "resolution"):
            if table.has(key):
                raise table.error(
                    f"{key} is no key beside replacements_of: replacements have what their "
                    "original has"
                )
    kinds = table.words("kinds") if table.has("kinds") else None
    for kind in kinds or ():
        if kind not in TRADE_OFFS:
            raise table.error(str(unknown("trade-off", kind, TRADE_OFFS)))
    return NetworkEntry(
        name=table.text("name"),
        **{given[0]: table.text(given[0])},
        kinds=None if kinds is None else tuple(kind for kind in TRADE_OFFS if kind in kinds),
        most=table.whole("most") if table.has("most") else None,
        head=table.head("head", "gap") if table.has("head") else None,
        norm=table.one_of("norm", ("batch", "none"), "batch") if table.has("norm") else None,
        activation=(
            table.one_of("activation", tuple(ACTIVATIONS), "relu")
            if table.has("activation")
            else None
        ),
        resolution=table.size("resolution") if table.has("resolution") else None,
        paper_error=table.points("paper_error") if table.has("paper_error") else None,
        unequal_because=table.text("unequal_because") if table.has("unequal_because") else None,
    )


def _claim(values: Mapping[str, Any], where: str) -> Claim:
    table = Table(values, where, ("says", "error", "margin", "because"))
    order = table.text("error")
    names = _SIGN.split(f" {order} ".strip())
    if len(names) < 3 or not all(names):
        raise table.error(
            f"error must be an order of networks with spaces around the signs, as in 'A > B', "
            f"'A > B > D' or 'B ~ F', not {order!r}"
        )
    signs: tuple[Sign, ...] = tuple(names[1::2])  # type: ignore[arg-type]
    if "~" in signs and not table.has("margin"):
        raise table.error(
            f"{order!r} needs a margin: the points of error below which two networks are about "
            "the same, as in margin = 1.0"
        )
    return Claim(
        says=table.text("says"),
        names=tuple(names[::2]),
        signs=signs,
        margin=table.points("margin") if table.has("margin") else 0.0,
        because=table.text("because", "").strip(),
    )


def _check_known(where: str, name: str, names: list[str]) -> None:
    if name not in names:
        raise UnknownNameError(f"{where}: {unknown('network', name, names)}")
