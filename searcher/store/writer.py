"""How what a search says gets into the store: in order, once, and many records a commit."""

import threading
from collections import deque
from time import monotonic
from types import TracebackType
from typing import Self

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from searcher.errors import StoreError
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
from searcher.store.ledger import STOPS_TRIALS, Ledger, Settle
from searcher.store.revisions import prepare
from searcher.store.rows import rows
from searcher.store.statements import Batch, end_what_runs

INTERVAL_S = 0.02
"""Between commits while nobody waits: long enough to gather, too short for a reader to notice."""

MOST_RECORDS = 2_000
"""In one transaction: more would only take memory, and make everyone wait longer for the first."""


class Writer:
    """The one writer of a search: the driver adds records, a thread commits them in groups.

    A record is safe once a ``flush`` after its ``add`` has returned. What goes wrong in the
    thread (disk full, a record that contradicts the others) is raised by the next ``add``,
    ``flush`` or ``close``; the records before it are committed, those after it are not.

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
        with plain_errors(self._url):
            with self._engine.begin() as connection:
                prepare(self._url, connection)
            start_log(self._engine)
        self._ledger = Ledger()
        self._batch = Batch(self._engine.dialect)
        self._queue: deque[Record] = deque()
        self._added = self._committed = self._waiting = 0
        self._closing = False
        self._failure: StoreError | None = None
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
            if error is not failure:
                error.add_note(f"and the store: {failure}")

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
            self._closing = True
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
            raise StoreError(str(self._failure)) from self._failure

    def _run(self) -> None:
        try:
            with self._engine.connect() as connection:
                while records := self._next():
                    self._commit(connection, records)
        except StoreError as error:
            self._fail(error)
        except SQLAlchemyError as error:
            self._fail(StoreError(f"{shown(self._url)}: {explained(error)}"), error)
        except BaseException as error:  # noqa: BLE001  (a thread's border: add, flush, close raise it)
            self._fail(StoreError(f"{shown(self._url)}: the writer broke: {error!r}"), error)
        finally:
            self._engine.dispose()

    def _fail(self, failure: StoreError, cause: BaseException | None = None) -> None:
        with self._lock:
            failure.__cause__ = cause
            self._failure = failure
            self._queue.clear()
            self._progress.notify_all()

    def _next(self) -> list[Record]:
        """Wait for records, give others a moment to join them, and take them; [] at the end."""
        with self._lock:
            while not self._queue and not self._closing:
                self._work.wait()
            until = monotonic() + INTERVAL_S
            while not (self._closing or self._waiting or len(self._queue) >= MOST_RECORDS):
                if not self._work.wait(until - monotonic()) and monotonic() >= until:
                    break
            return [self._queue.popleft() for _ in range(min(len(self._queue), MOST_RECORDS))]

    def _commit(self, connection: Connection, records: list[Record]) -> None:
        """Write records in one transaction; after a bad one, those before it and no more."""
        batch = self._batch
        refused: StoreError | None = None
        accepted = 0

        def settle() -> Connection:
            batch.write(connection)
            return connection

        with connection.begin():
            for record in records:
                try:
                    self._take(record, batch, settle)
                except StoreError as error:
                    refused = error
                    break
                accepted += 1
            settle()
        with self._lock:
            self._committed += accepted
            self._progress.notify_all()
        if refused is not None:
            raise refused

    def _take(self, record: Record, batch: Batch, settle: Settle) -> None:
        if not self._ledger.admit(record, settle):
            return
        for name, row in rows(record, self._ledger.started_at(record)):
            batch.add(name, row)
        if isinstance(record, SearchEnded) and record.state in STOPS_TRIALS:
            end_what_runs(settle(), record.search_id, state=record.state, at=record.at)
