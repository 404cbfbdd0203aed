"""Which search, or trial, an ID on the command line means."""

import re

from searcher.errors import NotFoundError
from searcher.store import Store

LATEST = "latest"

TRIAL = re.compile(r"(.+)\.(final|[0-9]+)\.([0-9]+)")
"""A search's ID, an outer fold, a number: ids of searches have no dots."""


def find(store: Store, search_id: str) -> str:
    """Return what to ask the store for: ``latest`` becomes the id of the newest search.

    Raises
    ------
    NotFoundError
        If there are no searches at all.
    """
    if search_id != LATEST:
        return search_id
    newest = store.searches(limit=1)
    if not newest:
        raise NotFoundError("the store has no searches yet; `searcher run SPEC` makes one")
    return newest[0].search_id


def names_a_trial(text: str) -> bool:
    """Whether an ID is written as that of a trial: ``churn-3f9a2c.final.12``."""
    return TRIAL.fullmatch(text) is not None


def find_trial(store: Store, text: str) -> str:
    """Return the whole id of a trial; its search may be ``latest`` or the beginning of an id.

    Raises
    ------
    NotFoundError
        If there is no such search, or it is not written as the id of a trial.
    """
    parts = TRIAL.fullmatch(text)
    if parts is None:
        raise NotFoundError(
            f"{text!r} is no trial; a trial is written ID.FOLD.NUMBER, such as latest.final.0"
        )
    search_id = store.search(find(store, parts[1])).search_id
    return f"{search_id}.{parts[2]}.{parts[3]}"
