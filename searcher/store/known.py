"""What the writer knows of searches and trials: enough to say whether a record may follow."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Connection, func, select, union_all

from searcher.errors import StoreError, near
from searcher.store import schema
from searcher.store.schema import COUNTED
from searcher.store.values import content_hash

Settle = Callable[[], Connection]
"""Write what the transaction has gathered so far, and return its connection to ask it."""

GOES_ON = ("running", "paused")
"""States of a trial that has not ended."""


@dataclass(slots=True)
class KnownSearch:
    """What the rules need to know of a search."""

    state: str
    content: str
    started_at: datetime
    winners: dict[str, str | None]  # outer fold -> trial id, None while it is being searched
    sequence: int = 0  # of the next event


@dataclass(slots=True)
class KnownTrial:
    """What the rules need to know of a trial."""

    search_id: str
    outer_fold: str
    state: str
    started_at: datetime
    attempt: int = 1
    unit: str = "inner_folds"
    cpu_s: float = 0.0  # of what one that has not ended has finished
    finished: set[int] = field(default_factory=set)  # inner folds, or resources of other units


class Known:
    """Searches and trials; what was not told is read from the database, once."""

    def __init__(self) -> None:
        self.searches: dict[str, KnownSearch] = {}
        self.trials: dict[str, KnownTrial] = {}
        self._changes: dict[str, Counter[str]] = {}

    def changes(self) -> list[dict[str, Any]]:
        """Return what has changed in the counters of each search since this was asked last."""
        names = (*(f"n_{state}" for state in COUNTED), "cpu_s")
        changed = [
            {"of_search": search_id} | {f"more_{name}": counter[name] for name in names}
            for search_id, counter in self._changes.items()
        ]
        self._changes.clear()
        return changed

    def count(self, search_id: str, **more: float) -> None:
        """Add to a search's counters; ``changes`` gives them to the database."""
        counter = self._changes.setdefault(search_id, Counter())
        for name, value in more.items():
            counter[name] += value  # type: ignore[assignment]  # seconds are counted too

    def search(self, search_id: str, settle: Settle) -> KnownSearch:
        """Return what is known of a search.

        Raises
        ------
        StoreError
            When it has not started.
        """
        known = self.find_search(search_id, settle)
        if known is None:
            hint = near(search_id, self.searches)
            raise StoreError(f"a record of search {search_id}, which has not started.{hint}")
        return known

    def trial(self, trial_id: str, settle: Settle) -> KnownTrial:
        """Return what is known of a trial.

        Raises
        ------
        StoreError
            When it has not started.
        """
        known = self.find_trial(trial_id, settle)
        if known is None:
            hint = near(trial_id, self.trials)
            raise StoreError(f"a record of trial {trial_id}, which has not started.{hint}")
        return known

    def find_search(self, search_id: str, settle: Settle) -> KnownSearch | None:
        """Return what is known of a search; None when there is none."""
        if search_id not in self.searches:
            self._load(search_id, settle())
        return self.searches.get(search_id)

    def find_trial(self, trial_id: str, settle: Settle) -> KnownTrial | None:
        """Return what is known of a trial; None when there is none."""
        if trial_id not in self.trials:
            trials = schema.trials
            owner = select(trials.c.search_id).where(trials.c.trial_id == trial_id)
            search_id = settle().scalar(owner)
            if search_id is not None:
                self._load(search_id, settle())
        return self.trials.get(trial_id)

    def _load(self, search_id: str, connection: Connection) -> None:
        """Read a search with all its trials, so that no trial of it need be looked up again."""
        searches, inner, trials = schema.searches, schema.inner_searches, schema.trials
        found = connection.execute(select(searches).where(searches.c.search_id == search_id))
        row = found.one_or_none()
        if row is None:
            return
        folds = select(inner.c.outer_fold, inner.c.trial_id).where(inner.c.search_id == search_id)
        self.searches[search_id] = KnownSearch(
            state=row.state,
            content=content_hash(row.spec, row.metric, row.fingerprint),
            started_at=row.started_at,
            winners={fold.outer_fold: fold.trial_id for fold in connection.execute(folds)},
            sequence=_next_sequence(connection, search_id),
        )
        for trial in connection.execute(select(trials).where(trials.c.search_id == search_id)):
            self.trials[trial.trial_id] = KnownTrial(
                search_id,
                trial.outer_fold,
                trial.state,
                trial.started_at,
                trial.attempt,
                trial.unit,
            )
        for trial_id, finished, cpu_s in connection.execute(_unfinished(search_id)):
            self.trials[trial_id].finished.add(finished)
            self.trials[trial_id].cpu_s += cpu_s


def _unfinished(search_id: str) -> CompoundSelect[Any]:
    """Ask what the trials that have not ended have finished: inner folds, or units of resource."""
    trials, fits, units = schema.trials, schema.fold_fits, schema.unit_scores
    of_folds = (
        select(fits.c.trial_id, fits.c.inner_fold, fits.c.cpu_s)
        .join(trials, trials.c.trial_id == fits.c.trial_id)
        .where(trials.c.unit == "inner_folds")
    )
    of_units = select(units.c.trial_id, units.c.resource, units.c.cpu_s).join(
        trials, trials.c.trial_id == units.c.trial_id
    )
    goes_on = trials.c.state.in_(GOES_ON) & (trials.c.search_id == search_id)
    return union_all(of_folds.where(goes_on), of_units.where(goes_on))


def _next_sequence(connection: Connection, search_id: str) -> int:
    trials = schema.trials
    of_trials = select(
        func.max(trials.c.sequence).label("proposed"),
        func.max(trials.c.ended_sequence).label("ended"),
    ).where(trials.c.search_id == search_id)
    known = list(connection.execute(of_trials).one())
    for table in (schema.fold_fits, schema.unit_scores):
        of_fits = (
            select(func.max(table.c.sequence))
            .join(trials, trials.c.trial_id == table.c.trial_id)
            .where(trials.c.search_id == search_id)
        )
        known.append(connection.scalar(of_fits))
    return 1 + max((number for number in known if number is not None), default=-1)
