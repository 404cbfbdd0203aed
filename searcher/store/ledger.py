"""Whether a record may follow those that came before it.

The rules, which the tables alone can't state: a search begins before its trials, a trial before
its scores; what has ended stays ended; a record that arrives twice counts once; one that
contradicts what is known is an error and overwrites nothing.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, func, select

from searcher.errors import StoreError, near
from searcher.records import (
    Artifact,
    Decision,
    FoldScore,
    InnerSearchEnded,
    Note,
    OuterPredictions,
    OuterScore,
    ParityChecked,
    Record,
    SearchEnded,
    SearchExtended,
    SearchResumed,
    SearchStarted,
    TrialAgain,
    TrialEnded,
    TrialStarted,
)
from searcher.store import schema
from searcher.store.reopening import extend, pause_what_runs, reopen
from searcher.store.rows import SEQUENCE, configuration_hash, search_hash
from searcher.store.schema import COUNTED
from searcher.store.values import content_hash

Settle = Callable[[], Connection]
"""Write what the transaction has gathered so far, and return its connection to ask it."""

PAUSES = ("failed", "interrupted")
"""Ends of a search that pause its running trials; a completed search has none."""

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
    cpu_s: float = 0.0  # of the folds of one that has not ended
    folds: set[int] = field(default_factory=set)  # inner folds of one that has not ended


class Ledger:
    """What the writer knows; what it has not seen itself it reads from the database, once."""

    def __init__(self) -> None:
        self._searches: dict[str, KnownSearch] = {}
        self._trials: dict[str, KnownTrial] = {}
        self._changes: dict[str, Counter[str]] = {}

    def admit(self, record: Record, settle: Settle) -> bool:
        """Return whether the record is news, and remember it; False for one told before.

        Raises
        ------
        StoreError
            When it can't follow what is known. Nothing is remembered then.
        """
        # A table and not functools.singledispatchmethod, which takes 6 us a record.
        return RULES[type(record)](self, record, settle)

    def started_at(self, record: Any) -> datetime | None:
        """Return when the trial or search began whose end the record tells."""
        if isinstance(record, TrialEnded):
            return self._trials[record.trial_id].started_at
        if isinstance(record, SearchEnded):
            return self._searches[record.search_id].started_at
        return None

    def next_sequence(self, record: Record) -> int | None:
        """Return the record's place in the order of its search's events, if that is kept."""
        if type(record) not in SEQUENCE:
            return None
        trial = self._trials[record.trial_id]  # type: ignore[union-attr,index]
        search = self._searches[trial.search_id]
        search.sequence += 1
        return search.sequence - 1

    def changes(self) -> list[dict[str, Any]]:
        """Return what has changed in the counters of each search since this was asked last."""
        names = (*(f"n_{state}" for state in COUNTED), "cpu_s")
        changed = [
            {"of_search": search_id} | {f"more_{name}": counter[name] for name in names}
            for search_id, counter in self._changes.items()
        ]
        self._changes.clear()
        return changed

    def _count(self, search_id: str, **more: float) -> None:
        counter = self._changes.setdefault(search_id, Counter())
        for name, value in more.items():
            counter[name] += value  # type: ignore[assignment]  # seconds are counted too

    def _search_started(self, record: SearchStarted, settle: Settle) -> bool:
        content = search_hash(record)
        known = self._find_search(record.search_id, settle)
        if known is None:
            winners = dict.fromkeys(fold.outer_fold for fold in record.folds)
            self._searches[record.search_id] = KnownSearch("running", content, record.at, winners)
            return True
        if known.content != content:
            raise StoreError(
                f"search {record.search_id} exists already, with another spec, metric or rows"
            )
        return False

    def _trial_started(self, record: TrialStarted, settle: Settle) -> bool:
        search = self._search(record.search_id, settle)
        # Knowing the search is knowing all its trials: a new one costs no look at the database.
        if record.trial_id in self._trials:
            key = {
                "trial_id": record.trial_id,
                "configuration_hash": configuration_hash(record),
            }
            if _exists(settle(), schema.trials, key):
                return False
            raise StoreError(f"trial {record.trial_id} exists already, with another configuration")
        self._open_search(record.search_id, settle, "trial", record.trial_id)
        self._check_fold(search, record.search_id, record.outer_fold)
        self._trials[record.trial_id] = KnownTrial(
            record.search_id, record.outer_fold, "running", record.at
        )
        self._count(record.search_id, n_running=1)
        return True

    def _trial_again(self, record: TrialAgain, settle: Settle) -> bool:
        trial = self._trial(record.trial_id, settle)
        if record.attempt <= trial.attempt:
            return False
        if trial.state not in GOES_ON or record.attempt != trial.attempt + 1:
            raise StoreError(
                f"trial {record.trial_id} is {trial.state} in its attempt {trial.attempt} "
                f"and can't begin attempt {record.attempt}"
            )
        self._open_search(trial.search_id, settle, "attempt of", record.trial_id)
        if trial.state == "paused":
            self._count(trial.search_id, n_paused=-1, n_running=1)
        trial.state, trial.attempt = "running", record.attempt
        return True

    def _fold_score(self, record: FoldScore, settle: Settle) -> bool:
        trial = self._trial(record.trial_id, settle)
        if trial.state == "running":
            if record.inner_fold in trial.folds:
                return False
            trial.folds.add(record.inner_fold)
            trial.cpu_s += record.cpu_s
            return True
        key = {"trial_id": record.trial_id, "inner_fold": record.inner_fold}
        if _exists(settle(), schema.fold_fits, key):
            return False
        what = "is paused" if trial.state == "paused" else f"has ended ({trial.state})"
        raise StoreError(
            f"trial {record.trial_id} {what} and takes no more scores; "
            f"got one of inner fold {record.inner_fold}"
        )

    def _decision(self, record: Decision, settle: Settle) -> bool:
        self._trial(record.trial_id, settle)
        return True

    def _trial_ended(self, record: TrialEnded, settle: Settle) -> bool:
        trial = self._trial(record.trial_id, settle)
        if trial.state == record.state:
            return False
        if trial.state != "running":
            what = "is paused" if trial.state == "paused" else f"has ended ({trial.state})"
            raise StoreError(f"trial {record.trial_id} {what} and can't be {record.state} now")
        trial.state = record.state
        ends = {f"n_{record.state}": 1, "cpu_s": trial.cpu_s}
        self._count(trial.search_id, n_running=-1, **ends)
        trial.folds.clear()
        return True

    def _inner_search_ended(self, record: InnerSearchEnded, settle: Settle) -> bool:
        search = self._search(record.search_id, settle)
        self._check_fold(search, record.search_id, record.outer_fold)
        self._check_owner(record, record.trial_id, settle, outer_fold=record.outer_fold)
        winner = search.winners[record.outer_fold]
        if winner == record.trial_id:
            return False
        if winner is not None:
            raise StoreError(
                f"search {record.search_id}, outer fold {record.outer_fold}: "
                f"{winner} has won already; {record.trial_id} can't win too"
            )
        self._open_search(record.search_id, settle, "winner", record.trial_id)
        search.winners[record.outer_fold] = record.trial_id
        return True

    def _outer_score(self, record: OuterScore, settle: Settle) -> bool:
        search = self._search(record.search_id, settle)
        self._check_fold(search, record.search_id, record.outer_fold)
        self._check_owner(record, record.trial_id, settle, outer_fold=record.outer_fold)
        key = {"search_id": record.search_id, "outer_fold": record.outer_fold, "role": record.role}
        if search.state != "running" and _exists(settle(), schema.outer_scores, key):
            return False
        self._open_search(record.search_id, settle, "outer score of", record.trial_id)
        return True

    def _outer_predictions(self, record: OuterPredictions, settle: Settle) -> bool:
        self._search(record.search_id, settle)
        key = {"search_id": record.search_id, "outer_fold": record.outer_fold, "role": record.role}
        if _exists(settle(), schema.outer_predictions, key):
            return False  # all of it: rows of two tellings must not mix
        of_trial = key | {"trial_id": record.trial_id}
        if not _exists(settle(), schema.outer_scores, of_trial):
            of = f"search {record.search_id}, outer fold {record.outer_fold}"
            what = f"predictions of the {record.role}, {record.trial_id}"
            raise StoreError(f"{of}: {what}, which has no outer score")
        self._open_search(record.search_id, settle, "predictions of", record.trial_id)
        return True

    def _appendix(self, record: Artifact | ParityChecked | Note, settle: Settle) -> bool:
        self._search(record.search_id, settle)
        trial_id = None if isinstance(record, Note) else record.trial_id
        if trial_id is not None:
            self._check_owner(record, trial_id, settle)
        return True

    def _search_ended(self, record: SearchEnded, settle: Settle) -> bool:
        search = self._search(record.search_id, settle)
        if search.state == record.state:
            return False
        if search.state != "running":
            raise StoreError(
                f"search {record.search_id} has ended ({search.state}) "
                f"and can't be {record.state} now"
            )
        search.state = record.state
        if record.state in PAUSES:
            for trial in self._trials.values():
                if trial.search_id == record.search_id and trial.state == "running":
                    trial.state = "paused"
                    self._count(record.search_id, n_running=-1, n_paused=1)
            pause_what_runs(settle(), record.search_id, state=record.state, at=record.at)
        return True

    def _search_resumed(self, record: SearchResumed, settle: Settle) -> bool:
        search = self._search(record.search_id, settle)
        if search.state == "completed":
            raise StoreError(f"search {record.search_id} is completed; it can be extended")
        reopen(settle(), record.search_id)
        search.state = "running"
        return True

    def _search_extended(self, record: SearchExtended, settle: Settle) -> bool:
        search = self._search(record.search_id, settle)
        extend(settle(), record.search_id, record.budget)
        self._searches.pop(record.search_id)  # its content has changed
        search.state = "running"
        return True

    def _open_search(self, search_id: str, settle: Settle, what: str, which: str) -> KnownSearch:
        search = self._search(search_id, settle)
        if search.state != "running":
            raise StoreError(
                f"search {search_id} has ended ({search.state}) and takes no {what} {which}"
            )
        return search

    def _search(self, search_id: str, settle: Settle) -> KnownSearch:
        known = self._find_search(search_id, settle)
        if known is None:
            hint = near(search_id, self._searches)
            raise StoreError(f"a record of search {search_id}, which has not started.{hint}")
        return known

    def _trial(self, trial_id: str, settle: Settle) -> KnownTrial:
        known = self._find_trial(trial_id, settle)
        if known is None:
            hint = near(trial_id, self._trials)
            raise StoreError(f"a record of trial {trial_id}, which has not started.{hint}")
        return known

    def _check_owner(
        self, record: Any, trial_id: str, settle: Settle, *, outer_fold: str | None = None
    ) -> None:
        trial = self._trial(trial_id, settle)
        same_fold = outer_fold in (None, trial.outer_fold)
        if trial.search_id != record.search_id or not same_fold:
            raise StoreError(
                f"{type(record).__name__} of search {record.search_id}, outer fold {outer_fold}: "
                f"trial {trial_id} belongs to search {trial.search_id}, "
                f"outer fold {trial.outer_fold}"
            )

    @staticmethod
    def _check_fold(search: KnownSearch, search_id: str, outer_fold: str) -> None:
        if outer_fold not in search.winners:
            known = ", ".join(search.winners) or "none"
            raise StoreError(f"search {search_id} has no outer fold {outer_fold!r}; known: {known}")

    def _find_search(self, search_id: str, settle: Settle) -> KnownSearch | None:
        if search_id not in self._searches:
            self._load(search_id, settle())
        return self._searches.get(search_id)

    def _find_trial(self, trial_id: str, settle: Settle) -> KnownTrial | None:
        if trial_id not in self._trials:
            trials = schema.trials
            owner = select(trials.c.search_id).where(trials.c.trial_id == trial_id)
            search_id = settle().scalar(owner)
            if search_id is not None:
                self._load(search_id, settle())
        return self._trials.get(trial_id)

    def _load(self, search_id: str, connection: Connection) -> None:
        """Read a search with all its trials, so that no trial of it need be looked up again."""
        searches, inner, trials = schema.searches, schema.inner_searches, schema.trials
        found = connection.execute(select(searches).where(searches.c.search_id == search_id))
        row = found.one_or_none()
        if row is None:
            return
        folds = select(inner.c.outer_fold, inner.c.trial_id).where(inner.c.search_id == search_id)
        self._searches[search_id] = KnownSearch(
            state=row.state,
            content=content_hash(row.spec, row.metric, row.fingerprint),
            started_at=row.started_at,
            winners={fold.outer_fold: fold.trial_id for fold in connection.execute(folds)},
            sequence=_next_sequence(connection, search_id),
        )
        for trial in connection.execute(select(trials).where(trials.c.search_id == search_id)):
            self._trials[trial.trial_id] = KnownTrial(
                search_id, trial.outer_fold, trial.state, trial.started_at, trial.attempt
            )
        fits = schema.fold_fits
        unfinished = (
            select(fits.c.trial_id, fits.c.inner_fold, fits.c.cpu_s)
            .join(trials, trials.c.trial_id == fits.c.trial_id)
            .where(trials.c.search_id == search_id, trials.c.state.in_(GOES_ON))
        )
        for fit in connection.execute(unfinished):
            self._trials[fit.trial_id].folds.add(fit.inner_fold)
            self._trials[fit.trial_id].cpu_s += fit.cpu_s


RULES: dict[type, Callable[[Ledger, Any, Settle], bool]] = {
    SearchStarted: Ledger._search_started,
    SearchResumed: Ledger._search_resumed,
    SearchExtended: Ledger._search_extended,
    TrialAgain: Ledger._trial_again,
    TrialStarted: Ledger._trial_started,
    FoldScore: Ledger._fold_score,
    Decision: Ledger._decision,
    TrialEnded: Ledger._trial_ended,
    InnerSearchEnded: Ledger._inner_search_ended,
    OuterScore: Ledger._outer_score,
    OuterPredictions: Ledger._outer_predictions,
    Artifact: Ledger._appendix,
    ParityChecked: Ledger._appendix,
    Note: Ledger._appendix,
    SearchEnded: Ledger._search_ended,
}


def _next_sequence(connection: Connection, search_id: str) -> int:
    trials, fits = schema.trials, schema.fold_fits
    of_trials = select(
        func.max(trials.c.sequence).label("proposed"),
        func.max(trials.c.ended_sequence).label("ended"),
    ).where(trials.c.search_id == search_id)
    of_fits = (
        select(func.max(fits.c.sequence))
        .join(trials, trials.c.trial_id == fits.c.trial_id)
        .where(trials.c.search_id == search_id)
    )
    known = [*connection.execute(of_trials).one(), connection.scalar(of_fits)]
    return 1 + max((number for number in known if number is not None), default=-1)


def _exists(connection: Connection, table: Table, key: dict[str, Any]) -> bool:
    same = and_(*(table.c[column] == value for column, value in key.items()))
    return connection.execute(select(1).select_from(table).where(same)).first() is not None
