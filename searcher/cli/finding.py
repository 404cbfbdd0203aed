"""Which search an ID on the command line means."""

from searcher.errors import NotFoundError
from searcher.store import Store

LATEST = "latest"


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
