"""Progress as a picture that is redrawn in place, for terminals."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

from rich.console import Console, Group
from rich.live import Live as RichLive
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from searcher.cli.progress.state import ProgressState
from searcher.cli.progress.words import milestones, status, trying
from searcher.cli.words import number
from searcher.records import FINAL, Record, utc_now

if TYPE_CHECKING:
    from rich.console import RenderableType

    from searcher.preflight import Step

MOST_FOLDS = 12
"""Outer folds that are shown one by one; more would not fit on a screen."""

PER_SECOND = 4


class Live:
    """Draws a table of the inner searches with the status below; milestones scroll off above."""

    def __init__(self, stream: TextIO, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock, self._state = clock, ProgressState()
        self._step: Step | None = None  # what is tried before the search
        self._console = Console(file=stream, markup=False, emoji=False, highlight=False)
        self._spinner = Spinner("dots", style="cyan")
        self._live = RichLive(
            get_renderable=self.picture,
            console=self._console,
            refresh_per_second=PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def step(self, step: "Step") -> None:
        """Take in what is tried; the picture follows by itself."""
        self._step = step

    def __call__(self, record: Record) -> None:
        """Take in a record; the picture follows by itself."""
        self._state.update(record)
        with suppress(OSError):  # a search must not die with the terminal that shows it
            for line in milestones(self._state, record):
                self._console.print(line)

    def close(self) -> None:
        """Take the picture away."""
        self._live.stop()

    def picture(self) -> "RenderableType":
        """Draw the state of this moment; called from rich's thread too."""
        now = self._clock()
        if self._state.search is None:
            step = self._step
            self._spinner.update(text="starting" if step is None else Text(trying(step)))
            return self._spinner
        self._spinner.update(text=Text(status(self._state, now)))
        if len(self._state.inner) > MOST_FOLDS:
            return self._spinner
        return Group(self._table(), self._spinner)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="bold")
        table.add_column("fold", no_wrap=True)
        for heading in ("done", "running", "stopped", "failed", "inner", "outer"):
            table.add_column(heading, justify="right")
        table.add_column("best so far", overflow="fold")
        for name, inner in list(self._state.inner.items()):
            best = inner.best
            table.add_row(
                "all rows" if name == FINAL else name,
                f"{inner.over}/{inner.trials}",
                *(str(n or "") for n in (inner.running, inner.stopped, inner.failed)),
                number(best.score) if best else "",
                number(self._state.outer_scores[name]) if name in self._state.outer_scores else "",
                best.family if best else "",
            )
        return table
