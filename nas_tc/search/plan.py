"""The plan of a search, from the user's arguments; it refuses early whatever it can."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nas_tc.architecture import Architecture, format_notation
from nas_tc.budget import Budget, Limit, parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.data import ImageData
from nas_tc.errors import BudgetError, NasTcError
from nas_tc.experience import experience_for
from nas_tc.metric import Metric, parse_metric
from nas_tc.recipe import AUGMENTATIONS, Recipe, earlier_recipes, load_recipe
from nas_tc.search.settings import Settings
from nas_tc.space import Space, extreme_network, fitting, load_space, refusal
from nas_tc.timing import time_limits


@dataclass(frozen=True)
class Plan:
    """A search whose images are not loaded yet.

    Attributes:
        budget: Parsed budget, not yet resolved at the size of the images.
        space: Space as it was loaded, not yet at that size.
        recipe: Recipe with the fields that the user named.
        augment: Names of augmentations; None: recipe and images decide.
        earlier_recipes: Recipes that the same arguments meant in earlier versions.
        metric: Metric to judge networks by; None: the usual one for the images' labels.
        uses_experience: Whether what earlier trainings say guides the proposals, where it covers
            the space.
    """

    budget: Budget
    space: Space
    recipe: Recipe
    augment: frozenset[str] | None
    earlier_recipes: tuple[Recipe, ...] = ()
    metric: Metric | None = None
    uses_experience: bool = True

    def settle(
        self,
        images: ImageData,
        seed: int,
        device: str | None = None,
        time_table: str | None = None,
        kept: Mapping[str, Any] | None = None,
    ) -> Settings:
        """The settings of the search on these images.

        Args:
            images: Images of all splits.
            seed: Seed for proposals and training.
            device: "cpu" or "cuda", where times are measured.
            time_table: Device whose table predicts times; None: times are measured.
            kept: Settings in the study's file. Its recipe is used if the same arguments meant
                that recipe in an earlier version.

        Raises:
            NasTcError: The metric or the recipe has no sense for these labels.
        """
        augment = images.augment if self.augment is None else self.augment
        classes = len(images.classes)
        metric = self.metric or images.usual_metric
        metric.check(classes, multilabel=images.multilabel)
        self.recipe.check_labels(multilabel=images.multilabel)
        measured_on = None if time_table else device
        recipe, *earlier = (
            replace(each, augment=tuple(sorted(augment)))
            for each in (self.recipe, *self.earlier_recipes)
        )
        if kept is not None and (begun := Recipe.from_dict(kept["recipe"])) in earlier:
            recipe = begun
        space = self.space.at(images.shape, classes)
        experience = None
        if self.uses_experience:  # a study goes on as it began
            experience = experience_for(space) if kept is None else kept.get("experience")
        return Settings(
            space=space,
            limit=resolve_budget(self.budget, images.shape, classes),
            times=time_limits(self.budget.times, images.shape, classes, measured_on),
            time_table=time_table,
            data=images,
            recipe=recipe,
            seed=seed,
            metric=metric,
            experience=experience,
        )


def plan_search(
    budget: str,
    space: str | Path | Space,
    recipe: str | Path | Recipe,
    augment: str,
    seed: int,
    fields: dict[str, Any],
    metric: str | None = None,
    around: Architecture | None = None,
    experience: str = "auto",
) -> Plan:
    """The plan for a budget, a space and a recipe.

    Args:
        budget: As for `nas_tc.search`.
        space: As for `nas_tc.search`.
        recipe: As for `nas_tc.search`.
        augment: As for `nas_tc.search`.
        seed: As for `nas_tc.search`.
        fields: Fields of the recipe that the user named.
        metric: As for `nas_tc.search`.
        around: Network that "it" stands for in the budget; None: none.
        experience: As for `nas_tc.search`.

    Raises:
        NasTcError: An argument is not valid.
    """
    if not 0 <= seed < 2**15:
        raise NasTcError(f"seed must be 0 to {2**15 - 1}, not {seed}")
    parsed = parse_budget(budget, around)
    loaded = space if isinstance(space, Space) else load_space(space)
    chosen = _augmentation(augment)
    earlier: tuple[Recipe, ...] = ()
    if isinstance(recipe, Recipe):
        named = replace(recipe, **fields)
    else:
        named, earlier = load_recipe(recipe, **fields), earlier_recipes(recipe, **fields)
    # A search decodes images at the size of its networks, so there is no margin to crop from.
    base = replace(named, margin=0)
    if chosen is None and ("augment" in fields or base.augment):
        chosen = frozenset(base.augment)
    begun = tuple(replace(each, margin=0) for each in earlier)
    if experience not in ("auto", "none"):
        raise NasTcError(f"experience must be auto or none, not {experience!r}")
    return Plan(
        budget=parsed,
        space=loaded,
        recipe=base,
        augment=chosen,
        earlier_recipes=begun,
        metric=None if metric is None else parse_metric(metric),
        uses_experience=experience == "auto",
    )


def describe_fit(space: Space, limit: Limit) -> str:
    """The effect of the budget on the space, in a line.

    Args:
        space: Space at the size of the images.
        limit: Budget, resolved at that size.

    Raises:
        BudgetError: No network of the space is within the budget.
    """
    cheapest, costliest = (extreme_network(space, which) for which in ("cheapest", "costliest"))
    least, most = complexity(cheapest), complexity(costliest)
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
            f"multiply-adds that the budget {str(limit.budget)!r} asks for: the costliest has "
            f"{most:,}; lower the range"
        )
    if any(cap.bound.measure != "complexity" for cap in limit.caps):
        way_out = "nas-tc budget shows what each limit leaves"
        if refused := refusal(space, limit):  # what sums over the stages prove at once
            raise BudgetError(f"{refused}; {way_out}")
        share = fitting(space, limit, only_proven=True)
        if share.nearest:
            raise BudgetError(f"{share.nearest}; {way_out}")
        if not share.fit:
            return f"space: {space.name}; hardly any network fits, and none of the sample"
        return f"space: {space.name}; {share.fit / share.networks:.2%} of its networks fit"
    if limit.times:
        return f"space: {space.name}; its networks must be timed"
    if limit.admits(most):
        return (
            f"space: {space.name}; the budget does not bind: the costliest network has "
            f"{most:,} multiply-adds"
        )
    return f"space: {space.name}, networks of {least:,} to {most:,} multiply-adds"


def _augmentation(text: str) -> frozenset[str] | None:
    """Names of augmentations; None if the data decides."""
    if text == "auto":
        return None
    names = frozenset() if text == "none" else frozenset(text.split("+"))
    if not names <= set(AUGMENTATIONS):
        raise NasTcError(
            f"unknown augmentation {text!r}; known: auto, none, crop, flip, colour, crop+flip"
        )
    return names
