"""Progress as plain lines, for logs and pipes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TextIO

from searcher.cli.progress.state import ProgressState
from searcher.cli.progress.words import milestones, status, trying
from searcher.records import Record, utc_now

if TYPE_CHECKING:
    from searcher.preflight import Step

EVERY = timedelta(seconds=5)
"""How often the status is told while nothing else happens."""


class Lines:
    """Writes a line for each milestone, and the status every few seconds.

    Parameters
    ----------
    stream
        Where to; if it can't be written any more, the search goes on without.
    clock
        What time it is, with a time zone.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        clock: Callable[[], datetime] = utc_now,
        every: timedelta = EVERY,
    ) -> None:
        self._stream, self._clock, self._every = stream, clock, every
        self._state = ProgressState()
        self._told: datetime | None = None
        self._doing: str | None = None  # what the last step was a part of

    def step(self, step: "Step") -> None:
        """Say what is tried: the first of each kind at once, then one every few seconds."""
        now = self._clock()
        is_due = self._told is None or now - self._told >= self._every
        if is_due or step.doing != self._doing:
            self._say(trying(step), now)
            self._told, self._doing = now, step.doing

    def __call__(self, record: Record) -> None:
        """Take in a record and say what there is to say."""
        self._state.update(record)
        now = self._clock()
        for line in milestones(self._state, record):
            self._say(line, now)
        if self._told is None:
            self._told = now
        if now - self._told >= self._every and self._state.phase != "ended":
            self._say(status(self._state, now), now)
            self._told = now

    def close(self) -> None:
        """There is nothing to take down."""

    def _say(self, line: str, now: datetime) -> None:
        try:
            self._stream.write(f"{now.astimezone():%H:%M:%S}  {line}\n")
            self._stream.flush()
        except (OSError, ValueError):  # closed pipe, full disk, closed file
            self._say = _nothing  # type: ignore[method-assign]


def _nothing(line: str, now: datetime) -> None:
    """Say nothing: nobody listens any more, and a search must not die of that."""
