"""Who takes part in the benchmark of strategies, and how each is asked and told."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import optuna
from ray.tune.schedulers import TrialScheduler

from benchmarks.strategies_surrogate import EPOCHS
from search_spaces.parameters import Categorical, Integer, Parameter
from search_spaces.space import Configuration, Space, join_family
from searcher.spec import Strategy
from searcher.strategies.asha import Asha
from searcher.strategies.base import Problem
from searcher.strategies.bohb import Bohb
from searcher.strategies.hyperband import Hyperband
from searcher.strategies.optuna_searcher import without_warnings
from searcher.strategies.random import Random
from searcher.strategies.tpe import Tpe
from searcher.tuning.handle import TrialHandle
from searcher.tuning.inner import InnerSearch, make_inner_search
from searcher.tuning.trial import Proposal

MANY = 10**6  # trials: the epochs are what ends a run


class Contestant(ABC):
    """Somebody who proposes configurations and says when to stop."""

    @abstractmethod
    def ask(self) -> tuple[Any, Configuration]:
        """Next trial: how it is told of, and its configuration of the joint space."""

    @abstractmethod
    def tell(self, trial: Any, epoch: int, accuracy: float) -> bool:
        """Tell a trial's accuracy after an epoch; whether the trial goes on."""


class Ours(Contestant):
    """A strategy of ours in an inner search, as Ray Tune's events drive it."""

    def __init__(self, strategy: Strategy, space: Space, default: Configuration, seed: int) -> None:
        problem = Problem(space, (default,), MANY, EPOCHS, seed)
        self._inner: InnerSearch = make_inner_search(
            strategy.build(problem),
            search_id="benchmark",
            outer_fold="0",
            trials=MANY,
            initial=problem.initial,
            longest={"inner_folds": EPOCHS},
            dummy={},
            time_s=None,
        )
        dummy = self._next()
        self._inner.conclude(dummy.trial_id, {"score": 0.0, "resource": EPOCHS})

    def ask(self) -> tuple[Proposal, Configuration]:
        """Let the inner search propose."""
        proposal = self._next()
        return proposal, join_family(proposal.family, proposal.configuration)

    def tell(self, trial: Proposal, epoch: int, accuracy: float) -> bool:
        """Let the scheduler judge and the searcher learn, in the order of Ray Tune's events."""
        result = {"score": accuracy, "resource": epoch}
        handle = TrialHandle.of(trial.trial_id, trial.origin)
        if epoch < EPOCHS:
            action, _ = self._inner.judge(trial.trial_id, result, handle)
            if action != TrialScheduler.STOP:
                self._inner.learn(trial.trial_id, result)
                return True
        self._inner.retire(handle, result)
        self._inner.conclude(trial.trial_id, result)
        return False

    def _next(self) -> Proposal:
        proposal = self._inner.propose()
        if proposal is None:
            raise RuntimeError("the strategy proposed nothing, and the space is not used up")
        return proposal


class Optunas(Contestant):
    """Optuna's TPE as it comes, with one of its pruners; the default is enqueued, never pruned."""

    def __init__(
        self, pruner: optuna.pruners.BasePruner, space: Space, default: Configuration, seed: int
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._space = space
        # Its Hyperband deals trials to brackets by the study's name.
        self._study = optuna.create_study(
            study_name=f"benchmark {seed}",
            sampler=optuna.samplers.TPESampler(seed=seed),
            pruner=pruner,
            direction="maximize",
        )
        self._study.enqueue_trial(default)

    def ask(self) -> tuple[optuna.Trial, Configuration]:
        """Ask, by Optuna's define-by-run interface."""
        with without_warnings():
            trial = self._study.ask()
            return trial, self._space.walk(lambda name, p: _suggest(trial, name, p))

    def tell(self, trial: optuna.Trial, epoch: int, accuracy: float) -> bool:
        """Report, and prune where the pruner says so."""
        trial.report(accuracy, epoch)
        if epoch == EPOCHS:
            self._study.tell(trial, accuracy)
        elif trial.number > 0 and trial.should_prune():
            self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            return True
        return False


def _suggest(trial: optuna.Trial, name: str, parameter: Parameter) -> Any:
    if isinstance(parameter, Categorical):
        return trial.suggest_categorical(name, list(parameter.choices))
    if isinstance(parameter, Integer):
        return trial.suggest_int(name, parameter.low, parameter.high, log=parameter.log)
    return trial.suggest_float(name, parameter.low, parameter.high, log=parameter.log)


Make = Callable[[Space, Configuration, int], Contestant]


def _ours(strategy: Strategy) -> Make:
    return lambda space, default, seed: Ours(strategy, space, default, seed)


def _optunas(make: Callable[[], optuna.pruners.BasePruner]) -> Make:
    return lambda space, default, seed: Optunas(make(), space, default, seed)


CONTESTANTS: dict[str, Make] = {
    "random": _ours(Random()),
    "tpe": _ours(Tpe()),
    "asha over random": _ours(Asha(searcher="random")),
    "asha over tpe": _ours(Asha(searcher="tpe")),
    "hyperband over random": _ours(Hyperband(searcher="random")),
    "hyperband over tpe": _ours(Hyperband(searcher="tpe")),
    "bohb": _ours(Bohb()),
    "Optuna tpe": _optunas(optuna.pruners.NopPruner),
    "Optuna tpe, median": _optunas(optuna.pruners.MedianPruner),
    "Optuna tpe, halving": _optunas(
        lambda: optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    ),
    "Optuna tpe, hyperband": _optunas(
        lambda: optuna.pruners.HyperbandPruner(
            min_resource=1, max_resource=EPOCHS, reduction_factor=3
        )
    ),
}
