"""Train a chosen configuration once more, on all the rows it may see, and score it once."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from cluster.ranks import Rank
from searcher.demand import Demand, Demands
from searcher.evaluation import Rows, fold_seed, make_scorer, quietly, score
from searcher.lineage import Way
from searcher.model import FittedModel, fit_model
from searcher.plugins import load_family
from searcher.records import Fold, Role
from searcher.stepwise import ALONE, Place

if TYPE_CHECKING:  # a worker has no use for the store, and it takes a third of a second
    from searcher.store import StoredTrial


@dataclass(frozen=True, slots=True)
class RefitWork:
    """What every refit of a search needs."""

    rows: Rows
    folds: Mapping[str, Fold]  # outer splits
    families: Mapping[str, str]  # name -> what to load it by
    metrics: tuple[str, ...]
    seed: int
    cpus: int  # of each process
    demands: Demands = field(default_factory=dict)  # by family; one core where it is not named
    generation: int | None = None  # units after which members of a population could be replaced

    def demand(self, family: str) -> Demand:
        """Say what a refit of a family occupies."""
        return self.demands.get(family) or Demand(cpus=self.cpus)


@dataclass(frozen=True, slots=True)
class RefitJob:
    """One configuration to refit on one outer fold's training rows."""

    outer_fold: str
    roles: tuple[Role, ...]  # a default that won is winner and default at once
    trial_id: str
    family: str
    configuration: Mapping[str, Any]
    keep_model: bool = False
    way: Sequence[tuple[int, Mapping[str, Any]]] = ()  # if it trains in epochs or rounds

    @classmethod
    def of(
        cls, trial: "StoredTrial", roles: Sequence[Role], way: Way, *, keep_model: bool = False
    ) -> Self:
        """Refit of a stored trial, by the configurations that its last state was trained by."""
        _, last = way[-1]
        return cls(
            outer_fold=trial.outer_fold,
            roles=tuple(roles),
            trial_id=trial.trial_id,
            family=trial.family,
            configuration=last,
            keep_model=keep_model,
            way=() if trial.unit == "inner_folds" else way,  # nothing there to follow
        )


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a refitted model says of an outer fold's test rows."""

    predicted: NDArray[Any]  # (n_test,): class codes or values
    probabilities: NDArray[Any] | None  # (n_test, n_classes); None for regression


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """A refitted configuration: its outer scores, and the model if that was asked for."""

    scores: dict[str, float]  # empty when the outer fold has no test rows (the final one)
    fit_s: float
    model: FittedModel | None
    predictions: Predictions | None  # the winner's, where there are test rows


def refit_on_rank(rank: Rank, work: RefitWork, job: RefitJob) -> Refit | None:
    """Refit together with the other ranks; the first one scores, and has the answer.

    What does not train in epochs is fitted by one process, which has the GPU for itself.
    """
    if load_family(work.families[job.family]).resource != "epochs":
        return refit(work, job)
    place = Place(rank.number, rank.world, rank.device)
    if rank.number:
        _fit(work, job, place)
        return None
    return refit(work, job, place)


def refit(work: RefitWork, job: RefitJob, place: Place = ALONE) -> Refit:
    """Fit on the outer training rows; score on the outer test rows, if there are any.

    Parameters
    ----------
    place
        Among the processes that train a network together.

    Raises
    ------
    ScoreNotFiniteError
        If a metric is not finite on the test rows.
    """
    fold, rows = work.folds[job.outer_fold], work.rows
    started = time.perf_counter()
    model = _fit(work, job, place)
    fit_s = time.perf_counter() - started
    kept = model if job.keep_model else None
    if not len(fold.test):
        return Refit(scores={}, fit_s=fit_s, model=kept, predictions=None)
    features = model.features(rows.X[fold.test])  # once, for the scores and the predictions
    scorer = make_scorer(work.metrics)
    keeps = "winner" in job.roles and rows.profile.task != "clustering"  # which has no truth
    return Refit(
        scores=score(model.estimator, features, rows.y[fold.test], scorer=scorer),
        fit_s=fit_s,
        model=kept,
        predictions=quietly(_predict, model, features) if keeps else None,
    )


def _fit(work: RefitWork, job: RefitJob, place: Place) -> FittedModel:
    fold, rows = work.folds[job.outer_fold], work.rows
    model: FittedModel = quietly(
        lambda: fit_model(
            load_family(work.families[job.family]),
            job.configuration,
            rows.X[fold.train],
            rows.y[fold.train],
            profile=rows.profile,
            target=rows.target,
            classes=rows.classes,
            seed=fold_seed(work.seed, fold),
            cpus=work.cpus,
            way=job.way,
            generation=work.generation,
            place=place,
        )
    )
    return model


def _predict(model: FittedModel, features: NDArray[Any]) -> Predictions:
    """Predict ``features`` (n_test, n_features), which ``model.features`` gave."""
    estimator = model.estimator
    told = model.classes and hasattr(estimator, "predict_proba")
    return Predictions(
        predicted=np.asarray(estimator.predict(features)).reshape(-1),
        probabilities=np.asarray(estimator.predict_proba(features)) if told else None,
    )
