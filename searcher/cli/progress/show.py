"""Which way of showing progress fits where stderr goes."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from searcher.cli.progress.lines import Lines
from searcher.records import Record

if TYPE_CHECKING:
    from searcher.preflight import Step


class Observer(Protocol):
    """Something that is told every step before a search and every record of it, and closed."""

    def step(self, step: "Step") -> None:
        """Take in what is tried before the search."""
        ...

    def __call__(self, record: Record) -> None:
        """Take in what happened."""
        ...

    def close(self) -> None:
        """Leave the screen as it was."""
        ...


@contextmanager
def progress(*, quiet: bool) -> Iterator[Observer | None]:
    """Show progress on stderr while the block runs: a picture in a terminal, else lines.

    Yields what to tell steps and records to, or None for nobody.
    """
    if quiet:
        yield None
        return
    observer = _observer()
    try:
        yield observer
    finally:
        observer.close()


def _observer() -> Observer:
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        from searcher.cli.progress.live import Live

        return Live(sys.stderr)
    return Lines(sys.stderr)
