"""Stop trials at rungs: Ray Tune's asynchronous successive halving, seeded and able to explain."""

from typing import Any

import numpy as np
from ray.tune.schedulers import AsyncHyperBandScheduler


class Halving(AsyncHyperBandScheduler):
    """Asynchronous successive halving over inner folds, with one or several brackets.

    Ray draws a trial's bracket from NumPy's global generator (2.60, async_hyperband.py,
    ``on_trial_add``); here the draw is seeded, so that the same search makes the same one.
    """

    def __init__(
        self,
        *,
        min_resource: int,
        max_resource: int,
        reduction_factor: float,
        brackets: int,
        seed: int,
    ) -> None:
        super().__init__(
            time_attr="resource",
            metric="score",
            mode="max",
            grace_period=min_resource,
            max_t=max_resource,
            reduction_factor=reduction_factor,
            brackets=brackets,
        )
        self._rng = np.random.default_rng(seed)
        self._cutoffs: dict[tuple[str, int], float | None] = {}

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Draw the trial's bracket, those with more rungs more often (as Ray does)."""
        sizes = np.array([len(bracket._rungs) for bracket in self._brackets])
        weights = np.exp(sizes - sizes.max())
        index = self._rng.choice(len(self._brackets), p=weights / weights.sum())
        self._trial_info[trial.trial_id] = self._brackets[index]

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Decide, and remember which score was asked for."""
        resource = result["resource"]
        bracket = self._trial_info[trial.trial_id]
        for milestone, recorded in bracket._rungs:
            if milestone == resource:
                cutoff = bracket.cutoff(recorded)
                self._cutoffs[trial.trial_id, resource] = None if cutoff is None else float(cutoff)
        return str(super().on_trial_result(tune_controller, trial, result))

    def rungs(self, trial_id: str) -> tuple[int, ...]:
        """Resources at which the trial is compared with others of its bracket."""
        rungs = self._trial_info[trial_id]._rungs
        return tuple(sorted(int(milestone) for milestone, _ in rungs))

    def cutoff(self, trial_id: str, resource: int) -> float | None:
        """Score that was needed at this rung; None where the trial was the first."""
        return self._cutoffs.get((trial_id, resource))
