"""What every transaction of a driver does first: see that the search is still its own."""

from time import monotonic

from sqlalchemy import Connection

from searcher.store.leases import TTL_S, Lease, check, release, renew

HEARTBEAT_S = min(2.0, TTL_S / 3)
"""Between heartbeats; each also asks whether somebody wants the search to stop."""


class Guard:
    """A lease, and when it was last renewed."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._renewed = monotonic()
        self.stop_requested = False
        self.was_away = False  # the database, since the last renewal: nobody could renew

    @property
    def search_id(self) -> str:
        """Of the search that it guards."""
        return self._lease.search_id

    @property
    def due_in_s(self) -> float:
        """Seconds until the next heartbeat."""
        return self._renewed + HEARTBEAT_S - monotonic()

    def see_to(self, connection: Connection) -> None:
        """Within a transaction: refuse it if the lease is lost, renew the lease if that is due.

        Raises
        ------
        FencedError
            If the search is not this process's any more.
        """
        check(connection, self._lease, forgiving=self.was_away)
        if self.due_in_s <= 0:
            self.stop_requested = renew(connection, self._lease) or self.stop_requested
            self._renewed = monotonic()
            self.was_away = False

    def release(self, connection: Connection) -> None:
        """Let go of the lease."""
        release(connection, self._lease)
