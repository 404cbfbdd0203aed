"""Search each family by a searcher of its own, in turns: for samplers that can't do conditions."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ray.tune.search import Searcher

from search_spaces.space import Configuration, Space
from searcher.errors import RecallError
from searcher.strategies.base import Problem
from searcher.strategies.optuna_searcher import OptunaSearcher


class FamiliesApart(Searcher):
    """One searcher a family, asked in turn; each sees only its own family's trials.

    A Gaussian process or CMA-ES needs a fixed set of parameters, and the joint space has another
    one in each family. The budget is dealt out evenly.
    """

    def __init__(self, problem: Problem, make: Callable[[Problem], OptunaSearcher]) -> None:
        super().__init__(metric="score", mode="max")
        self._searchers = {
            family: make(
                replace(
                    problem,
                    space=_only(problem.space, family),
                    initial=tuple(c for c in problem.initial if c["family"] == family),
                )
            )
            for family in _families(problem.space)
        }
        self._turns = list(self._searchers)
        self._owner: dict[str, str] = {}

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """Next configuration of the family whose turn it is."""
        while self._turns:
            family = self._turns.pop(0)
            configuration: dict[str, Any] | str = self._searchers[family].suggest(trial_id)
            if configuration == Searcher.FINISHED:
                continue  # this family's space is used up; the others go on
            self._turns.append(family)
            self._owner[trial_id] = family
            return configuration
        return str(Searcher.FINISHED)

    def recall(self, trial_id: str, configuration: Configuration, *, own: bool = True) -> None:
        """Let the family's searcher recall it; one taken over is nobody's turn."""
        family = str(configuration.get("family"))
        if family not in self._searchers or (own and family not in self._turns):
            raise RecallError(f"trial {trial_id}: it is not the turn of family {family!r}")
        self._searchers[family].recall(trial_id, configuration, own=own)
        self._owner[trial_id] = family
        if own:  # those before it in the row were asked then, and were used up
            self._turns = [*self._turns[self._turns.index(family) + 1 :], family]

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Pass on to the family's searcher."""
        self._searchers[self._owner[trial_id]].on_trial_result(trial_id, result)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Pass on to the family's searcher."""
        self._searchers[self._owner.pop(trial_id)].on_trial_complete(
            trial_id, result=result, error=error
        )

    def save(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store."""


def _families(space: Space) -> list[str]:
    return [str(family) for family in space.parameters["family"].choices]  # type: ignore[union-attr]


def _only(space: Space, family: str) -> Space:
    """Part of a joint space that belongs to one family, still with its joint names."""
    return space.override({"family": [family]})
