"""Named training recipes, and recipes read from TOML files and from `--set field=value`."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from nas_tc.errors import NasTcError, unknown
from nas_tc.recipe.recipe import Recipe, typed

QUICK = Recipe(optimizer="muon")
"""For searching: the most accuracy within a dozen epochs on small images."""

FULL = Recipe(epochs=60, ema=0.998, optimizer="muon")
"""Recipe for a full training: the same, five times as long, with an average of the weights."""

HE_SUN_2015 = Recipe(
    epochs=75,
    batch_size=128,
    learning_rate=0.01,
    drops=(10, 70),
    warmup=0.0,
    momentum=0.9,
    nesterov=False,
    weight_decay=5e-4,
    label_smoothing=0.0,
    augment=("colour", "crop", "flip"),
    crop_padding=0,
    margin=32,  # crops of 224 pixels from images of 256
    init="glorot",
    views=10,
)
"""Recipe of He & Sun (2015, section 5) for their Tables 1 to 4; for 5 and 6, `epochs=90`."""

RECIPES = {"quick": QUICK, "full": FULL, "he-sun-2015": HE_SUN_2015}
# What the names meant in earlier versions: 0.1.
_EARLIER = ({**RECIPES, "quick": Recipe(), "full": Recipe(epochs=60, ema=0.998)},)


def load_recipe(name: str | Path = "quick", **changed: Any) -> Recipe:
    """The recipe called `name`, or that of a TOML file, with the fields in `changed`.

    A file sets fields of `Recipe`. Its key `base` names the recipe that all other fields come from,
    "quick" by default.

    Args:
        name: Name of a recipe, or the path of a file that ends in .toml.
        **changed: Fields that replace those of the recipe.

    Raises:
        UnknownNameError: No recipe or field has this name.
        NasTcError: The file cannot be read, or a value has the wrong type or is out of its range.
    """
    return _load(str(name), changed, RECIPES)


def augmented(recipe: Recipe, own: Collection[str], fields: Mapping[str, Any]) -> Recipe:
    """The recipe with the images' own augmentation, where neither it nor its fields name one.

    Args:
        recipe: Recipe of a training.
        own: Augmentation that suits the images.
        fields: Fields of the recipe that were named; an empty `augment` among them stays empty.
    """
    if recipe.augment or "augment" in fields:
        return recipe
    return replace(recipe, augment=tuple(sorted(own)))


def earlier_recipes(name: str | Path = "quick", **changed: Any) -> tuple[Recipe, ...]:
    """What `load_recipe` gave for the same arguments in earlier versions, newest first.

    A study that an earlier version began is resumed by the command that began it.

    Args:
        name: Name of a recipe, or path of a TOML file.
        **changed: Fields in place of the recipe's own.

    Raises:
        NasTcError: As for `load_recipe`.
    """
    return tuple(_load(str(name), changed, recipes) for recipes in _EARLIER)


def _load(text: str, changed: Mapping[str, Any], recipes: Mapping[str, Recipe]) -> Recipe:
    """A recipe by name or file, where the names mean `recipes`."""
    if not text.endswith(".toml"):
        if text not in recipes:
            raise unknown("recipe", text, (*recipes, "or a path that ends in .toml"))
        return _changed(recipes[text], changed, "")
    try:
        values = tomllib.loads(Path(text).read_text(encoding="utf-8"))
    except OSError as error:
        raise NasTcError(f"cannot read the recipe {text!r}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NasTcError(f"{text}: not TOML: {error}") from None
    base = values.pop("base", "quick")
    if not isinstance(base, str) or base not in recipes:
        raise unknown("recipe", str(base), recipes)
    return _changed(_changed(recipes[base], values, f"{text}: "), changed, "")


def parse_fields(assignments: list[str]) -> dict[str, Any]:
    """Fields from a command line: ["epochs=90", "augment=crop,flip"]; values as in TOML.

    Args:
        assignments: Texts of the form field=value.

    Raises:
        NasTcError: An assignment is not field=value, or names no field of a recipe.
    """
    found: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise NasTcError(f"--set {assignment!r}: write field=value, as in epochs=90")
        name = name.strip()
        if name not in (known := {field.name for field in fields(Recipe)}):
            raise unknown("field of a recipe", name, sorted(known))
        if name in ("augment", "drops"):
            items = [item for item in value.replace("+", ",").split(",") if item.strip()]
            found[name] = [_scalar(item) for item in items if item.strip() != "none"]
        else:
            found[name] = _scalar(value)
    return found


def _scalar(text: str) -> Any:
    """The TOML value of a text, such as a number; the text itself if it is none."""
    try:
        return tomllib.loads(f"value = {text.strip()}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text.strip()


def _changed(recipe: Recipe, values: Mapping[str, Any], where: str) -> Recipe:
    """The recipe with checked new values; `where` begins the message of an error."""
    known = {field.name for field in fields(Recipe)}
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise unknown("field of a recipe", name, sorted(known))
        try:
            found = typed(name, value, getattr(QUICK, name))
        except NasTcError as error:
            raise NasTcError(f"{where}{error}") from None
        checked[name] = tuple(sorted(found)) if name == "augment" else found
    return replace(recipe, **checked)
