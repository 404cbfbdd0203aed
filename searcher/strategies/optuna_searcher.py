"""Let an Optuna sampler propose configurations of a conditional space to Ray Tune.

Ray's own ``OptunaSearch`` (2.60) tells early-stopped trials to Optuna as complete with their
low-fidelity value and leaves trials with NaN results running; here a stopped trial is told as
pruned with its intermediate values and a failed one as failed.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.trial import TrialState
from ray.tune.search import Searcher

from search_spaces.parameters import Float, Integer, Parameter
from search_spaces.space import Configuration
from searcher.strategies.base import Problem
from searcher.strategies.listed import key

# A sampler that has settled proposes old configurations again. Scores are deterministic, so the
# known one is told at once, and a random draw takes the place of the repeat; when this many draws
# in a row are old ones too, the space is taken to be used up.
REPEATS = 200


class OptunaSearcher(Searcher):
    """One Optuna study in memory, fed by Ray Tune's events."""

    def __init__(self, problem: Problem, sampler: BaseSampler) -> None:
        super().__init__(metric="score", mode="max")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._problem = problem
        self._rng = np.random.default_rng(problem.seed)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)
        for configuration in problem.initial:
            self._study.enqueue_trial(configuration)
        self._asked: dict[str, tuple[optuna.Trial, Configuration]] = {}
        self._known: dict[str, float | None] = {}  # configuration -> score once it is complete

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """Next configuration; FINISHED when the sampler has nothing new to say."""
        for _ in range(REPEATS):
            trial, configuration = self._ask()
            if key(configuration) not in self._known:
                self._known[key(configuration)] = None
                self._asked[trial_id] = (trial, configuration)
                return configuration
            self._tell_again(trial, self._known[key(configuration)])
            self._study.enqueue_trial(self._problem.space.sample(self._rng))
        return str(Searcher.FINISHED)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Remember an intermediate value."""
        self._report(trial_id, result)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Tell the study: complete, pruned (stopped before the last inner fold) or failed."""
        trial, configuration = self._asked.pop(trial_id)
        if error or result is None or result.get("score") is None:
            self._study.tell(trial, state=TrialState.FAIL)
            return
        self._asked[trial_id] = (trial, configuration)
        self._report(trial_id, result)
        del self._asked[trial_id]
        if result["resource"] < self._problem.max_resource:
            self._study.tell(trial, state=TrialState.PRUNED)
        else:
            self._study.tell(trial, result["score"])
            self._known[key(configuration)] = result["score"]

    @property
    def trials(self) -> list[optuna.trial.FrozenTrial]:
        """What the study has been told."""
        return self._study.get_trials(deepcopy=False)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store."""

    def _ask(self) -> tuple[optuna.Trial, Configuration]:
        with without_warnings():
            trial = self._study.ask()
            return trial, self._problem.space.walk(
                lambda name, parameter: _suggest(trial, name, parameter)
            )

    def _report(self, trial_id: str, result: dict[str, Any]) -> None:
        trial, _ = self._asked[trial_id]
        if result.get("score") is not None:
            with without_warnings():
                trial.report(result["score"], step=result["resource"])

    def _tell_again(self, trial: optuna.Trial, score: float | None) -> None:
        if score is None:  # still running, stopped early or failed: nothing new to learn
            self._study.tell(trial, state=TrialState.FAIL)
        else:
            self._study.tell(trial, score)


@contextmanager
def without_warnings() -> Iterator[None]:
    """No word from Optuna of experimental arguments, independent sampling, or repeated reports."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _suggest(trial: optuna.Trial, name: str, parameter: Parameter) -> Any:
    """Value of one parameter, by Optuna's define-by-run interface."""
    if isinstance(parameter, Float):
        return trial.suggest_float(
            name, parameter.low, parameter.high, log=parameter.log, step=parameter.step
        )
    if isinstance(parameter, Integer):
        return trial.suggest_int(
            name, parameter.low, parameter.high, log=parameter.log, step=parameter.step
        )
    return trial.suggest_categorical(name, list(parameter.choices))
