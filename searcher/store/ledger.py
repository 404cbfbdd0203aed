"""Whether a record may follow those that came before it.

The rules, which the tables alone can't state: a search begins before its trials, a trial before
its scores; what has ended stays ended; a record that arrives twice counts once; one that
contradicts what is known is an error and overwrites nothing.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, select

from searcher.errors import StoreError
from searcher.records import (
    Artifact,
    CheckpointSaved,
    Decision,
    FoldScore,
    InnerSearchEnded,
    Note,
    OuterPredictions,
    OuterScore,
    ParityChecked,
    Record,
    Replaced,
    SearchEnded,
    SearchExtended,
    SearchResumed,
    SearchStarted,
    TrialAgain,
    TrialEnded,
    TrialStarted,
    UnitScore,
)
from searcher.store import schema
from searcher.store.known import GOES_ON, Known, KnownSearch, KnownTrial, Settle
from searcher.store.reopening import extend, pause_what_runs, reopen
from searcher.store.rows import SEQUENCE, configuration_hash, search_hash

PAUSES = ("failed", "interrupted")
"""Ends of a search that pause its running trials; a completed search has none."""


class Ledger:
    """Admits one record after the other."""

    def __init__(self) -> None:
        self._known = Known()

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
            return self._known.trials[record.trial_id].started_at
        if isinstance(record, SearchEnded):
            return self._known.searches[record.search_id].started_at
        return None

    def next_sequence(self, record: Record) -> int | None:
        """Return the record's place in the order of its search's events, if that is kept."""
        if type(record) not in SEQUENCE:
            return None
        trial = self._known.trials[record.trial_id]  # type: ignore[union-attr,index]
        search = self._known.searches[trial.search_id]
        search.sequence += 1
        return search.sequence - 1

    def changes(self) -> list[dict[str, Any]]:
        """Return what has changed in the counters of each search since this was asked last."""
        return self._known.changes()

    def _search_started(self, record: SearchStarted, settle: Settle) -> bool:
        content = search_hash(record)
        known = self._known.find_search(record.search_id, settle)
        if known is None:
            winners = dict.fromkeys(fold.outer_fold for fold in record.folds)
            self._known.searches[record.search_id] = KnownSearch(
                "running", content, record.at, winners
            )
            return True
        if known.content != content:
            raise StoreError(
                f"search {record.search_id} exists already, with another spec, metric or rows"
            )
        return False

    def _trial_started(self, record: TrialStarted, settle: Settle) -> bool:
        search = self._known.search(record.search_id, settle)
        # Knowing the search is knowing all its trials: a new one costs no look at the database.
        if record.trial_id in self._known.trials:
            key = {
                "trial_id": record.trial_id,
                "configuration_hash": configuration_hash(record),
            }
            if _exists(settle(), schema.trials, key):
                return False
            raise StoreError(f"trial {record.trial_id} exists already, with another configuration")
        self._open_search(record.search_id, settle, "trial", record.trial_id)
        self._check_fold(search, record.search_id, record.outer_fold)
        self._known.trials[record.trial_id] = KnownTrial(
            record.search_id, record.outer_fold, "running", record.at, unit=record.unit
        )
        self._known.count(record.search_id, n_running=1)
        return True

    def _trial_again(self, record: TrialAgain, settle: Settle) -> bool:
        trial = self._known.trial(record.trial_id, settle)
        if record.attempt <= trial.attempt:
            return False
        if trial.state not in GOES_ON or record.attempt != trial.attempt + 1:
            raise StoreError(
                f"trial {record.trial_id} is {trial.state} in its attempt {trial.attempt} "
                f"and can't begin attempt {record.attempt}"
            )
        self._open_search(trial.search_id, settle, "attempt of", record.trial_id)
        if trial.state == "paused":
            self._known.count(trial.search_id, n_paused=-1, n_running=1)
        trial.state, trial.attempt = "running", record.attempt
        return True

    def _score(self, record: FoldScore | UnitScore, settle: Settle) -> bool:
        """Admit the score of what a trial has finished, an inner fold or a unit of all, once."""
        trial = self._known.trial(record.trial_id, settle)
        is_fold = isinstance(record, FoldScore)
        finished = record.inner_fold if isinstance(record, FoldScore) else record.resource
        what = f"inner fold {finished}" if is_fold else f"resource {finished}"
        if (trial.unit == "inner_folds") != is_fold:
            raise StoreError(
                f"trial {record.trial_id} counts in {trial.unit} and takes no score of {what}"
            )
        if trial.state == "running":
            if finished in trial.finished:
                return False
            trial.finished.add(finished)
            trial.cpu_s += record.cpu_s
            return True
        table = schema.fold_fits if is_fold else schema.unit_scores
        column = "inner_fold" if is_fold else "resource"
        if _exists(settle(), table, {"trial_id": record.trial_id, column: finished}):
            return False
        said = "is paused" if trial.state == "paused" else f"has ended ({trial.state})"
        raise StoreError(
            f"trial {record.trial_id} {said} and takes no more scores; got one of {what}"
        )

    def _replaced(self, record: Replaced, settle: Settle) -> bool:
        trial = self._known.trial(record.trial_id, settle)
        source = self._known.trial(record.source_trial_id, settle)
        ours, theirs = ((one.search_id, one.outer_fold) for one in (trial, source))
        if ours != theirs:
            raise StoreError(
                f"trial {record.trial_id} can't go on from {record.source_trial_id}, which is of "
                "another inner search"
            )
        table = schema.lineage
        same = (table.c.trial_id == record.trial_id) & (table.c.resource == record.resource)
        columns = select(table.c.source_trial_id, table.c.configuration).where(same)
        known = settle().execute(columns).one_or_none()
        if known is None:
            return True
        if tuple(known) != (record.source_trial_id, record.configuration):
            raise StoreError(
                f"trial {record.trial_id} was replaced at resource {record.resource} by "
                f"{known.source_trial_id}, another configuration"
            )
        return False

    def _checkpoint_saved(self, record: CheckpointSaved, settle: Settle) -> bool:
        self._known.trial(record.trial_id, settle)
        table = schema.checkpoints
        needless = (table.c.resource == record.resource) | table.c.path.in_(record.removed)
        settle().execute(delete(table).where(table.c.trial_id == record.trial_id, needless))
        return True

    def _decision(self, record: Decision, settle: Settle) -> bool:
        self._known.trial(record.trial_id, settle)
        return True

    def _trial_ended(self, record: TrialEnded, settle: Settle) -> bool:
        trial = self._known.trial(record.trial_id, settle)
        if trial.state == record.state:
            return False
        if trial.state != "running":
            what = "is paused" if trial.state == "paused" else f"has ended ({trial.state})"
            raise StoreError(f"trial {record.trial_id} {what} and can't be {record.state} now")
        trial.state = record.state
        ends = {f"n_{record.state}": 1, "cpu_s": trial.cpu_s}
        self._known.count(trial.search_id, n_running=-1, **ends)
        trial.finished.clear()
        return True

    def _inner_search_ended(self, record: InnerSearchEnded, settle: Settle) -> bool:
        search = self._known.search(record.search_id, settle)
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
        search = self._known.search(record.search_id, settle)
        self._check_fold(search, record.search_id, record.outer_fold)
        self._check_owner(record, record.trial_id, settle, outer_fold=record.outer_fold)
        key = {"search_id": record.search_id, "outer_fold": record.outer_fold, "role": record.role}
        if search.state != "running" and _exists(settle(), schema.outer_scores, key):
            return False
        self._open_search(record.search_id, settle, "outer score of", record.trial_id)
        return True

    def _outer_predictions(self, record: OuterPredictions, settle: Settle) -> bool:
        self._known.search(record.search_id, settle)
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
        self._known.search(record.search_id, settle)
        trial_id = None if isinstance(record, Note) else record.trial_id
        if trial_id is not None:
            self._check_owner(record, trial_id, settle)
        return True

    def _search_ended(self, record: SearchEnded, settle: Settle) -> bool:
        search = self._known.search(record.search_id, settle)
        if search.state == record.state:
            return False
        if search.state != "running":
            raise StoreError(
                f"search {record.search_id} has ended ({search.state}) "
                f"and can't be {record.state} now"
            )
        search.state = record.state
        if record.state in PAUSES:
            for trial in self._known.trials.values():
                if trial.search_id == record.search_id and trial.state == "running":
                    trial.state = "paused"
                    self._known.count(record.search_id, n_running=-1, n_paused=1)
            pause_what_runs(settle(), record.search_id, state=record.state, at=record.at)
        return True

    def _search_resumed(self, record: SearchResumed, settle: Settle) -> bool:
        search = self._known.search(record.search_id, settle)
        if search.state == "completed":
            raise StoreError(f"search {record.search_id} is completed; it can be extended")
        reopen(settle(), record.search_id)
        search.state = "running"
        return True

    def _search_extended(self, record: SearchExtended, settle: Settle) -> bool:
        search = self._known.search(record.search_id, settle)
        extend(settle(), record.search_id, record.budget)
        self._known.searches.pop(record.search_id)  # its content has changed
        search.state = "running"
        return True

    def _open_search(self, search_id: str, settle: Settle, what: str, which: str) -> KnownSearch:
        search = self._known.search(search_id, settle)
        if search.state != "running":
            raise StoreError(
                f"search {search_id} has ended ({search.state}) and takes no {what} {which}"
            )
        return search

    def _check_owner(
        self, record: Any, trial_id: str, settle: Settle, *, outer_fold: str | None = None
    ) -> None:
        trial = self._known.trial(trial_id, settle)
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


RULES: dict[type, Callable[[Ledger, Any, Settle], bool]] = {
    SearchStarted: Ledger._search_started,
    SearchResumed: Ledger._search_resumed,
    SearchExtended: Ledger._search_extended,
    TrialAgain: Ledger._trial_again,
    TrialStarted: Ledger._trial_started,
    FoldScore: Ledger._score,
    UnitScore: Ledger._score,
    Replaced: Ledger._replaced,
    CheckpointSaved: Ledger._checkpoint_saved,
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


def _exists(connection: Connection, table: Table, key: dict[str, Any]) -> bool:
    same = and_(*(table.c[column] == value for column, value in key.items()))
    return connection.execute(select(1).select_from(table).where(same)).first() is not None
