"""Which search or trial an id means, and what to say when it means none."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from searcher.errors import NotFoundError, near
from searcher.store.questions import in_fold_order
from searcher.store.schema import searches, trials
from searcher.store.values import text

NEWEST = 5
"""How many ids a message about an unknown one names."""


def resolve(connection: Connection, search_id: str) -> str:
    """Return the whole id of the search that is called so, or that alone begins so.

    Raises
    ------
    NotFoundError
        When none does, or several do.
    """
    wanted = text(search_id)
    of = searches.c.search_id
    if connection.execute(select(of).where(of == wanted)).first() is not None:
        return wanted
    ids = select(of).order_by(searches.c.id.desc())
    found = []
    if wanted:
        begin = func.substr(of, 1, len(wanted)) == wanted
        found = [str(row[0]) for row in connection.execute(ids.where(begin))]
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFoundError(
            f"{len(found)} searches begin with {wanted!r}: {', '.join(found[:NEWEST])}"
        )
    every = [str(row[0]) for row in connection.execute(ids)]
    raise NotFoundError(f"no search {wanted!r}; {_known_searches(wanted, every)}")


def unknown_trial(connection: Connection, trial_id: str) -> NotFoundError:
    """Say which ids there are, without comparing with each of perhaps a million."""
    search_id = trial_id.rsplit(".", 2)[0]
    last = (
        select(trials.c.outer_fold, func.max(trials.c.number).label("number"))
        .where(trials.c.search_id == search_id)
        .group_by(trials.c.outer_fold)
        .order_by(*in_fold_order(trials.c.outer_fold))
    )
    ranges = [
        f"{search_id}.{row.outer_fold}.0 to .{row.number}" for row in connection.execute(last)
    ]
    if ranges:
        return NotFoundError(f"no trial {trial_id!r}; the search has {', '.join(ranges)}")
    ids = select(searches.c.search_id).order_by(searches.c.id.desc())
    every = [str(row[0]) for row in connection.execute(ids)]
    return NotFoundError(f"no trial {trial_id!r}; {_known_searches(search_id, every)}")


def _known_searches(wanted: str, known: Sequence[str]) -> str:
    if not known:
        return "the store has no searches yet"
    return f"the newest searches are {', '.join(known[:NEWEST])}.{near(wanted, known)}"
