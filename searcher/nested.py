"""Nested cross-validation: the whole data flow, top to bottom."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cluster.session import Session
from cluster.tasks import run_tasks
from search_spaces.space import join_family
from searcher.candidates import DUMMY, joint_space, references
from searcher.errors import SearchFailedError, TrialError
from searcher.evaluation import fold_seed
from searcher.failpoints import failpoint
from searcher.lineage import Way, ways_of
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
    Replaced,
    Role,
    Unit,
)
from searcher.refit import Predictions, Refit, RefitJob, RefitWork, refit
from searcher.resources import longest, unit_of
from searcher.selection import choose_default, choose_winner, find_dummy
from searcher.store import StoredTrial
from searcher.store.history import PastTrial
from searcher.strategies.base import Problem
from searcher.tuning.inner import InnerSearch, make_inner_search
from searcher.tuning.replay import replay
from searcher.tuning.run import Watch, run_inner_searches
from searcher.tuning.work import Work

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


@dataclass(frozen=True, slots=True)
class Past:
    """What a search that goes on has already."""

    trials: Mapping[str, Sequence[PastTrial]] = field(default_factory=dict)  # by outer fold
    scores: Sequence[OuterScore] = ()
    first_trials: int | None = None  # budget it began with, if it was extended
    seen_at: datetime | None = None  # last sign of life of the driver that had it


def run_nested_search(
    plan: Plan,
    *,
    session: Session,
    emit: Emit,
    trials_of: TrialsOf,
    lineage_of: Callable[[], Sequence[Replaced]] = tuple,
    checkpoints: Path | None = None,
    past: Past | None = None,
    watch: Watch | None = None,
) -> Outcome | None:
    """Choose by inner folds, judge by outer folds, refit on all rows.

    Parameters
    ----------
    emit
        Takes every record of what happens.
    trials_of
        Gives an outer fold's trials as the store has them, with everything emitted so far: choices
        are made from what is kept, not from memory.
    lineage_of
        Gives the store's lineage of the search's populations, as ``trials_of`` does.
    checkpoints
        Folder for the states of trials that train in epochs or rounds; None: those of a worker that
        dies begin anew.
    past
        What is there already; it is neither run nor told again.
    watch
        What is asked while trials run.

    Returns
    -------
    None if the user interrupted it.
    """
    past = past or Past()
    inner = _inner_searches(plan, past)
    for name, search in inner.items():
        for record in replay(search, past.trials.get(name, ()), seen_at=past.seen_at):
            emit(record)
    finished = run_inner_searches(
        inner,
        replace(_work(plan, checkpoints), generation=_generation(inner)),
        search_id=plan.search_id,
        slots=count_slots(plan.spec, session),
        gpus=plan.spec.hardware.gpus,
        emit=emit,
        watch=watch,
    )
    if not finished:
        return None
    failpoint("driver.tuned")
    chosen, jobs, lineage = [], [], lineage_of()
    for name in plan.outer:
        trials = trials_of(name)
        winner = choose_winner(trials)
        chosen.append(
            InnerSearchEnded(plan.search_id, name, winner.trial_id, float(winner.score or 0.0))
        )
        emit(chosen[-1])
        began = {trial.trial_id: trial.configuration for trial in trials}
        ways = ways_of(began, (record for record in lineage if record.trial_id in began))
        jobs += _refits_of(name, winner, trials, ways)
    failpoint("driver.chosen")
    outer, model = _refit_all(plan, jobs, emit, known=past.scores)
    failpoint("driver.scored")
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
        generation=_generation(_inner_searches(plan, Past())),
    )


def check_strategy(plan: Plan) -> None:
    """Let the strategy say whether it can search this space, before anything is stored.

    Raises
    ------
    SpecError
        If it can't.
    """
    _inner_searches(plan, Past())


def _generation(inner: Mapping[str, InnerSearch]) -> int | None:
    """Units in a generation, if trials are a population."""
    found = {s.generations.interval for s in inner.values() if s.generations is not None}
    return max(found, default=None)


def _inner_searches(plan: Plan, past: Past) -> dict[str, InnerSearch]:
    """One inner search for each outer fold, none sharing anything with another."""
    space = joint_space(plan.candidates)
    room = plan.spec.budget.trials - 1  # the dummy takes one
    initial = tuple(join_family(c.name, c.default) for c in plan.candidates)[:room]
    units = {c.name: unit_of(c.family, plan.spec) for c in plan.candidates}
    searches = {}
    for name in plan.outer:
        lengths = _lengths(plan, units, n_folds=len(plan.inner_folds(name)))
        problems = {
            unit: Problem(
                space=space,
                initial=initial,
                trials=room,
                max_resource=lengths[unit],
                seed=fold_seed(plan.spec.seed, plan.outer[name]),
                first_trials=None if past.first_trials is None else past.first_trials - 1,
                evolves={c.name: getattr(c.family, "evolves", ()) for c in plan.candidates},
            )
            for unit in dict.fromkeys(units.values())
        }
        parts = {unit: plan.spec.strategy.build(problem) for unit, problem in problems.items()}
        searches[name] = make_inner_search(
            next(iter(parts.values())),
            search_id=plan.search_id,
            outer_fold=name,
            trials=plan.spec.budget.trials,
            initial=initial,
            longest=lengths,
            dummy=load_family(DUMMY).default(plan.dataset.profile),
            time_s=plan.spec.budget.time_s,
            trial_time_s=plan.spec.budget.trial_time_s,
            units=units,
            schedulers={unit: part.scheduler for unit, part in parts.items()},
        )
    return searches


def _lengths(plan: Plan, units: Mapping[str, Unit], *, n_folds: int) -> dict[Unit, int]:
    """Units of the longest trials; the dummy's are inner folds."""
    lengths: dict[Unit, int] = {"inner_folds": n_folds}
    for candidate in plan.candidates:
        unit = units[candidate.name]
        length = longest(candidate.space, unit, n_folds=n_folds)
        lengths[unit] = max(length, lengths.get(unit, 0))
    return lengths


def _work(plan: Plan, checkpoints: Path | None) -> Work:
    return Work(
        rows=plan.rows,
        folds={name: plan.inner_folds(name) for name in plan.outer},
        families=references(plan.candidates),
        metrics=plan.metrics,
        seed=plan.spec.seed,
        cpus=plan.spec.hardware.cpus,
        trial_time_s=plan.spec.budget.trial_time_s,
        workers=plan.spec.hardware.workers,
        gpus=plan.spec.hardware.gpus,
        share=plan.spec.hardware.parallel,
        checkpoints=None if checkpoints is None else str(checkpoints),
    )


def _refits_of(
    outer_fold: str,
    winner: StoredTrial,
    trials: Sequence[StoredTrial],
    ways: Mapping[str, Way],
) -> list[RefitJob]:
    """List what to refit in one outer fold: the winner, and what it is compared with."""
    if outer_fold == FINAL:
        return [_job(winner, ["winner"], ways[winner.trial_id], keep_model=True)]
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
    return [_job(trial, roles[trial_id], ways[trial_id]) for trial_id, trial in found.items()]


def _job(trial: StoredTrial, roles: list[Role], way: Way, *, keep_model: bool = False) -> RefitJob:
    _, last = way[-1]
    return RefitJob(
        trial.outer_fold, tuple(roles), trial.trial_id, trial.family, last, keep_model, way
    )


def _refit_all(
    plan: Plan, jobs: list[RefitJob], emit: Emit, *, known: Sequence[OuterScore]
) -> tuple[tuple[OuterScore, ...], FittedModel]:
    """Refit every choice; the outer test rows are read here, once, after all choices are made.

    A job whose scores are known is done; the final model, which is in no store, is made again.
    """
    work = refit_work(plan)
    outer = list(known)
    done = {(score.outer_fold, score.trial_id, score.role) for score in known}
    left = [job for job in jobs if not _is_done(job, done)]
    models: list[FittedModel] = []
    try:
        for job, result in run_tasks(refit, left, shared=work, cpus=work.cpus):
            models += [result.model] if result.model is not None else []
            for record in _judged(plan, job, result):
                emit(record)
                outer += [record] if isinstance(record, OuterScore) else []
    except TrialError as error:
        raise SearchFailedError(f"an outer fold's winner can't be scored: {error}") from error
    outer.sort(key=lambda score: (list(plan.outer).index(score.outer_fold), score.role))
    for note in _left_out(plan):
        emit(note)
    return tuple(outer), models[0]


def _is_done(job: RefitJob, done: set[tuple[str, str, Role]]) -> bool:
    return all((job.outer_fold, job.trial_id, role) in done for role in job.roles)


def _judged(plan: Plan, job: RefitJob, result: Refit) -> list[Record]:
    """Say how a refitted model did; what it predicted comes with the scores of its last role."""
    records: list[Record] = []
    if result.scores:
        records += [_outer_score(plan, job, result, role) for role in job.roles]
    if result.predictions is not None:
        records.append(_outer_predictions(plan, job, result.predictions))
    return records


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
    kept = _kept(plan, job.outer_fold)
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


def _kept(plan: Plan, outer_fold: str) -> NDArray[np.int64]:
    """Choose of which test rows, by their positions among them, predictions are kept."""
    fold = plan.outer[outer_fold]
    share = min(1.0, _most_predictions(plan) / _n_test(plan))
    if share == 1:
        return np.arange(len(fold.test))
    rng = np.random.default_rng(fold_seed(plan.spec.seed, fold))
    return np.sort(rng.choice(len(fold.test), int(share * len(fold.test)), replace=False))


def _left_out(plan: Plan) -> list[Note]:
    """Say that only a sample of the predictions is kept, if so."""
    if plan.dataset.task == "clustering":  # which has no truth to compare with
        return []
    rows, kept = _n_test(plan), sum(len(_kept(plan, name)) for name in plan.outer)
    if kept == rows:
        return []
    return [Note(plan.search_id, "outer_predictions", {"rows": rows, "kept": kept})]
