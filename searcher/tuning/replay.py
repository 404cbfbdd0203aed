"""Bring an inner search into the state that the store's events lead to: events in, state out.

What the strategy proposed is recalled, what it was told is told again, in the same order and by
the same methods as when it ran. So it goes on with the proposals that it would have made.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from ray.tune.schedulers import TrialScheduler

from search_spaces.space import join_family
from searcher.records import Record, TrialAgain, TrialEnded
from searcher.store.history import PastFold, PastTrial
from searcher.store.units import StoredUnit
from searcher.tuning.handle import TrialHandle
from searcher.tuning.inner import InnerSearch
from searcher.tuning.recorder import ended
from searcher.tuning.trial import FOLDS, Proposal

Result = dict[str, Any]

Event = PastFold | StoredUnit | str | None


def replay(
    inner: InnerSearch, past: Sequence[PastTrial], *, seen_at: datetime | None = None
) -> list[Record]:
    """Replay an inner search's trials into a new one; return what is left to be said of them.

    Parameters
    ----------
    inner
        As ``make_inner_search`` returns it; nothing has been proposed.
    past
        Its trials as the store has them, in the order of their proposal.
    seen_at
        The last sign of life of the driver that was lost: until then its trials were worked on.

    Returns
    -------
    records
        The ends of trials that died between their last result and their end, and the new attempts
        of those that go on: these are what ``inner`` proposes next.

    Raises
    ------
    RecallError
        If the strategy can't have proposed what is stored.
    """
    state = _Replay(inner)
    by_id = {trial.trial_id: trial for trial in past}
    for _, trial_id, event in sorted(_events(past), key=lambda event: event[0]):
        trial = by_id[trial_id]
        if event is None:
            state.propose(trial)
        elif isinstance(event, PastFold):
            state.fold(trial, event)
        elif isinstance(event, StoredUnit):
            state.unit(trial, event)
        else:
            state.end(trial)
    inner.waiting.clear()  # what a population queued is queued again, as a further attempt
    left = [record for trial in past for record in state.leftover(trial, seen_at)]
    return [*state.turned, *left]


def _events(past: Sequence[PastTrial]) -> Iterator[tuple[int, str, Event]]:
    """Proposals (None), results (a fold, a unit) and ends (a state), each with its place."""
    for trial in past:
        yield trial.sequence, trial.trial_id, None
        in_lockstep = trial.unit != FOLDS
        for fold in () if in_lockstep else trial.folds:
            yield fold.sequence, trial.trial_id, fold
        for unit in trial.units:
            yield -1 if unit.sequence is None else unit.sequence, trial.trial_id, unit
        if trial.ended_sequence is not None:
            yield trial.ended_sequence, trial.trial_id, trial.state


class _Replay:
    """The last result of each trial that has not ended, beside the inner search itself."""

    def __init__(self, inner: InnerSearch) -> None:
        self._inner = inner
        self._last: dict[str, Result] = {}
        self._over: set[str] = set()  # trials whose last result is their last
        self.turned: list[Record] = []  # what populations did: as it was told, if it was

    def propose(self, trial: PastTrial) -> None:
        proposal = Proposal(
            trial.trial_id,
            trial.outer_fold,
            trial.number,
            trial.family,
            trial.configuration,
            trial.origin,
            trial.attempt,
            unit=trial.unit,
        )
        self._inner.recall(proposal, join_family(trial.family, trial.configuration))

    def fold(self, trial: PastTrial, fold: PastFold) -> None:
        live = self._inner.live[trial.trial_id]
        live.add(float("nan") if fold.score is None else fold.score)
        resource = len(live.scores)
        result: Result = {
            "score": float(np.mean(live.scores)),  # as the worker computes it, to the last bit
            "fold_score": live.scores[-1],
            "resource": resource,
            "work_s": fold.work_s,
            "failure": None,
            "complete": resource >= self._inner.longest[FOLDS],
        }
        self._result(trial, result)

    def unit(self, trial: PastTrial, unit: StoredUnit) -> None:
        inner = self._inner
        live = inner.live[trial.trial_id]
        if live.proposal in inner.waiting:  # of a population; it has run since
            inner.waiting.remove(live.proposal)
        live.reach(unit.resource)
        result: Result = {
            "score": unit.score,
            "resource": unit.resource,
            "work_s": unit.fit_s + unit.score_s,
            "failure": None,
            "complete": unit.is_last,
        }
        if unit.resource == live.proposal.until and not unit.is_last:
            self._last[trial.trial_id] = result
            inner.park(trial.trial_id, result)
        else:
            self._result(trial, result)
        self.turned += inner.turn()

    def _result(self, trial: PastTrial, result: Result) -> None:
        self._last[trial.trial_id] = result
        if result["complete"]:
            self._over.add(trial.trial_id)
            return
        handle = TrialHandle.of(trial.trial_id, trial.origin)
        action, _ = self._inner.judge(trial.trial_id, result, handle)
        if action == TrialScheduler.STOP:
            self._over.add(trial.trial_id)
        else:
            self._inner.learn(trial.trial_id, result)

    def end(self, trial: PastTrial) -> None:
        if trial.trial_id not in self._inner.live:
            return  # of a population, which has ended it
        self._end(trial, None if trial.state == "failed" else self._last.get(trial.trial_id))

    def leftover(
        self, trial: PastTrial, seen_at: datetime | None
    ) -> Iterator[TrialEnded | TrialAgain]:
        if trial.trial_id not in self._inner.live:
            return
        if trial.trial_id in self._over:
            result = self._last[trial.trial_id]
            self._end(trial, result)
            yield ended(trial.trial_id, result, whole=self._inner.whole(trial.unit))
            return
        if self._inner.is_parked(trial.trial_id):
            if trial.state == "paused":
                attempt = self._inner.wake(trial.trial_id)
                yield TrialAgain(trial.trial_id, attempt, "paused with its search", 0.0)
            return
        again = self._inner.again(trial.trial_id)
        reason = "paused with its search" if trial.state == "paused" else "its driver was lost"
        yield TrialAgain(trial.trial_id, again.attempt, reason, _lost_s(trial, seen_at))

    def _end(self, trial: PastTrial, result: Mapping[str, Any] | None) -> None:
        told = trial.trial_id in self._over  # else the strategy has heard of this result already
        if result is not None and not told:
            result = {**result, "work_s": 0.0}
        self._inner.retire(TrialHandle.of(trial.trial_id, trial.origin), result)
        self._inner.conclude(trial.trial_id, result)


def _lost_s(trial: PastTrial, seen_at: datetime | None) -> float:
    """Say how long a trial's worker did what has to be done again, as far as anybody saw."""
    if seen_at is None or trial.busy_since is None:
        return 0.0
    return max(0.0, (seen_at - trial.busy_since).total_seconds())
