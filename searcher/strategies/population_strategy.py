"""What a spec may say of a strategy that evolves a population, and what is refused."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from pydantic import Field

from search_spaces.space import FAMILY, Space
from searcher.errors import SpecError, near
from searcher.spec import Strategy
from searcher.strategies.base import Problem, TuneParts
from searcher.strategies.population import Population

FEWEST = 4
"""Members of the smallest population: with fewer a quarter is nobody, or everybody."""

GENERATIONS = 10
"""In which a member trains, if the spec does not say."""


class Evolution(NamedTuple):
    """How a population of one inner search evolves: the settings, checked against the problem."""

    space: Space  # joint
    mutable: frozenset[str]  # names of the joint space
    interval: int
    quantile: float
    resample_probability: float
    seed: int


class PopulationStrategy(Strategy):
    """The settings that PBT and PB2 share."""

    can_grow: ClassVar[bool] = False  # the first generation has been trained without the new ones

    population: int | None = Field(
        None,
        ge=FEWEST,
        examples=[16],
        description="members; null: all trials of the budget; the trials that a smaller "
        "population leaves are not run",
    )
    interval: int | None = Field(
        None,
        ge=1,
        examples=[4],
        description="units of resource in a generation; null: a tenth of what a trial trains",
    )
    quantile: float = Field(
        0.25, gt=0, le=0.5, description="part of the members replaced by copies of as many others"
    )
    resample_probability: float = Field(
        0.25, ge=0, le=1, description="chance of a changed parameter to be drawn anew"
    )
    mutate: list[str] | None = Field(
        None,
        min_length=1,
        examples=[["learning_rate", "weight_decay"]],
        description="parameters that change in training, by their names in the family; "
        "null: all that the family can change",
    )

    def build(self, problem: Problem) -> TuneParts:
        """Random proposals, the defaults first, and a population that evolves them.

        Raises
        ------
        SpecError
            If there would be too few members, none that may be replaced, only one generation, or
            a family with nothing to change; or if ``mutate`` names what does not exist or can't
            change while a model trains.
        """
        from searcher.strategies.population_members import FirstMembers

        members = self._members(problem)
        evolution = Evolution(
            space=problem.space,
            mutable=self._mutable(problem),
            interval=self._interval(problem),
            quantile=self.quantile,
            resample_probability=self.resample_probability,
            seed=problem.seed,
        )
        return TuneParts(FirstMembers(problem, members), population=self.evolve(evolution))

    @abstractmethod
    def evolve(self, evolution: Evolution) -> Population:
        """Make the population of one inner search."""

    def misfit(self, units: Mapping[str, str]) -> str | None:
        """One family, whose trials hand their state on between units of training."""
        found = ", ".join(f"{family}: {unit}" for family, unit in units.items())
        if len(units) > 1:
            return f"evolves trials of one family; found {found}"
        if "inner_folds" in units.values():
            return (
                f"needs a family that counts in epochs or rounds (budget.resource); found {found}"
            )
        return None

    def remark(self, space: Space, *, trials: int) -> str | None:
        """Say that the population is smaller than the budget, if it is."""
        left = trials - 1 - (self.population or trials - 1)  # the dummy takes one
        if left <= 0:
            return None
        return (
            f"strategy.population is {self.population} and budget.trials is {trials}: "
            f"{left} trials of each inner search will not be run"
        )

    def _members(self, problem: Problem) -> int:
        members = self.population or problem.trials
        if members > problem.trials or members < FEWEST:
            raise SpecError(
                f"strategy: {self.kind} needs a population of at least {max(members, FEWEST)}; "
                f"budget.trials is {problem.trials + 1}, the dummy takes one, which leaves "
                f"{problem.trials}; give budget.trials at least {max(members, FEWEST) + 1}"
            )
        if members <= len(problem.initial):
            raise SpecError(
                f"strategy: all {members} members would be default configurations, which are never "
                f"replaced; {self.kind} needs a population of more than {len(problem.initial)}"
            )
        return members

    def _interval(self, problem: Problem) -> int:
        interval = self.interval or max(1, problem.max_resource // GENERATIONS)
        if interval >= problem.max_resource:
            raise SpecError(
                f"strategy.interval: a generation of {interval} leaves {self.kind} nothing to "
                f"decide, because a trial trains {problem.max_resource}; it must be less"
            )
        return interval

    def _mutable(self, problem: Problem) -> frozenset[str]:
        """Find the parameters that change, by their names in the joint space."""
        own = _own_names(problem.space)
        if self.mutate is not None:
            self._check_mutate(problem, own)
        mutable: set[str] = set()
        for family, names in own.items():
            can = [name for name in problem.evolves.get(family, ()) if name in names]
            wanted = [name for name in can if self.mutate is None or name in self.mutate]
            if not wanted:
                known = f"; it can change {', '.join(can)}" if can else ""
                raise SpecError(
                    f"strategy: {self.kind} has nothing to change while family {family!r} "
                    f"trains{known}; leave the family out, or take another strategy"
                )
            mutable.update(f"{family}.{name}" for name in wanted)
        return frozenset(mutable)

    def _check_mutate(self, problem: Problem, own: dict[str, list[str]]) -> None:
        known = sorted({name for names in own.values() for name in names})
        can = sorted({name for names in problem.evolves.values() for name in names})
        for name in self.mutate or ():
            if name not in known:
                raise SpecError(
                    f"strategy.mutate: no parameter named {name!r}; known: "
                    f"{', '.join(known)}.{near(name, known)}"
                )
            if name not in can:
                raise SpecError(
                    f"strategy.mutate: {name!r} can't change while a model trains; what can: "
                    f"{', '.join(can) or 'nothing'}"
                )


def _own_names(space: Space) -> dict[str, list[str]]:
    """Parameters of each family, by their names within it."""
    families = space.parameters[FAMILY].grid(1)  # all choices, as they are no numbers
    names: dict[str, list[str]] = {str(family): [] for family in families}
    for joint in space.parameters:
        family, _, name = joint.partition(".")
        if name:
            names[family].append(name)
    return names
