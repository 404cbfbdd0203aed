"""Let an Optuna sampler propose configurations of a conditional space to Ray Tune.

Ray's own ``OptunaSearch`` (2.60) tells early-stopped trials to Optuna as complete with their
low-fidelity value and leaves trials with NaN results running; here a stopped trial is told as
pruned with its intermediate values and a failed one as failed.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler
from optuna.trial import TrialState
from ray.tune.search import Searcher

from search_spaces.parameters import Float, Integer, Parameter
from search_spaces.space import Configuration
from searcher.strategies.base import Problem
from searcher.strategies.listed import REDRAWS, check_is_in, key


class Proposed(NamedTuple):
    """A trial in the study's storage, and what it tries."""

    storage_id: int
    configuration: Configuration


class OptunaSearcher(Searcher):
    """One Optuna study in memory, fed by Ray Tune's events.

    The study holds the proposals in their order, and nothing else that a sampler looks at; each
    proposal is made by a new sampler with a seed of its own. So the next one follows from the
    trials alone, and ``recall`` need not ask again for those before it.

    Parameters
    ----------
    problem
        The inner search.
    make
        New sampler with a given seed. It may keep nothing in the trials it is asked for (TPE and
        GP note there what they sampled for parameters that do not apply).
    """

    def __init__(self, problem: Problem, make: Callable[[int], BaseSampler]) -> None:
        super().__init__(metric="score", mode="max")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._problem, self._make = problem, make
        self._storage = optuna.storages.InMemoryStorage()
        self._study = optuna.create_study(storage=self._storage, direction="maximize")
        self._study_id = self._storage.get_study_id_from_name(self._study.study_name)
        self._distributions = {n: _distribution(p) for n, p in problem.space.parameters.items()}
        self._initial = list(problem.initial)
        self._running: dict[str, Proposed] = {}
        self._known: dict[str, float | None] = {}  # configuration -> score once it is complete

    def suggest(self, trial_id: str) -> dict[str, Any] | str:
        """Next configuration; FINISHED when the space is used up."""
        proposed = self._propose()
        if proposed is None:
            return str(Searcher.FINISHED)
        self._keep(trial_id, proposed)
        return proposed.configuration

    def recall(self, trial_id: str, configuration: Configuration, *, own: bool = True) -> None:
        """Let the trial run in the study; the sampler is not asked."""
        check_is_in(self._problem.space, trial_id, configuration)
        self._keep(trial_id, self._start(configuration))

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Remember an intermediate value."""
        if result.get("score") is None:
            return
        storage_id, step = self._running[trial_id].storage_id, result["resource"]
        if step not in self._storage.get_trial(storage_id).intermediate_values:
            self._storage.set_trial_intermediate_value(storage_id, step, float(result["score"]))

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Tell the study: complete, pruned (stopped before the last inner fold) or failed."""
        storage_id, configuration = self._running[trial_id]
        if error or result is None or result.get("score") is None:
            self._tell(storage_id, TrialState.FAIL)
        else:
            self.on_trial_result(trial_id, result)
            if not result.get("complete", result["resource"] >= self._problem.max_resource):
                self._tell(storage_id, TrialState.PRUNED, result["score"])
            else:
                self._tell(storage_id, TrialState.COMPLETE, result["score"])
                self._known[key(configuration)] = result["score"]
        del self._running[trial_id]

    @property
    def trials(self) -> list[optuna.trial.FrozenTrial]:
        """What the study has been told."""
        return self._study.get_trials(deepcopy=False)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: a search is resumed from the store."""

    def _propose(self) -> Proposed | None:
        while self._initial:
            configuration = self._initial.pop(0)
            if key(configuration) not in self._known:
                return self._start(configuration)
        spare = self._spare()
        return None if spare is None else self._sample(spare)

    def _sample(self, spare: Configuration) -> Proposed:
        """Take what the sampler says, or ``spare`` where that is known already."""
        asked = self._ask()
        # A failed trial is no business of a sampler; what it noted of itself goes with it.
        self._tell(asked.storage_id, TrialState.FAIL)
        is_new = key(asked.configuration) not in self._known
        return self._start(asked.configuration if is_new else spare)

    def _spare(self) -> Configuration | None:
        """Draw what was not proposed yet; None if that can't be found: the space is used up.

        Drawn whether or not it will be needed, so that the end of the proposals does not depend
        on what the sampler has learnt.
        """
        rng = np.random.default_rng((self._problem.seed, len(self._known)))
        for _ in range(REDRAWS):
            configuration = self._problem.space.sample(rng)
            if key(configuration) not in self._known:
                return configuration
        return None

    def _ask(self) -> Proposed:
        """Ask a new sampler, seeded by how many configurations are known."""
        entropy = np.random.SeedSequence((self._problem.seed, len(self._known)))
        with without_warnings():
            self._study.sampler = self._make(int(entropy.generate_state(1)[0]))
            trial = self._study.ask()
            storage_id = self._storage.get_trial_id_from_study_id_trial_number(
                self._study_id, trial.number
            )
            return Proposed(
                storage_id, self._problem.space.walk(lambda name, p: _suggest(trial, name, p))
            )

    def _start(self, configuration: Configuration) -> Proposed:
        """Put a running trial of ``configuration`` into the study.

        By parameter, because ``add_trial`` takes twice as long: it copies the distributions.
        """
        storage_id = self._storage.create_new_trial(self._study_id)
        for name, distribution in self._distributions.items():
            if name in configuration:
                value = distribution.to_internal_repr(configuration[name])
                self._storage.set_trial_param(storage_id, name, value, distribution)
        return Proposed(storage_id, configuration)

    def _keep(self, trial_id: str, proposed: Proposed) -> None:
        self._running[trial_id] = proposed
        self._known.setdefault(key(proposed.configuration), None)

    def _tell(self, storage_id: int, state: TrialState, score: float | None = None) -> None:
        """As ``Study.tell``, which takes longer because it returns a deep copy of the trial."""
        values = None if score is None else [float(score)]
        self._storage.set_trial_state_values(storage_id, state=state, values=values)


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


def _distribution(parameter: Parameter) -> BaseDistribution:
    """Say it as ``_suggest`` does: samplers compare the distributions of trials."""
    if isinstance(parameter, Float):
        return FloatDistribution(
            parameter.low, parameter.high, log=parameter.log, step=parameter.step
        )
    if isinstance(parameter, Integer):
        return IntDistribution(
            parameter.low, parameter.high, log=parameter.log, step=parameter.step
        )
    return CategoricalDistribution(list(parameter.choices))
