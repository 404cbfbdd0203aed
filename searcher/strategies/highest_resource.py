"""Propose by what configurations scored at one resource: the highest that enough came to."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from optuna.samplers import BaseSampler
from ray.tune.search import Searcher

from search_spaces.space import Configuration
from searcher.strategies.base import Problem
from searcher.strategies.optuna_searcher import OptunaSearcher


class HighestResource(Searcher):
    """One Optuna study for each resource; the highest with enough scores is asked.

    Scores at different resources are never mixed. All studies know all configurations. A trial is
    complete in a study as soon as it has come to its resource, though it may go on; it runs in the
    studies above, and counts as failed, that is for nothing, in those that it never came to.

    Parameters
    ----------
    problem
        The inner search.
    resources
        Where scores are kept, in any order; the last one of a trial should be among them.
    enough
        Scores at a resource from which on it is asked. While there are not as many at any, the
        lowest is asked.
    make
        New sampler with a given seed, as ``OptunaSearcher`` wants it.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        resources: Sequence[int],
        enough: int,
        make: Callable[[int], BaseSampler],
    ) -> None:
        super().__init__(metric="score", mode="max")
        self._enough = enough
        self._studies = {
            resource: OptunaSearcher(replace(problem, max_resource=resource), make)
            for resource in sorted(resources)
        }
        self._scores = dict.fromkeys(self._studies, 0)  # how many, by resource
        self._ahead: dict[str, list[int]] = {}  # trial -> resources that it has not come to

    @property
    def resource(self) -> int:
        """The resource by whose scores the next configuration will be proposed."""
        enough = [r for r, scores in self._scores.items() if scores >= self._enough]
        return max(enough, default=min(self._scores))

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """Next configuration; FINISHED when the space is used up."""
        asked = self._studies[self.resource]
        suggested = asked.suggest(trial_id)
        if isinstance(suggested, dict):
            for study in self._studies.values():
                if study is not asked:
                    study.recall(trial_id, suggested)
            self._ahead[trial_id] = list(self._studies)
        return suggested

    def recall(self, trial_id: str, configuration: Configuration, *, own: bool = True) -> None:
        """Let the trial run in every study; no sampler is asked."""
        for study in self._studies.values():
            study.recall(trial_id, configuration, own=own)
        self._ahead[trial_id] = list(self._studies)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Keep the score, if the trial has come to one of the resources."""
        if result.get("score") is None:
            return
        ahead = self._ahead[trial_id]
        while ahead and ahead[0] <= result["resource"]:
            resource = ahead.pop(0)
            reached = {"score": result["score"], "resource": resource, "complete": True}
            self._studies[resource].on_trial_complete(trial_id, reached)
            self._scores[resource] += 1

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Keep the last score; say nothing of the trial where it never came to."""
        if not error and result is not None:
            self.on_trial_result(trial_id, result)
        for resource in self._ahead.pop(trial_id):
            self._studies[resource].on_trial_complete(trial_id, error=True)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store."""
