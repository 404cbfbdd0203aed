"""What pausing, resuming and extending a search change beside its own row."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from searcher.store.schema import (
    inner_searches,
    outer_predictions,
    outer_scores,
    searches,
    trials,
)

RESULTS = (
    "outer_mean",
    "interval_low",
    "interval_high",
    "optimism",
    "default_difference",
    "default_interval_low",
    "default_interval_high",
    "error",
    "ended_at",
    "seconds",
)
"""Columns of a search that only its end fills."""


def pause_what_runs(connection: Connection, search_id: str, *, state: str, at: datetime) -> int:
    """Pause the trials of a search that ended as ``state``; return how many there were.

    Its inner searches get the search's state; all of them go on where they are when it is resumed.
    """
    inner = (inner_searches.c.search_id == search_id) & (inner_searches.c.state == "running")
    connection.execute(update(inner_searches).where(inner).values(state=state, ended_at=at))
    running = (trials.c.search_id == search_id) & (trials.c.state == "running")
    return connection.execute(update(trials).where(running).values(state="paused")).rowcount


def reopen(connection: Connection, search_id: str) -> None:
    """Let a search go on; what it found stays."""
    _run_again(connection, search_id)
    unfinished = (inner_searches.c.search_id == search_id) & inner_searches.c.trial_id.is_(None)
    connection.execute(
        update(inner_searches).where(unfinished).values(state="running", ended_at=None)
    )


def extend(connection: Connection, search_id: str, budget: dict[str, Any]) -> None:
    """Let a search go on with a larger budget: every inner search will choose anew.

    Outer scores belong to the choices that they judged, so they go with them.
    """
    spec = connection.scalar(select(searches.c.spec).where(searches.c.search_id == search_id))
    _run_again(connection, search_id, spec={**(spec or {}), "budget": budget})
    for table in (outer_predictions, outer_scores):
        connection.execute(delete(table).where(table.c.search_id == search_id))
    connection.execute(
        update(inner_searches)
        .where(inner_searches.c.search_id == search_id)
        .values(state="running", trial_id=None, inner_score=None, ended_at=None)
    )


def _run_again(connection: Connection, search_id: str, **more: Any) -> None:
    values: dict[str, Any] = {"state": "running", **dict.fromkeys(RESULTS), **more}
    connection.execute(update(searches).where(searches.c.search_id == search_id).values(values))
