"""How what a search says gets into the store: in order, once, and many records a commit."""

import os
import threading
from collections import deque
from collections.abc import Callable
from copy import copy
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from searcher.errors import StoreAwayError, StoreError
from searcher.records import Record, SearchEnded
from searcher.store.clean import clean
from searcher.store.engine import (
    DEFAULT_URL,
    Synchronous,
    explained,
    open_for_writing,
    parse_url,
    plain_errors,
    shown,
    start_log,
)
from searcher.store.guard import Guard
from searcher.store.leases import acquire
from searcher.store.ledger import PAUSES
from searcher.store.revisions import prepare
from searcher.store.spool import Spool
from searcher.store.transactions import Transactions
from searcher.store.troubles import backoff, is_brief, is_passing

INTERVAL_S = 0.02
"""Between commits while nobody waits: long enough to gather, too short for a reader to notice."""

MOST_RECORDS = 2_000
"""In one transaction: more would only take memory, and make everyone wait longer for the first."""

PATIENCE_S = float(os.environ.get("SEARCHER_DATABASE_PATIENCE_S", "3600"))
"""How long a search waits for a database that is away, in seconds."""

PARTING_S = 5.0
"""How long it waits at the end, in seconds: whoever was asked to stop should do so."""

BRIEFLY_S = 5.0
"""How long any writer tries again what may pass at once: a deadlock, a serialization failure."""


Answer = TypeVar("Answer")


class Writer:
    """The one writer of a search: the driver adds records, a thread commits them in groups.

    A record is safe once a ``flush`` after its ``add`` has returned. What goes wrong in the
    thread (disk full, a record that contradicts the others) is raised by the next ``add``,
    ``flush`` or ``close``; the records before it are committed, those after it are not.

    The driver of a search calls ``lead``: from then on the writer keeps its lease alive, writes
    nothing once that is lost, and waits for a database that is away, with what is to be written
    in a file beside it.

    Parameters
    ----------
    url
        ``sqlite:///searcher.db``; an empty or missing file gets the newest schema.
    synchronous
        SQLite only: ``"NORMAL"`` survives the death of the process, ``"FULL"`` a power cut too.
    busy_timeout_s
        SQLite only: how long another process may hold the database, in seconds.

    Raises
    ------
    StoreError
        When the database can't be opened, is no store, or has another revision of the schema.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        synchronous: Synchronous = "NORMAL",
        busy_timeout_s: float = 30.0,
    ) -> None:
        self._url = parse_url(url)
        self._engine = open_for_writing(
            self._url, synchronous=synchronous, busy_timeout_s=busy_timeout_s
        )
        try:
            with plain_errors(self._url):
                with self._engine.begin() as connection:
                    prepare(self._url, connection)
                start_log(self._engine)
        except StoreError:
            self._engine.dispose()
            raise
        self._transactions = Transactions(self._engine)
        self._queue: deque[Record] = deque()
        self._added = self._committed = self._waiting = 0
        self._closing = False
        self._closed_at: float | None = None
        self._failure: StoreError | None = None
        self._spool: Spool | None = None
        self._trouble: str | None = None
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._progress = threading.Condition(self._lock)
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except StoreError as failure:
            if error is None:
                raise
            if str(error) != str(failure):
                error.add_note(f"and the store: {failure}")

    def lead(self, search_id: str, *, spool: Path | None = None) -> None:
        """Become the one live driver of a search; what an earlier one left in its spool is told.

        Parameters
        ----------
        spool
            File for records while the database is away; None: they are kept in memory alone.

        Raises
        ------
        LeaseHeldError
            If another live process drives it.
        NotFoundError
            If the store has no such search.
        """
        self.flush()
        with plain_errors(self._url), self._engine.begin() as connection:
            lease = acquire(connection, search_id)
        with self._lock:
            self._transactions.lead(lease)
            self._work.notify()  # its heartbeats begin
        if spool is not None:
            left = Spool(spool)
            for record in left.records():
                if not (isinstance(record, SearchEnded) and record.state in PAUSES):
                    self.add(record)  # that it was to pause is no news to who goes on
            self.flush()
            left.clear()
            self._spool = left

    def ask(self, question: Callable[[Connection], Answer]) -> Answer:
        """Do something small in a transaction of its own, and return what came of it."""
        with plain_errors(self._url), self._engine.begin() as connection:
            return question(connection)

    @property
    def committed(self) -> int:
        """How many of the records added so far are safe."""
        return self._committed

    @property
    def added(self) -> int:
        """How many records were added so far."""
        return self._added

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written at the moment; None while it can."""
        return self._trouble

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked the search that this leads to stop."""
        return self._guard is not None and self._guard.stop_requested

    def check(self) -> None:
        """Raise what has gone wrong since.

        Raises
        ------
        StoreError
            As ``add`` would.
        """
        with self._lock:
            self._check()

    def add(self, record: Record) -> None:
        """Take a record; it is committed soon, and after all those added before.

        Raises
        ------
        StoreError
            When the record can't be stored, the writer is closed, or has failed before.
        """
        cleaned = clean(record)
        with self._lock:
            self._check()
            if self._closing:
                raise StoreError(f"{shown(self._url)}: the writer is closed")
            if self._trouble is not None and self._spool is not None:
                self._spool.append([cleaned])
            self._queue.append(cleaned)
            self._added += 1
            if len(self._queue) == 1:
                self._work.notify()

    def flush(self, *, timeout_s: float = 60.0) -> None:
        """Return when everything added so far is committed.

        Raises
        ------
        StoreError
            When it could not be, or not within ``timeout_s`` seconds.
        """
        deadline = monotonic() + timeout_s
        with self._lock:
            target = self._added
            self._waiting += 1
            self._work.notify()
            try:
                while self._committed < target:
                    self._check()
                    if self._trouble is not None and self._guard is not None:
                        deadline = monotonic() + timeout_s  # whoever leads a search waits
                    if not self._progress.wait(deadline - monotonic()) and monotonic() >= deadline:
                        raise StoreError(
                            f"{shown(self._url)}: {target - self._committed} records "
                            f"are not committed after {timeout_s:g} s"
                        )
            finally:
                self._waiting -= 1

    def close(self, *, timeout_s: float = 60.0) -> None:
        """Commit what was added and let go of the database; closing twice is fine.

        Raises
        ------
        StoreError
            When something added could not be committed.
        """
        with self._lock:
            if self._closing:
                return
            self._closing, self._closed_at = True, monotonic()
            self._work.notify()
        self._thread.join(timeout_s)
        with self._lock:
            self._check()
            if self._committed < self._added:
                left = self._added - self._committed
                raise StoreError(
                    f"{shown(self._url)}: {left} records are not committed after {timeout_s:g} s"
                )

    def _check(self) -> None:
        if self._failure is not None:
            raise copy(self._failure) from self._failure

    def _run(self) -> None:
        try:
            while (records := self._next()) is not None:
                self._persist(records)
            self._transactions.release()
        except StoreError as error:
            self._fail(error)
        except SQLAlchemyError as error:
            self._fail(StoreError(f"{shown(self._url)}: {explained(error)}"), error)
        except BaseException as error:  # noqa: BLE001  (a thread's border: add, flush, close raise it)
            self._fail(StoreError(f"{shown(self._url)}: the writer broke: {error!r}"), error)
        finally:
            self._transactions.close()
            self._engine.dispose()

    @property
    def _guard(self) -> Guard | None:
        return self._transactions.guard

    def _persist(self, records: list[Record]) -> None:
        """Commit records, or wait for the database and try again."""
        since, pauses = None, backoff()
        while True:
            try:
                accepted, refusal = self._transactions.commit(records)
            except SQLAlchemyError as error:
                self._transactions.close()
                since = since or monotonic()
                if not is_passing(error):
                    raise
                over = monotonic() >= self._patient_until(since)
                if over or (self._guard is None and not is_brief(error)):
                    raise self._given_up(error, monotonic() - since) from error
                self._suffer(explained(error), records)
                self._transactions.forget()
                with self._lock:
                    self._work.wait(next(pauses))
            else:
                self._settle(accepted)
                if refusal is not None:
                    raise refusal
                return

    def _patient_until(self, since: float) -> float:
        """Say when to stop trying, if the trouble began at ``since``."""
        until = since + (BRIEFLY_S if self._guard is None else PATIENCE_S)
        return until if self._closed_at is None else min(until, self._closed_at + PARTING_S)

    def _given_up(self, error: SQLAlchemyError, away_s: float) -> StoreError:
        said = f"{shown(self._url)}: {explained(error)}"
        if self._guard is None:
            return StoreError(said)
        return StoreAwayError(
            f"{said}; it was away for {away_s:.0f} s. `searcher resume {self._guard.search_id}` "
            "goes on once it is back"
        )

    def _suffer(self, why: str, records: list[Record]) -> None:
        """Say that the database is away; keep on disk what it has not got."""
        if self._guard is None:
            return
        self._guard.was_away = True
        with self._lock:
            if self._trouble is None and self._spool is not None:
                self._spool.append([*records, *self._queue])
            self._trouble = why

    def _settle(self, accepted: int) -> None:
        """Say how much more is safe, and that the database is back if it was away."""
        with self._lock:
            self._committed += accepted
            self._progress.notify_all()
            if self._trouble is not None and not self._queue:
                if self._spool is not None:
                    self._spool.clear()
                self._trouble = None

    def _fail(self, failure: StoreError, cause: BaseException | None = None) -> None:
        with self._lock:
            failure.__cause__ = cause
            self._failure = failure
            self._queue.clear()
            self._progress.notify_all()

    def _next(self) -> list[Record] | None:
        """Wait for records, give others a moment to join them, and take them.

        An empty list is time for a heartbeat; None is the end.
        """
        with self._lock:
            while not self._queue and not self._closing:
                left_s = None if self._guard is None else self._guard.due_in_s
                if left_s is not None and left_s <= 0:
                    return []
                self._work.wait(left_s)
            until = monotonic() + INTERVAL_S
            while not (self._closing or self._waiting or len(self._queue) >= MOST_RECORDS):
                if not self._work.wait(until - monotonic()) and monotonic() >= until:
                    break
            taken = [self._queue.popleft() for _ in range(min(len(self._queue), MOST_RECORDS))]
            return taken if taken or not self._closing else None
