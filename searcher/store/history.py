"""What a search's trials did, in the order of its events: what it is resumed from."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from searcher.errors import StoreError
from searcher.records import Configuration, Origin, TrialState, Unit
from searcher.store.schema import attempts, fold_fits, fold_scores, searches, trials, unit_scores
from searcher.store.units import StoredUnit, units_of


@dataclass(frozen=True, slots=True)
class PastFold:
    """A finished inner fold."""

    sequence: int
    inner_fold: int
    score: float | None  # of the optimised metric
    work_s: float  # wall seconds of fit and score


@dataclass(frozen=True, slots=True)
class PastTrial:
    """A trial as the store has it."""

    trial_id: str
    outer_fold: str
    number: int
    family: str
    configuration: Configuration
    origin: Origin
    state: TrialState
    attempt: int
    sequence: int
    ended_sequence: int | None
    unit: Unit
    folds: tuple[PastFold, ...]  # in the order in which they were finished
    units: tuple[StoredUnit, ...] = ()  # by resource, where that is not counted in inner folds
    busy_since: datetime | None = None  # of a running one: what it finished last, or its start


def history(connection: Connection, search_id: str) -> dict[str, tuple[PastTrial, ...]]:
    """Return every trial of a search by outer fold, in the order of their proposal.

    Raises
    ------
    StoreError
        If the search is of a time before the order of events was kept.
    """
    folds, busy = _folds(connection, search_id), _busy_since(connection, search_id)
    units: dict[str, list[StoredUnit]] = defaultdict(list)
    for unit in units_of(connection, search_id):
        units[unit.trial_id].append(unit)
    found: dict[str, list[PastTrial]] = defaultdict(list)
    names = ("trial_id", "outer_fold", "number", "family", "configuration", "origin", "state")
    columns = [trials.c[name] for name in (*names, "attempt", "sequence", "ended_sequence", "unit")]
    question = select(*columns).where(trials.c.search_id == search_id).order_by(trials.c.number)
    for row in connection.execute(question):
        if row.sequence is None:
            raise StoreError(
                f"search {search_id} was begun by an older searcher, which did not keep the order "
                f"of events; `searcher fork {search_id}` takes its trials over into a new search"
            )
        found[row.outer_fold].append(
            PastTrial(
                **row._mapping,
                folds=tuple(folds[row.trial_id]),
                units=tuple(units[row.trial_id]),
                busy_since=busy.get(row.trial_id),
            )
        )
    return {outer_fold: tuple(past) for outer_fold, past in found.items()}


def _folds(connection: Connection, search_id: str) -> dict[str, list[PastFold]]:
    optimised = select(searches.c.metric).where(searches.c.search_id == search_id).scalar_subquery()
    same_fit = (fold_scores.c.trial_id == fold_fits.c.trial_id) & (
        fold_scores.c.inner_fold == fold_fits.c.inner_fold
    )
    question = (
        select(
            fold_fits.c.trial_id,
            fold_fits.c.sequence,
            fold_fits.c.inner_fold,
            fold_scores.c.score,
            (fold_fits.c.fit_s + fold_fits.c.score_s).label("work_s"),
        )
        .join(trials, trials.c.trial_id == fold_fits.c.trial_id)
        .outerjoin(fold_scores, same_fit & (fold_scores.c.metric == optimised))
        .where(trials.c.search_id == search_id)
    )
    folds: dict[str, list[Any]] = defaultdict(list)
    for trial_id, sequence, *rest in connection.execute(question):
        folds[trial_id].append(PastFold(sequence if sequence is not None else -1, *rest))
    for of_trial in folds.values():
        of_trial.sort(key=lambda fold: fold.sequence)
    return folds


def _busy_since(connection: Connection, search_id: str) -> dict[str, datetime]:
    """Return when each running trial began what it has not finished."""
    question = (
        select(
            trials.c.trial_id,
            trials.c.started_at,
            func.max(fold_fits.c.ended_at),
            func.max(unit_scores.c.ended_at),
            func.max(attempts.c.ended_at),
        )
        .outerjoin(fold_fits, fold_fits.c.trial_id == trials.c.trial_id)
        .outerjoin(unit_scores, unit_scores.c.trial_id == trials.c.trial_id)
        .outerjoin(attempts, attempts.c.trial_id == trials.c.trial_id)
        .where(trials.c.search_id == search_id, trials.c.state == "running")
        .group_by(trials.c.trial_id, trials.c.started_at)
    )
    return {
        trial_id: max(at for at in times if at is not None)
        for trial_id, *times in connection.execute(question)
    }
