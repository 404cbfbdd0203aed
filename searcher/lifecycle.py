"""What may be done with a search in which state."""

from typing import Literal

from searcher.errors import NotAllowedError
from searcher.records import SearchState

Action = Literal["resume", "stop", "extend", "delete", "fork"]

ALLOWED: dict[Action, tuple[SearchState, ...]] = {
    "resume": ("running", "interrupted", "failed"),  # running: its driver is dead
    "stop": ("running",),
    "extend": ("completed", "interrupted", "failed", "running"),
    "delete": ("running", "completed", "interrupted", "failed"),
    "fork": ("running", "completed", "interrupted", "failed"),
}
"""The lease says more: whatever changes a search needs it, and a live driver has it."""

INSTEAD: dict[SearchState, str] = {
    "completed": "`searcher extend {id} --trials N` gives it a larger budget",
    "interrupted": "`searcher resume {id}` goes on with it",
    "failed": "`searcher resume {id}` tries once more",
    "running": "`searcher stop {id}` asks it to stop",
}


def require(action: Action, search_id: str, state: SearchState) -> None:
    """Refuse what a search's state does not allow.

    Raises
    ------
    NotAllowedError
        Saying what is possible instead.
    """
    if state not in ALLOWED[action]:
        instead = INSTEAD[state].format(id=search_id)
        raise NotAllowedError(f"search {search_id} is {state}: can't {action} it; {instead}")
