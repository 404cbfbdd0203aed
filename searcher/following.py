"""Look on at a search from anywhere: what its store says, as the records that say it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import sleep

from searcher.records import (
    FINAL,
    InnerSearchEnded,
    OuterScore,
    Record,
    SearchEnded,
    SearchStarted,
    TrialEnded,
    TrialStarted,
)
from searcher.store import Store, StoredSearch, StoredTrial
from searcher.store.credentials import take_credentials
from searcher.store.patience import patiently

PAUSE_S = 1.0
"""Seconds between two questions."""


def records_of(trial: StoredTrial) -> tuple[TrialStarted | TrialEnded, ...]:
    """Say of a trial that it began and, if it has, that it ended."""
    began = TrialStarted(
        trial.trial_id,
        trial.search_id,
        trial.outer_fold,
        trial.number,
        trial.family,
        trial.configuration,
        trial.origin,
    )
    if trial.ended_at is None:
        return (began,)
    ended = TrialEnded(trial.trial_id, trial.state, trial.score, trial.resource, trial.reason)
    return began, ended


@dataclass
class Seen:
    """What has been told of a search already."""

    trials: dict[str, int] = field(default_factory=dict)  # trial -> how many of its records
    winners: set[str] = field(default_factory=set)
    outer: set[tuple[str, str]] = field(default_factory=set)
    begun: bool = False


def follow(
    search_id: str,
    *,
    store: str,
    observe: Callable[[Record], None],
    is_lost: Callable[[], bool] | None = None,
    pause_s: float = PAUSE_S,
) -> StoredSearch:
    """Tell what happens in a search until it has ended; what has happened before comes first.

    A database that is away is waited for. To stop looking on does nothing to the search.

    Parameters
    ----------
    observe
        Called with records made from what the store has, each once.
    is_lost
        Asked now and then: whether nobody will go on with the search. If given, one that was
        interrupted or has failed is waited for until then: its driver may be on its way.

    Returns
    -------
    The search as it ended, or as it is if it is lost.

    Raises
    ------
    NotFoundError, StoreError
        If there is no such search, or its store stays away.
    """
    store, seen = take_credentials(store), Seen()
    while True:
        found, trials, began = patiently(lambda: _asked(search_id, store, begun=seen.begun))
        for record in _news(found, trials, seen, began):
            observe(record)
        if _is_over(found, is_lost):
            if found.state != "running":
                observe(SearchEnded(found.search_id, found.state, error=found.error))
            return found
        sleep(pause_s)


def _is_over(found: StoredSearch, is_lost: Callable[[], bool] | None) -> bool:
    if found.state == "completed" or is_lost is None:
        return found.state != "running"
    return is_lost()


def _asked(
    search_id: str, store: str, *, begun: bool
) -> tuple[StoredSearch, tuple[StoredTrial, ...], SearchStarted | None]:
    with Store(store) as reader:
        found = reader.search(search_id)
        trials = tuple(reader.trials(found.search_id, sort="number"))
        return found, trials, None if begun else _beginning(reader, found)


def _beginning(reader: Store, found: StoredSearch) -> SearchStarted:
    return SearchStarted(
        found.search_id,
        found.name,
        found.spec,
        found.metric,
        found.task,
        found.fingerprint,
        found.data,
        found.environment,
        reader.folds(found.search_id),
        found.started_at,
    )


def _news(
    found: StoredSearch,
    trials: tuple[StoredTrial, ...],
    seen: Seen,
    began: SearchStarted | None,
) -> Iterator[Record]:
    """Yield what has not been told yet."""
    if began is not None:
        seen.begun = True
        yield began
    for trial in trials:
        told = seen.trials.get(trial.trial_id, 0)
        news = records_of(trial)[told:]
        seen.trials[trial.trial_id] = told + len(news)
        yield from news
    for winner in found.winners:
        if winner.outer_fold not in seen.winners:
            seen.winners.add(winner.outer_fold)
            score = float("nan") if winner.inner_score is None else winner.inner_score
            yield InnerSearchEnded(found.search_id, winner.outer_fold, winner.trial_id, score)
    for outer in found.outer_scores_of:
        key = outer.outer_fold, outer.role
        if key not in seen.outer and outer.outer_fold != FINAL and outer.score is not None:
            seen.outer.add(key)
            scores = {outer.metric: outer.score}
            yield OuterScore(found.search_id, *key, outer.trial_id, scores, outer.fit_s)
