"""Refit what the inner searches chose, and judge it by the outer folds."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cluster.ranks import RankDiedError
from cluster.ranks.tasks import run_on_ranks
from cluster.tasks import ProcessDiedError, run_tasks
from searcher.demand import Demand
from searcher.errors import SearchFailedError, TrialError
from searcher.evaluation import fold_seed
from searcher.lineage import Way
from searcher.model import FittedModel
from searcher.plan import Plan
from searcher.records import FINAL, Note, OuterPredictions, OuterScore, Record, Role
from searcher.refit import (
    Predictions,
    Refit,
    RefitJob,
    RefitWork,
    refit,
    refit_on_rank,
)
from searcher.room import Room
from searcher.selection import choose_default, find_dummy
from searcher.store import StoredTrial

MOST_PREDICTIONS = 200_000
"""Outer test rows of a search whose predictions are kept, 7 MB of the store. Above, a sample."""

MOST_PROBABILITIES = 2_000_000
"""Numbers among them, where there are many classes: each takes about 20 bytes of JSON."""

Emit = Callable[[Record], None]


def refits_of(
    outer_fold: str,
    winner: StoredTrial,
    trials: Sequence[StoredTrial],
    ways: Mapping[str, Way],
) -> list[RefitJob]:
    """List what to refit in one outer fold: the winner, and what it is compared with.

    Parameters
    ----------
    trials
        All of that fold's.
    ways
        By trial: the configurations that it was trained by.
    """
    if outer_fold == FINAL:
        return [RefitJob.of(winner, ["winner"], ways[winner.trial_id], keep_model=True)]
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
    return [
        RefitJob.of(trial, roles[trial_id], ways[trial_id]) for trial_id, trial in found.items()
    ]


def judge_all(
    plan: Plan,
    jobs: Sequence[RefitJob],
    work: RefitWork,
    *,
    emit: Emit,
    known: Sequence[OuterScore],
    room: Room,
) -> tuple[tuple[OuterScore, ...], FittedModel]:
    """Refit every choice; the outer test rows are read here, once, after all choices are made.

    A job whose scores are known is done; the final model, which is in no store, is made again.

    Parameters
    ----------
    room
        Says how many may run at once.

    Raises
    ------
    SearchFailedError
        If a winner can't be scored, or its processes died each time.
    """
    outer = list(known)
    done = {(score.outer_fold, score.trial_id, score.role) for score in known}
    left = [job for job in jobs if not _is_done(job, done)]
    models: list[FittedModel] = []
    try:
        for job, result in _refit_all(left, work, room):
            models += [result.model] if result.model is not None else []
            for record in _judged(plan, job, result):
                emit(record)
                outer += [record] if isinstance(record, OuterScore) else []
    except TrialError as error:
        raise SearchFailedError(f"an outer fold's winner can't be scored: {error}") from error
    except (ProcessDiedError, RankDiedError) as error:
        raise SearchFailedError(f"a winner can't be refitted: {error}") from error
    outer.sort(key=lambda score: (list(plan.outer).index(score.outer_fold), score.role))
    for note in _left_out(plan):
        emit(note)
    return tuple(outer), models[0]


def _refit_all(
    jobs: Sequence[RefitJob], work: RefitWork, room: Room
) -> Iterator[tuple[RefitJob, Refit]]:
    """Refit networks as they were tried, on GPUs and by several processes; all others by one."""
    kinds: dict[Demand, list[RefitJob]] = {}
    for job in jobs:
        kinds.setdefault(work.demand(job.family), []).append(job)
    for asks, alike in kinds.items():
        at_once = room.at_once(asks)
        if asks.ranks == 1 and not asks.gpus:
            yield from run_tasks(refit, alike, shared=work, cpus=asks.cpus, at_once=at_once)
        else:
            yield from run_on_ranks(
                refit_on_rank,
                alike,
                shared=work,
                ranks=asks.ranks,
                cpus=asks.cpus,
                gpus=asks.gpus,
                groups=at_once,
            )


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
