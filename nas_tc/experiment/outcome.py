"""What an experiment has shown so far: errors by network and seed, and what follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from nas_tc.experiment.networks import Entrant
from nas_tc.experiment.relations import Relation, relations
from nas_tc.experiment.specification import Experiment
from nas_tc.experiment.statistics import ClaimResult, Difference, judge, paired_difference
from nas_tc.experiment.trainings import Finished
from nas_tc.study.spread import Spread
from nas_tc.timing import Estimate

Which = Literal["val", "test"]


@dataclass(frozen=True)
class Outcome:
    """The trainings of an experiment that have ended.

    Attributes:
        experiment: Experiment as it was run.
        entrants: Its networks.
        trainings: Trainings of each network by seed, failed ones among them.
        settings: Images and recipe as plain values.
        runs: Commands and environments of all runs.
        file: File of the trainings.
        times: Measured time of each network; None if no times were asked for.
        interrupted: Whether the user stopped the run.
    """

    experiment: Experiment
    entrants: tuple[Entrant, ...]
    trainings: Mapping[str, Mapping[int, Finished]]
    settings: Mapping[str, Any]
    runs: tuple[Mapping[str, Any], ...]
    file: Path
    times: tuple[Estimate, ...] | None = None
    interrupted: bool = False

    @property
    def done(self) -> int:
        """Number of trainings that have ended."""
        return sum(map(len, self.trainings.values()))

    @property
    def goal(self) -> int:
        """Number of trainings in all."""
        return len(self.entrants) * self.experiment.seeds

    def errors(self, name: str, which: Which = "test") -> dict[int, float]:
        """Errors of a network by seed, 0 to 1; failed trainings have none."""
        found = {}
        for seed, training in self.trainings[name].items():
            if training.test_error is not None:
                val_error = training.rungs[-1].val_error
                found[seed] = training.test_error if which == "test" else val_error
        return found

    def spread(self, name: str, which: Which = "test") -> Spread | None:
        """Mean and standard deviation of a network's errors; None without any."""
        values = list(self.errors(name, which).values())
        return Spread.over(values) if values else None

    def difference(self, first: str, second: str, which: Which = "test") -> Difference | None:
        """Error of the first network less that of the second, paired by seed."""
        return paired_difference(
            self.errors(first, which), self.errors(second, which), self._images(which)
        )

    @cached_property
    def relations(self) -> tuple[Relation, ...]:
        """Which replacement leads from one network to another."""
        return relations(self.entrants)

    @cached_property
    def claims(self) -> tuple[ClaimResult, ...]:
        """The paper's claims and our results, by the test error."""
        errors = {each.name: self.errors(each.name) for each in self.entrants}
        paper = {each.name: each.paper_error for each in self.entrants}
        images = self._images("test")
        return tuple(judge(claim, errors, paper, images) for claim in self.experiment.claims)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """All pairs of networks, in the order of the networks."""
        return tuple(combinations([each.name for each in self.entrants], 2))

    def _images(self, which: Which) -> int:
        data = self.settings["data"]
        return int(data["test_images" if which == "test" else "validation_images"])
