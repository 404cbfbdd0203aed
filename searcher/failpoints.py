"""Named places where tests let a process die, stop or fail: off unless the environment says so.

``SEARCHER_FAILPOINTS="writer.before_commit=kill@3,driver.proposed=stop"`` kills this process
(SIGKILL, nothing is cleaned up) when it gets to ``writer.before_commit`` for the third time, and
suspends it (SIGSTOP) at ``driver.proposed``. Without the variable a failpoint costs one look into
an empty dictionary.
"""

import os
import signal
from collections import Counter
from typing import Literal, get_args

from searcher.errors import SpecError, near

VARIABLE = "SEARCHER_FAILPOINTS"

NAMES = (
    "writer.before_commit",  # rows are written, the transaction is open
    "writer.after_commit",  # committed, and nobody has been told
    "writer.spooled",  # the database is away, a record is on disk
    "driver.started",  # the search exists, nothing was proposed
    "driver.proposed",  # a strategy has proposed, the trial is not in the store
    "driver.trial_recorded",  # the trial is in the store, no worker has it
    "driver.result_recorded",  # a step's score is in the store, nobody has decided
    "driver.trial_ended",  # the trial's end is in the store, the strategy does not know
    "driver.tuned",  # all inner searches are done, nothing is chosen
    "driver.chosen",  # winners are in the store, nothing is refitted
    "driver.scored",  # outer scores are in the store, nothing is exported
    "driver.exported",  # the file is there, the store does not know
    "worker.before_fold",  # a worker begins an inner fold
    "worker.after_fold",  # the fold is scored, the driver does not know
    "worker.before_unit",  # a worker begins an epoch, or ten rounds, of all inner folds
    "worker.after_unit",  # that is scored and perhaps in a checkpoint, the driver does not know
    "checkpoint.before_rename",  # the new file is whole, under its temporary name
    "checkpoint.after_rename",  # the new file is there, its row is not
)
"""Every failpoint, in the order in which a search comes by."""

Action = Literal["kill", "stop", "error"]


class InjectedError(OSError):
    """What a failpoint raises that is told to fail."""


def parse(text: str) -> dict[str, tuple[Action, int]]:
    """Read ``name=action[@n]`` parts: what to do at the ``n``-th time (from 1) at each place.

    Raises
    ------
    SpecError
        If a name or an action is unknown.
    """
    wanted: dict[str, tuple[Action, int]] = {}
    for part in filter(None, text.split(",")):
        name, _, rest = part.partition("=")
        action, _, count = rest.partition("@")
        if name not in NAMES:
            raise SpecError(f"{VARIABLE}: no failpoint {name!r}.{near(name, NAMES)}")
        if action not in get_args(Action) or not (count or "1").isdigit():
            known = ", ".join(get_args(Action))
            raise SpecError(f"{VARIABLE}: {part!r}: after = comes one of {known}, then @ and when")
        wanted[name] = (action, int(count or "1"))  # type: ignore[assignment]
    return wanted


_wanted = parse(os.environ.get(VARIABLE, ""))
_passed: Counter[str] = Counter()


def failpoint(name: str) -> None:
    """Come by a place where tests may let this process die.

    Raises
    ------
    InjectedError
        Where the environment says so.
    """
    if not _wanted or name not in _wanted:
        return
    _passed[name] += 1
    action, when = _wanted[name]
    if _passed[name] != when:
        return
    if action == "error":
        raise InjectedError(f"failpoint {name}")
    os.kill(os.getpid(), signal.SIGKILL if action == "kill" else signal.SIGSTOP)
