"""The replay of an inner search: the store's events in, the inner search's state out."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from search_spaces.parameters import Categorical, Float, Integer
from search_spaces.space import Space, join_family
from searcher.errors import RecallError
from searcher.plugins import load_strategy
from searcher.records import FoldScore, Record, TrialAgain, TrialEnded, TrialStarted
from searcher.store.history import PastFold, PastTrial
from searcher.strategies.base import Problem
from searcher.tuning.handle import TrialHandle
from searcher.tuning.inner import InnerSearch, make_inner_search
from searcher.tuning.recorder import ended
from searcher.tuning.replay import replay
from searcher.tuning.trial import Proposal

FOLDS = 4
SPACE = Space.join(
    {
        "ridge": Space(parameters={"alpha": Float(low=1e-4, high=1e4, log=True)}),
        "tree": Space(
            parameters={"depth": Integer(low=1, high=30), "kind": Categorical(choices=("a", "b"))}
        ),
    }
)
DEFAULTS = (join_family("ridge", {"alpha": 1.0}), join_family("tree", {"depth": 5, "kind": "a"}))
STRATEGIES = {
    "random": {},
    "grid": {"points": 4},
    "tpe": {"startup": 4},
    "asha": {"searcher": "tpe", "reduction_factor": 2.0},
    "racing": {"audit": 0.2},
    "hyperband": {"searcher": "random", "reduction_factor": 2.0},
}
CASES = list(STRATEGIES)


def new(kind: str, *, trials: int = 24) -> InnerSearch:
    problem = Problem(SPACE, DEFAULTS, trials - 1, FOLDS, seed=7)
    return make_inner_search(
        load_strategy(kind)(**STRATEGIES[kind]).build(problem),
        search_id="s",
        outer_fold="0",
        trials=trials,
        initial=DEFAULTS,
        longest={"inner_folds": FOLDS},
        dummy={},
        time_s=None,
    )


def score_of(proposal: Proposal, fold: int) -> float:
    """A score that only configuration and fold decide."""
    text = json.dumps([proposal.family, proposal.configuration, fold], sort_keys=True)
    return random.Random(text).random()  # noqa: S311 - no secret


def run(inner: InnerSearch, *, slots: int, told: list[Record]) -> Iterator[Record]:
    """Do what Ray Tune and the workers do, one event after the other; yield each record."""
    running: list[Proposal] = []
    turn = random.Random(3)  # noqa: S311 - no secret

    def say(record: Record) -> Record:
        told.append(record)
        return record

    while True:
        while len(running) < slots and not inner.done:
            proposal = inner.propose()
            if proposal is None:
                break
            running.append(proposal)
            if proposal.attempt == 1:
                names = ("trial_id", "outer_fold", "number", "family", "configuration", "origin")
                fields = {name: getattr(proposal, name) for name in names}
                yield say(TrialStarted(search_id="s", **fields))
        if not running:
            return
        proposal = running[turn.randrange(len(running)) if slots > 1 else 0]
        live = inner.live[proposal.trial_id]
        k = len(live.scores)
        live.add(score_of(proposal, k))
        result = {
            "score": sum(live.scores) / len(live.scores),
            "fold_score": live.scores[-1],
            "resource": k + 1,
            "work_s": 1.0,
            "failure": None,
            "complete": k + 1 == FOLDS,
        }
        handle = TrialHandle.of(proposal.trial_id, proposal.origin)
        action = TrialScheduler.STOP
        if k + 1 < FOLDS:
            action, decision = inner.judge(proposal.trial_id, result, handle)
            if decision is not None:
                yield say(decision)
            if action != TrialScheduler.STOP:
                inner.learn(proposal.trial_id, result)
        yield say(FoldScore(proposal.trial_id, k + 1, k, {"r2": live.scores[-1]}, 0.5, 0.5, 1.0))
        if action == TrialScheduler.STOP:
            running.remove(proposal)
            inner.retire(handle, result)
            inner.conclude(proposal.trial_id, result)
            yield say(ended(proposal.trial_id, result, whole=f"{FOLDS} inner folds"))


def past(told: list[Record]) -> list[PastTrial]:
    """What the store makes of records."""
    started: dict[str, TrialStarted] = {}
    folds: dict[str, list[PastFold]] = {}
    ends: dict[str, tuple[int, str]] = {}
    places: dict[str, int] = {}
    attempts: dict[str, int] = {}
    for sequence, record in enumerate(told):
        if isinstance(record, TrialStarted):
            started[record.trial_id], places[record.trial_id] = record, sequence
        elif isinstance(record, TrialAgain):
            attempts[record.trial_id] = record.attempt
        elif isinstance(record, FoldScore):
            fold = PastFold(sequence, record.inner_fold, record.scores["r2"], 1.0)
            folds.setdefault(record.trial_id, []).append(fold)
        elif isinstance(record, TrialEnded):
            ends[record.trial_id] = sequence, record.state
    return [
        PastTrial(
            trial_id,
            "0",
            trial.number,
            trial.family,
            trial.configuration,
            trial.origin,
            ends.get(trial_id, (0, "running"))[1],
            attempts.get(trial_id, 1),
            places[trial_id],
            ends[trial_id][0] if trial_id in ends else None,
            "inner_folds",
            tuple(folds.get(trial_id, ())),
        )
        for trial_id, trial in started.items()
    ]


@cache
def undisturbed(kind: str, slots: int) -> tuple[Record, ...]:
    told: list[Record] = []
    list(run(new(kind), slots=slots, told=told))
    return tuple(told)


def outcome(told: Any) -> dict[str, Any]:
    """Configuration, scores and end of each trial: what a search comes to."""
    started = {r.trial_id: (r.family, r.configuration) for r in told if isinstance(r, TrialStarted)}
    ends = {r.trial_id: (r.state, r.score) for r in told if isinstance(r, TrialEnded)}
    return {trial_id: (*what, *ends[trial_id]) for trial_id, what in started.items()}


@pytest.mark.parametrize("kind", CASES)
def test_a_search_with_one_worker_ends_equal_wherever_its_driver_dies(kind: str) -> None:
    whole = undisturbed(kind, 1)

    for cut in range(1, len(whole), 7):
        inner, told = new(kind), list(whole[:cut])
        told += replay(inner, past(told))
        list(run(inner, slots=1, told=told))

        assert outcome(told) == outcome(whole), cut


@pytest.mark.parametrize("kind", CASES)
def test_a_search_may_be_killed_again_and_again(kind: str) -> None:
    whole = undisturbed(kind, 1)
    told: list[Record] = []

    for _ in range(1000):
        inner = new(kind)
        told += replay(inner, past(told))
        events = run(inner, slots=1, told=told)
        if [next(events, None) for _ in range(5)][-1] is None:
            break

    assert outcome(told) == outcome(whole)


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("cut", [2, 11, 30, 55])
def test_with_several_workers_exactly_the_budget_is_spent_and_nothing_twice(
    kind: str, cut: int
) -> None:
    inner, told = new(kind), list(undisturbed(kind, 3)[:cut])

    told += replay(inner, past(told))
    list(run(inner, slots=3, told=told))

    assert len(outcome(told)) == len(outcome(undisturbed(kind, 3)))
    fits = [(r.trial_id, r.inner_fold) for r in told if isinstance(r, FoldScore)]
    assert len(fits) == len(set(fits))
    assert not inner.live


def test_a_trial_goes_on_after_its_last_finished_fold_in_another_attempt() -> None:
    whole = undisturbed("random", 1)
    second_fold = [i for i, r in enumerate(whole) if isinstance(r, FoldScore) and r.resource == 2]
    inner, told = new("random"), list(whole[: second_fold[1] + 1])

    (again,) = replay(inner, past(told))

    assert isinstance(again, TrialAgain)
    assert (again.attempt, again.reason) == (2, "its driver was lost")
    proposal = inner.propose()
    assert proposal is not None
    assert (proposal.trial_id, proposal.attempt) == (again.trial_id, 2)
    assert len(proposal.scores) == 2


def test_what_a_lost_driver_cost_is_counted_up_to_its_last_sign_of_life() -> None:
    told = list(undisturbed("random", 1)[:3])
    begun = datetime(2026, 1, 31, 12, tzinfo=UTC)
    before = [replace(trial, busy_since=begun) for trial in past(told)]

    (unseen,) = replay(new("random"), before)
    (seen,) = replay(new("random"), before, seen_at=begun + timedelta(seconds=7))
    (earlier,) = replay(new("random"), before, seen_at=begun - timedelta(seconds=7))

    assert [again.lost_s for again in (unseen, seen, earlier)] == [0.0, 7.0, 0.0]


def test_an_end_that_was_not_written_down_is_written_down_now() -> None:
    whole = undisturbed("random", 1)
    last_fold = next(
        i for i, r in enumerate(whole) if isinstance(r, FoldScore) and r.resource == FOLDS
    )
    inner = new("random")

    (end,) = replay(inner, past(list(whole[: last_fold + 1])))

    assert isinstance(end, TrialEnded)
    assert end.state == "completed"
    assert not inner.live


def test_what_the_strategy_cannot_have_proposed_is_refused() -> None:
    told = list(undisturbed("random", 1)[:30])
    changed = [
        TrialStarted(r.trial_id, "s", "0", r.number, "ridge", {"alpha": 0.123}, r.origin)
        if isinstance(r, TrialStarted) and r.number == 4
        else r
        for r in told
    ]

    with pytest.raises(RecallError, match=r"s\.0\.4"):
        replay(new("random"), past(changed))


def test_a_strategy_that_cannot_be_resumed_is_named() -> None:
    class Foreign(Searcher):
        def suggest(self, trial_id: str) -> dict[str, Any]:
            return DEFAULTS[0]

    inner = new("random")
    inner.searcher = Foreign(metric="score", mode="max")

    with pytest.raises(RecallError, match="Foreign"):
        replay(inner, past(list(undisturbed("random", 1)[:12])))
