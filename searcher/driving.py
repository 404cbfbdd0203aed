"""The driver of a search: what happens goes into the store, and is shown once it is there."""

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from cluster.session import Session
from searcher.conclusion import conclude, last_word
from searcher.errors import SearchInterruptedError, SearchStoppedError
from searcher.failpoints import failpoint
from searcher.nested import Outcome, Past, run_nested_search
from searcher.plan import Plan
from searcher.records import FINAL, Note, Record, SearchEnded, utc_now
from searcher.release import release_card, release_model, release_report
from searcher.store import Store, StoredSearch, StoredTrial, Writer
from searcher.store.patience import patiently
from searcher.tuning.run import Watch

OUTPUT = Path("searcher-output")
"""Folder of the folders of searches, unless another is asked for."""

Observer = Callable[[Record], None]
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a search leaves what it finds, and who looks on."""

    store: str  # URL
    folder: Path  # for its files
    observe: Observer | None = None
    report: bool = True  # whether to write model card and report


class Driver:
    """Tells the store, and then the observer.

    Nobody is shown what a power cut could take back: a record is passed on after its commit, the
    next time that anything happens.
    """

    def __init__(self, writer: Writer, place: Place, search_id: str) -> None:
        self._writer, self._place, self._search_id = writer, place, search_id
        self._told: deque[tuple[int, Record]] = deque()  # with its place among those added
        self._trouble: str | None = None

    def emit(self, record: Record) -> None:
        """Add a record to the store."""
        self._writer.add(record)
        self._told.append((self._writer.added, record))
        self.deliver()

    def deliver(self) -> None:
        """Show the observer what is safe by now."""
        while self._told and self._told[0][0] <= self._writer.committed:
            _, record = self._told.popleft()
            self.show(record)

    def flush(self) -> None:
        """Wait until all that was emitted is safe, and shown."""
        self._writer.flush()
        self.deliver()

    def watch(self) -> Watch:
        """Say what Ray Tune's loop is to ask: whether to stop, and whether to wait."""

        def stops() -> bool:
            self._writer.check()
            self.deliver()
            self._tell_trouble()
            return self._writer.stop_requested

        return Watch(stops=stops, waits=lambda: self._writer.trouble is not None)

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked the search to stop, through the store."""
        return self._writer.stop_requested

    def trials_of(self, outer_fold: str) -> tuple[StoredTrial, ...]:
        """Ask the store for an outer fold's trials, with all that was emitted so far."""
        return self.ask(
            lambda reader: tuple(
                reader.trials(self._search_id, outer_fold=outer_fold, sort="number")
            )
        )

    def ask(self, question: Callable[[Store], Answer]) -> Answer:
        """Ask the store, with all that was emitted so far in it; wait while it is away."""

        def asked() -> Answer:
            with Store(self._place.store) as reader:
                return question(reader)

        return self.patiently(asked)

    def patiently(self, read: Callable[[], Answer]) -> Answer:
        """Do something that reads the store, again as long as that is away."""
        return patiently(read, before=self.flush)

    def _tell_trouble(self) -> None:
        """Say, once, that the store is away, and that it is back."""
        trouble = self._writer.trouble
        if trouble != self._trouble and (trouble is None or self._trouble is None):
            said = {"away": trouble} if trouble else {"back": True}
            self.show(Note(self._search_id, "store", said))
        self._trouble = trouble

    def show(self, record: Record) -> None:
        """Pass a record on to who looks on."""
        if self._place.observe is not None:
            self._place.observe(record)


def drive(
    plan: Plan, place: Place, driver: Driver, *, session: Session, past: Past
) -> StoredSearch:
    """Run a search from where it is to its end.

    Raises
    ------
    SearchInterruptedError
        After Ctrl-C, SIGTERM or ``searcher stop`` (``SearchStoppedError``); everything up to then
        is stored.
    SearchFailedError
        If no trial of an inner search succeeded.
    StoreError
        If the store can't be written, or the search was lost to another process.
    """
    with _interruption(plan.search_id), last_word(plan.search_id, driver.emit):
        failpoint("driver.started")
        outcome = run_nested_search(
            plan,
            session=session,
            emit=driver.emit,
            trials_of=driver.trials_of,
            lineage_of=lambda: driver.ask(lambda reader: reader.lineage(plan.search_id)),
            checkpoints=place.folder / "checkpoints",
            past=past,
            watch=driver.watch(),
        )
        if outcome is None:
            asked = driver.stop_requested
            raise (SearchStoppedError if asked else SearchInterruptedError)(plan.search_id)
        driver.emit(_finish(plan, outcome, place.folder, driver.emit))
    return hand_over(place, plan.search_id, driver)


def hand_over(place: Place, search_id: str, driver: Driver) -> StoredSearch:
    """Write the documents of a completed search; return it as the store has it."""
    driver.flush()
    if place.report:
        write_documents(place, search_id, driver)
    return driver.ask(lambda reader: reader.search(search_id))


def write_documents(place: Place, search_id: str, driver: Driver) -> None:
    """Write model card and report, which shows the card."""
    try:
        for card in driver.patiently(lambda: release_card(place.store, search_id, place.folder)):
            driver.emit(card)
        driver.emit(driver.patiently(lambda: release_report(place.store, search_id, place.folder)))
    except OSError as error:  # a full disk must not cost the result
        driver.emit(Note(search_id, "report", {"error": str(error)}))
    driver.flush()


def _finish(plan: Plan, outcome: Outcome, folder: Path, emit: Observer) -> SearchEnded:
    """Export the final model; say what the search amounts to."""
    ended = conclude(plan, outcome)
    (final,) = (choice for choice in outcome.chosen if choice.outer_fold == FINAL)
    released = release_model(
        plan,
        outcome.model,
        folder / "model.onnx",
        trial_id=final.trial_id,
        outer_fold=FINAL,
        outer_mean=ended.outer_mean,
    )
    failpoint("driver.exported")
    for record in released.records:
        emit(record)
    return replace(ended, error=released.error, at=utc_now())


@contextmanager
def _interruption(search_id: str) -> Iterator[None]:
    """Say Ctrl-C with the search's id, which the caller may not have seen yet."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise SearchInterruptedError(search_id) from error


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Treat SIGTERM, which would end the process on the spot, as Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals belong to the main thread
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
