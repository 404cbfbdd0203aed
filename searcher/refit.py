"""Train a chosen configuration once more, on all the rows it may see, and score it once."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from searcher.evaluation import Rows, fold_seed, quietly, score_model
from searcher.model import FittedModel, fit_model
from searcher.plugins import load_family
from searcher.records import Fold, Role


@dataclass(frozen=True, slots=True)
class RefitWork:
    """What every refit of a search needs."""

    rows: Rows
    folds: Mapping[str, Fold]  # outer splits
    families: Mapping[str, str]  # name -> what to load it by
    metrics: tuple[str, ...]
    seed: int
    cpus: int


@dataclass(frozen=True, slots=True)
class RefitJob:
    """One configuration to refit on one outer fold's training rows."""

    outer_fold: str
    roles: tuple[Role, ...]  # a default that won is winner and default at once
    trial_id: str
    family: str
    configuration: Mapping[str, Any]
    keep_model: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """A refitted configuration: its outer scores, and the model if that was asked for."""

    scores: dict[str, float]  # empty when the outer fold has no test rows (the final one)
    fit_s: float
    model: FittedModel | None


def refit(work: RefitWork, job: RefitJob) -> Refit:
    """Fit on the outer training rows; score on the outer test rows, if there are any.

    Raises
    ------
    ScoreNotFiniteError
        If a metric is not finite on the test rows.
    """
    fold, rows = work.folds[job.outer_fold], work.rows
    started = time.perf_counter()
    model = quietly(
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
        )
    )
    fit_s = time.perf_counter() - started
    scores: dict[str, float] = {}
    if len(fold.test):
        scores = score_model(model, rows.X[fold.test], rows.y[fold.test], metrics=work.metrics)
    return Refit(scores=scores, fit_s=fit_s, model=model if job.keep_model else None)
