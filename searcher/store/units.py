"""What is kept of trials that advance all inner folds in lockstep: scores by unit, and lineage."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from searcher.records import Replaced
from searcher.store.schema import lineage, trials, unit_scores


@dataclass(frozen=True, slots=True)
class StoredUnit:
    """One unit of resource of a trial, over all its inner folds."""

    trial_id: str
    resource: int  # units finished by then
    score: float  # mean of the optimised metric
    scores: dict[str, list[float | None]]  # metric -> by inner fold, as trials see them
    is_last: bool
    fit_s: float  # wall seconds
    score_s: float
    cpu_s: float
    attempt: int
    sequence: int | None  # place in the order of its search's events
    at: datetime


def units_of(connection: Connection, search_id: str) -> Iterator[StoredUnit]:
    """Yield the units of all trials of a search, by trial and resource."""
    columns = [column for column in unit_scores.columns if column.name != "ended_at"]
    question = (
        select(*columns, unit_scores.c.ended_at.label("at"))
        .join(trials, trials.c.trial_id == unit_scores.c.trial_id)
        .where(trials.c.search_id == search_id)
        .order_by(trials.c.id, unit_scores.c.resource)
    )
    for row in connection.execute(question):
        yield StoredUnit(**row._mapping)


def lineage_of(connection: Connection, search_id: str) -> Iterator[Replaced]:
    """Yield which members of populations were replaced by which, by resource and trial."""
    columns = [column for column in lineage.columns if column.name != "decided_at"]
    question = (
        select(*columns, lineage.c.decided_at.label("at"))
        .join(trials, trials.c.trial_id == lineage.c.trial_id)
        .where(trials.c.search_id == search_id)
        .order_by(lineage.c.resource, trials.c.id)
    )
    for row in connection.execute(question):
        yield Replaced(**row._mapping)


def last_configuration() -> ColumnElement[Any]:
    """Ask for the configuration that a row of ``trials`` ended with, as ``v_leaderboard`` does.

    Another one than it began with, if it is a member of a population that was replaced.
    """
    newest = (
        select(lineage.c.configuration)
        .where(lineage.c.trial_id == trials.c.trial_id)
        .order_by(lineage.c.resource.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(newest, trials.c.configuration)
