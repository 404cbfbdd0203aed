"""What a writing thread does with records: many in one transaction, under its search's lease."""

from sqlalchemy import Connection, Engine

from searcher.errors import StoreError
from searcher.failpoints import failpoint
from searcher.records import Record
from searcher.store.guard import Guard
from searcher.store.known import Settle
from searcher.store.leases import Lease
from searcher.store.ledger import Ledger
from searcher.store.rows import rows
from searcher.store.statements import Batch


class Transactions:
    """One connection, kept open, and what is known of what was written; for one thread.

    SQLite writes its whole log back whenever the last connection closes.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._ledger, self._batch = Ledger(), Batch(engine.dialect)
        self.guard: Guard | None = None

    def lead(self, lease: Lease) -> None:
        """Write under a lease from now on; what an earlier driver wrote is to be read anew."""
        self.guard, self._ledger = Guard(lease), Ledger()

    def commit(self, records: list[Record]) -> tuple[int, StoreError | None]:
        """Write records in one transaction; after a bad one, those before it and no more.

        Returns
        -------
        accepted
            How many are committed.
        refusal
            Why the next one is not; None if all are.

        Raises
        ------
        FencedError
            If the lease is lost; nothing is written then.
        """
        if self._connection is None:
            self._connection = self._engine.connect()
        connection, ledger, batch = self._connection, self._ledger, self._batch
        refusal: StoreError | None = None
        accepted = 0

        def settle() -> Connection:
            for change in ledger.changes():
                batch.add("counters", change)
            batch.write(connection)
            return connection

        with connection.begin():
            if self.guard is not None:
                self.guard.see_to(connection)
            for record in records:
                try:
                    self._take(record, settle)
                except StoreError as error:
                    refusal = error
                    break
                accepted += 1
            settle()
            failpoint("writer.before_commit")
        failpoint("writer.after_commit")
        return accepted, refusal

    def forget(self) -> None:
        """Start anew after an error: nobody knows what of the transaction was written."""
        self.close()
        self._ledger, self._batch = Ledger(), Batch(self._engine.dialect)

    def release(self) -> None:
        """Let go of the lease."""
        if self.guard is not None:
            with self._engine.begin() as connection:
                self.guard.release(connection)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _take(self, record: Record, settle: Settle) -> None:
        if not self._ledger.admit(record, settle):
            return
        sequence = self._ledger.next_sequence(record)
        for name, row in rows(record, self._ledger.started_at(record), sequence):
            self._batch.add(name, row)
