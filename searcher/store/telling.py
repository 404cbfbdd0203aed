"""The part of ``Store`` that tells how a search went: its costs, its driver, its trials' ways."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from searcher.records import Replaced
from searcher.store import costs, histories, leases, units
from searcher.store.costs import Costs
from searcher.store.histories import Incumbent, Split, TrialHistory
from searcher.store.leases import Standing
from searcher.store.naming import resolve
from searcher.store.units import StoredUnit


class Telling(ABC):
    """What ``Store`` answers about the way that a search took, not about what it found."""

    def costs(self, search_id: str) -> Costs:
        """Return where the time of a search went."""
        with self._asking() as connection:
            return costs.costs_of(connection, resolve(connection, search_id))

    def driver(self, search_id: str) -> Standing | None:
        """Return who drives a search, or did last; None if nobody ever has."""
        with self._asking() as connection:
            return leases.standing(connection, resolve(connection, search_id))

    def incumbents(self, search_id: str) -> tuple[Incumbent, ...]:
        """Return each inner search's best trials so far, in the order in which they completed."""
        with self._asking() as connection:
            found = resolve(connection, search_id)
            return tuple(histories.incumbents_of(connection, found))

    def splits(self, search_id: str) -> tuple[Split, ...]:
        """Return the folds as hashes of their rows, in the order in which they were made."""
        with self._asking() as connection:
            found = resolve(connection, search_id)
            return tuple(histories.splits_of(connection, found))

    def trial_history(self, trial_id: str) -> TrialHistory:
        """Return one trial's way: scores fold by fold, decisions with rivals, lost attempts.

        Of a trial that is not there, all of it is empty; ``trial`` says so.
        """
        with self._asking() as connection:
            return histories.history_of(connection, trial_id)

    def units(self, search_id: str) -> tuple[StoredUnit, ...]:
        """Return the scores of trials that count in epochs or rounds, by trial and resource."""
        with self._asking() as connection:
            return tuple(units.units_of(connection, resolve(connection, search_id)))

    def lineage(self, search_id: str) -> tuple[Replaced, ...]:
        """Return which members of populations were replaced by which, in that order."""
        with self._asking() as connection:
            return tuple(units.lineage_of(connection, resolve(connection, search_id)))

    @abstractmethod
    def _asking(self) -> AbstractContextManager[Connection]:
        """One transaction: every answer is of one moment."""
