"""Nested cross-validation: the whole data flow, top to bottom."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from cluster.session import Session
from cluster.tasks import run_tasks
from search_spaces.space import join_family
from searcher.candidates import DUMMY, joint_space, references
from searcher.errors import SearchFailedError, TrialError
from searcher.evaluation import fold_seed
from searcher.model import FittedModel
from searcher.plan import Plan, count_slots
from searcher.plugins import load_family
from searcher.records import (
    FINAL,
    InnerSearchEnded,
    Note,
    OuterPredictions,
    OuterScore,
    Record,
    Role,
)
from searcher.refit import Predictions, Refit, RefitJob, RefitWork, refit
from searcher.selection import choose_default, choose_winner, find_dummy
from searcher.store import StoredTrial
from searcher.strategies.base import Problem
from searcher.tuning.inner import InnerSearch, make_inner_search
from searcher.tuning.run import run_inner_searches
from searcher.tuning.trainable import Work

MOST_PREDICTIONS = 200_000
"""Outer test rows of a search whose predictions are kept, 7 MB of the store. Above, a sample."""

MOST_PROBABILITIES = 2_000_000
"""Numbers among them, where there are many classes: each takes about 20 bytes of JSON."""

Emit = Callable[[Record], None]
TrialsOf = Callable[[str], Sequence[StoredTrial]]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a nested search found."""

    chosen: tuple[InnerSearchEnded, ...]  # by outer fold, the final one last
    outer: tuple[OuterScore, ...]
    model: FittedModel  # the final winner, refitted on all rows


def run_nested_search(
    plan: Plan, *, session: Session, emit: Emit, trials_of: TrialsOf
) -> Outcome | None:
    """Choose by inner folds, judge by outer folds, refit on all rows.

    Parameters
    ----------
    emit
        Takes every record of what happens.
    trials_of
        Gives an outer fold's trials as the store has them, with everything emitted so far: choices
        are made from what is kept, not from memory.

    Returns
    -------
    None if the user interrupted it.
    """
    finished = run_inner_searches(
        _inner_searches(plan),
        _work(plan),
        search_id=plan.search_id,
        slots=count_slots(plan.spec, session),
        gpus=plan.spec.hardware.gpus,
        emit=emit,
    )
    if not finished:
        return None
    chosen, jobs = [], []
    for name in plan.outer:
        trials = trials_of(name)
        winner = choose_winner(trials)
        chosen.append(
            InnerSearchEnded(plan.search_id, name, winner.trial_id, float(winner.score or 0.0))
        )
        emit(chosen[-1])
        jobs += _refits_of(name, winner, trials)
    outer, model = _refit_all(plan, jobs, emit)
    return Outcome(tuple(chosen), outer, model)


def refit_work(plan: Plan) -> RefitWork:
    """Gather what the plan's refits need."""
    return RefitWork(
        rows=plan.rows,
        folds=plan.outer,
        families=references(plan.candidates),
        metrics=plan.metrics,
        seed=plan.spec.seed,
        cpus=plan.spec.hardware.cpus,
    )


def _inner_searches(plan: Plan) -> dict[str, InnerSearch]:
    """One inner search for each outer fold, none sharing anything with another."""
    space = joint_space(plan.candidates)
    room = plan.spec.budget.trials - 1  # the dummy takes one
    initial = tuple(join_family(c.name, c.default) for c in plan.candidates)[:room]
    searches = {}
    for name in plan.outer:
        n_folds = len(plan.inner_folds(name))
        problem = Problem(
            space=space,
            initial=initial,
            trials=room,
            max_resource=n_folds,
            seed=fold_seed(plan.spec.seed, plan.outer[name]),
        )
        searches[name] = make_inner_search(
            plan.spec.strategy.build(problem),
            search_id=plan.search_id,
            outer_fold=name,
            trials=plan.spec.budget.trials,
            n_defaults=len(initial),
            max_resource=n_folds,
            dummy=load_family(DUMMY).default(plan.dataset.profile),
            time_s=plan.spec.budget.time_s,
        )
    return searches


def _work(plan: Plan) -> Work:
    return Work(
        rows=plan.rows,
        folds={name: plan.inner_folds(name) for name in plan.outer},
        families=references(plan.candidates),
        metrics=plan.metrics,
        seed=plan.spec.seed,
        cpus=plan.spec.hardware.cpus,
        trial_time_s=plan.spec.budget.trial_time_s,
    )


def _refits_of(
    outer_fold: str, winner: StoredTrial, trials: Sequence[StoredTrial]
) -> list[RefitJob]:
    """List what to refit in one outer fold: the winner, and what it is compared with."""
    if outer_fold == FINAL:
        return [_job(winner, ["winner"], keep_model=True)]
    roles: dict[str, list[Role]] = {winner.trial_id: ["winner"]}
    found = {winner.trial_id: winner}
    others: tuple[tuple[Role, StoredTrial | None], ...] = (
        ("default", choose_default(trials)),
        ("dummy", find_dummy(trials)),
    )
    for role, trial in others:
        if trial is not None:
            found[trial.trial_id] = trial
            roles.setdefault(trial.trial_id, []).append(role)
    return [_job(trial, roles[trial_id]) for trial_id, trial in found.items()]


def _job(trial: StoredTrial, roles: list[Role], *, keep_model: bool = False) -> RefitJob:
    return RefitJob(
        trial.outer_fold,
        tuple(roles),
        trial.trial_id,
        trial.family,
        trial.configuration,
        keep_model,
    )


def _refit_all(
    plan: Plan, jobs: list[RefitJob], emit: Emit
) -> tuple[tuple[OuterScore, ...], FittedModel]:
    """Refit every choice; the outer test rows are read here, once, after all choices are made."""
    work = refit_work(plan)
    outer: list[OuterScore] = []
    said: list[OuterPredictions] = []
    models: list[FittedModel] = []
    try:
        for job, result in run_tasks(refit, jobs, shared=work, cpus=work.cpus):
            models += [result.model] if result.model is not None else []
            if result.scores:
                outer += [_outer_score(plan, job, result, role) for role in job.roles]
            if result.predictions is not None:
                said.append(_outer_predictions(plan, job, result.predictions))
    except TrialError as error:
        raise SearchFailedError(f"an outer fold's winner can't be scored: {error}") from error
    outer.sort(key=lambda score: (list(plan.outer).index(score.outer_fold), score.role))
    said.sort(key=lambda predictions: list(plan.outer).index(predictions.outer_fold))
    records: Iterator[Record] = chain(outer, said, _left_out(plan, said))
    for record in records:
        emit(record)
    return tuple(outer), models[0]


def _outer_score(plan: Plan, job: RefitJob, result: Refit, role: Role) -> OuterScore:
    return OuterScore(
        search_id=plan.search_id,
        outer_fold=job.outer_fold,
        role=role,
        trial_id=job.trial_id,
        scores=result.scores,
        fit_s=result.fit_s,
    )


def _outer_predictions(plan: Plan, job: RefitJob, made: Predictions) -> OuterPredictions:
    """Record what the winner says of its test rows; of an even share of them if there are many."""
    fold = plan.outer[job.outer_fold]
    share = min(1.0, _most_predictions(plan) / _n_test(plan))
    kept = np.arange(len(fold.test))
    if share < 1:
        rng = np.random.default_rng(fold_seed(plan.spec.seed, fold))
        kept = np.sort(rng.choice(kept, int(share * len(kept)), replace=False))
    rows = np.asarray(fold.test)[kept]
    return OuterPredictions(
        search_id=plan.search_id,
        outer_fold=job.outer_fold,
        role="winner",
        trial_id=job.trial_id,
        rows=rows,
        truth=plan.rows.y[rows],
        predicted=made.predicted[kept],
        probabilities=None if made.probabilities is None else made.probabilities[kept],
    )


def _most_predictions(plan: Plan) -> int:
    n_classes = max(1, len(plan.dataset.classes))
    return min(MOST_PREDICTIONS, MOST_PROBABILITIES // n_classes)


def _n_test(plan: Plan) -> int:
    """Outer test rows, a row of several repeats counted each time."""
    return sum(len(fold.test) for fold in plan.outer.values())


def _left_out(plan: Plan, said: Sequence[OuterPredictions]) -> list[Note]:
    """Say that only a sample of the predictions is kept, if so."""
    rows, kept = _n_test(plan), sum(len(predictions.rows) for predictions in said)
    if kept == rows:
        return []
    return [Note(plan.search_id, "outer_predictions", {"rows": rows, "kept": kept})]
