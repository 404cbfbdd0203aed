"""A race over inner folds in Ray Tune's two halves: who proposes says where that lies."""

import math
from collections import Counter
from typing import Any

from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from search_spaces.space import Configuration
from searcher.racing import AUDITED, Stream, audited, coordinates
from searcher.strategies.base import Problem


class FoldRace(FIFOScheduler):
    """Stop a trial after the inner fold that makes it unlikely to win.

    Some that are to stop go on, drawn by seed and trial id (``searcher.racing.audited``): they are
    nobody's rival before they have run to their end.

    Parameters
    ----------
    tolerance, audit
        As for ``searcher.strategies.racing.Racing``.
    """

    def __init__(self, problem: Problem, *, tolerance: float, audit: float) -> None:
        super().__init__()
        self._space, self._n_folds, self._seed = problem.space, problem.max_resource, problem.seed
        self._tolerance, self._audit = tolerance, audit
        self._applied = _largest_family(problem)
        n_columns = self._places({}).shape[1]
        self._race = Stream(self._n_folds, n_columns=n_columns, tolerance=tolerance)
        self._done: dict[str, int] = {}  # trial -> inner folds that the race has heard of

    def place(self, trial_id: str, configuration: Configuration) -> None:
        """Expect the scores of a trial."""
        self._race.add(trial_id, self._places(configuration)[0])

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Expect its scores; where it lies was told by whoever proposed it."""
        self._race.add(trial.trial_id)
        self._done.setdefault(trial.trial_id, 0)

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Decide by what may still be gained."""
        if self._hear(trial.trial_id, result):
            return str(TrialScheduler.CONTINUE)
        if getattr(trial, "origin", None) == "default":
            self._race.keep(trial.trial_id)  # it is never stopped
        elif self._is_audited(trial.trial_id):
            return str(TrialScheduler.CONTINUE)
        return str(TrialScheduler.STOP)

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """Learn the last score of a trial that has run through; it is a rival from here on."""
        if int(result["resource"]) == self._n_folds:
            self._hear(trial.trial_id, result)
            self._race.keep(trial.trial_id)

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        """Rule out a trial that has failed."""
        fold = min(self._done[trial.trial_id], self._n_folds - 1)
        self._race.observe(trial.trial_id, fold, math.nan)

    def reason(self, trial_id: str, resource: int) -> str | None:
        """Say on what grounds it was decided after so many inner folds; None if on none."""
        gain = self._race.gains.get((trial_id, resource))
        if gain is None:
            return None
        found = f"expected gain {gain:.2g} standard errors; needed: above {self._tolerance:g}"
        is_plain = gain > self._tolerance or not self._is_audited(trial_id)
        return found if is_plain else f"{AUDITED}; {found}"

    def _hear(self, trial_id: str, result: dict[str, Any]) -> bool:
        resource = int(result["resource"])
        if resource <= self._done[trial_id]:
            return True
        self._done[trial_id] = resource
        return self._race.observe(trial_id, resource - 1, float(result["fold_score"]))

    def _is_audited(self, trial_id: str) -> bool:
        return audited(trial_id, seed=self._seed, share=self._audit)

    def _places(self, configuration: Configuration) -> Any:
        return coordinates(self._space, [configuration], applied=self._applied)


class Placing(Searcher):
    """A searcher whose proposals are placed in a race."""

    def __init__(self, searcher: Searcher, race: FoldRace) -> None:
        super().__init__(metric="score", mode="max")
        self._searcher, self._race = searcher, race

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """Propose what the searcher does."""
        found: dict[str, Any] | str | None = self._searcher.suggest(trial_id)
        if isinstance(found, dict):
            self._race.place(trial_id, found)
        return found

    def recall(self, trial_id: str, configuration: Configuration, *, own: bool = True) -> None:
        """Let the searcher recall a proposal, and the race where it lies."""
        self._searcher.recall(trial_id, configuration, own=own)
        self._race.place(trial_id, configuration)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Pass on."""
        self._searcher.on_trial_result(trial_id, result)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Pass on."""
        self._searcher.on_trial_complete(trial_id, result=result, error=error)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store."""


def _largest_family(problem: Problem) -> int:
    """Count the parameters of the family with most, and the family itself."""
    sizes = Counter(name.partition(".")[0] for name in problem.space.parameters if "." in name)
    return 1 + max(sizes.values(), default=0)
