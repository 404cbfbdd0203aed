"""The nested searcher and scheduler, driven by hand: no Ray cluster."""

from types import SimpleNamespace
from typing import Any

import pytest
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from searcher.records import Decision
from searcher.strategies.base import TuneParts
from searcher.strategies.halving import Halving
from searcher.tuning.inner import InnerSearch, make_inner_search
from searcher.tuning.scheduler import NestedScheduler
from searcher.tuning.searcher import NestedSearcher
from searcher.tuning.trial import Proposal
from tests.searcher.tuning.rooms import room_for


class Counting(Searcher):
    """Proposes ridge(alpha=1), ridge(alpha=2), ...; remembers what it is told."""

    def __init__(self, last: int | None = None) -> None:
        super().__init__(metric="score", mode="max")
        self.n, self.last, self.told = 0, last, []

    def suggest(self, trial_id: str) -> Any:
        if self.n == self.last:
            return Searcher.FINISHED
        self.n += 1
        return {"family": "ridge", "ridge.alpha": self.n}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        self.told.append(("result", result["score"]))

    def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
        self.told.append(("error" if error else "complete", result and result["score"]))


def inner_search(fold: str, searcher: Searcher, **changes: Any) -> InnerSearch:
    initial = [{"family": "ridge", "ridge.alpha": 1}]
    usual = {
        "trials": 4,
        "initial": initial,
        "longest": {"inner_folds": 4},
        "time_s": None,
        "dummy": {},
    }
    scheduler = Halving(min_resource=1, max_resource=4, reduction_factor=2, brackets=1, seed=0)
    return make_inner_search(
        TuneParts(searcher, scheduler), search_id="s", outer_fold=fold, **(usual | changes)
    )


def nest(inner: dict[str, InnerSearch], *, slots: int) -> NestedSearcher:
    return NestedSearcher(inner, room=room_for(slots), record=lambda _: None)


def finish(nested: NestedSearcher, trial_id: str, score: float | None, work_s: float = 1.0) -> None:
    result = {"score": score, "resource": 4, "work_s": work_s, "done": True}
    nested.on_trial_complete(trial_id=trial_id, result=result, error=False)


def run_to_the_end(nested: NestedSearcher) -> list[dict[str, Any]]:
    configs = []
    while (config := nested.suggest(str(len(configs)))) != Searcher.FINISHED:
        configs.append(config)
        finish(nested, str(len(configs) - 1), 0.5)
    return configs


def test_every_inner_search_gets_exactly_its_budget_dummy_and_defaults_included() -> None:
    inner = {name: inner_search(name, Counting()) for name in ("0", "1", "final")}

    configs = run_to_the_end(nest(inner, slots=1))

    by_fold = {name: [c for c in configs if c["outer_fold"] == name] for name in inner}
    for name, mine in by_fold.items():
        assert [c["origin"] for c in mine] == ["dummy", "default", "strategy", "strategy"]
        assert [c["number"] for c in mine] == [0, 1, 2, 3]
        assert [c["trial_id"] for c in mine] == [f"s.{name}.{i}" for i in range(4)]
        assert mine[1]["family"] == "ridge"
        assert mine[1]["configuration"] == {"alpha": 1}


def test_no_more_trials_run_than_there_are_slots() -> None:
    nested = nest({"0": inner_search("0", Counting())}, slots=2)

    assert isinstance(nested.suggest("a"), dict)
    assert isinstance(nested.suggest("b"), dict)
    assert nested.suggest("c") is None
    finish(nested, "a", 0.5)
    assert isinstance(nested.suggest("c"), dict)


def test_the_inner_search_that_is_furthest_behind_is_asked_first() -> None:
    inner = {name: inner_search(name, Counting()) for name in ("0", "1", "2")}
    nested = nest(inner, slots=6)

    folds = [nested.suggest(str(i))["outer_fold"] for i in range(6)]

    assert folds == ["0", "1", "2", "0", "1", "2"]


def test_results_reach_only_their_own_inner_search_and_the_dummy_teaches_nothing() -> None:
    searchers = {"0": Counting(), "1": Counting()}
    inner = {name: inner_search(name, searcher) for name, searcher in searchers.items()}
    nested = nest(inner, slots=4)
    owners = {str(i): nested.suggest(str(i)) for i in range(4)}

    for trial_id, config in owners.items():
        finish(nested, trial_id, 0.7 if config["outer_fold"] == "0" else 0.3)

    assert searchers["0"].told == [("complete", 0.7)]
    assert searchers["1"].told == [("complete", 0.3)]


def test_a_failed_trial_is_told_as_an_error_without_a_score() -> None:
    searcher = Counting()
    nested = nest({"0": inner_search("0", searcher)}, slots=2)
    nested.suggest("dummy")
    nested.suggest("a")

    finish(nested, "a", None)

    assert searcher.told == [("error", None)]


def test_a_strategy_with_nothing_left_ends_its_inner_search_early() -> None:
    inner = {"0": inner_search("0", Counting(last=1)), "1": inner_search("1", Counting())}

    configs = run_to_the_end(nest(inner, slots=1))

    assert [c["outer_fold"] for c in configs].count("0") == 2
    assert [c["outer_fold"] for c in configs].count("1") == 4


def test_seconds_end_an_inner_search_but_never_before_its_baselines() -> None:
    inner = {"0": inner_search("0", Counting(), trials=50, time_s=2.5)}
    nested = nest(inner, slots=1)

    spent_at_once = nest({"0": inner_search("0", Counting(), trials=50, time_s=0.1)}, slots=1)

    assert len(run_to_the_end(nested)) == 3  # one second each
    assert [c["origin"] for c in run_to_the_end(spent_at_once)] == ["dummy", "default"]


def test_stop_ends_all_proposals() -> None:
    nested = nest({"0": inner_search("0", Counting())}, slots=1)
    nested.stop()

    assert nested.suggest("a") == Searcher.FINISHED


def test_a_proposal_survives_the_way_to_a_worker_and_back() -> None:
    proposal = Proposal("s.0.3", "0", 3, "ridge", {"alpha": 1.5}, "strategy")

    assert Proposal.from_config(proposal.to_config() | {"more": 1}) == proposal


class Rungs:
    """A scheduler under test, its trials, and what it wrote down."""

    def __init__(self, **changes: Any) -> None:
        self.decisions: list[Decision] = []
        self.inner = {
            name: inner_search(name, Counting(), trials=9, **changes) for name in ("0", "1")
        }
        self.scheduler = NestedScheduler(self.inner, record=self.decisions.append)

    def report(
        self, fold: str, number: int, score: float, *, origin: str = "strategy", resource: int = 1
    ) -> str:
        proposal = Proposal(f"s.{fold}.{number}", fold, number, "ridge", {}, origin)
        trial = SimpleNamespace(trial_id=f"t{fold}{number}", config=proposal.to_config())
        if resource == 1:
            self.inner[fold].begin(proposal)
        result = {"score": score, "resource": resource, "work_s": 1.0}
        return self.scheduler.on_trial_result(None, trial, result)


def test_a_trial_is_compared_with_its_own_outer_fold_only() -> None:
    rungs = Rungs()
    rungs.report("0", 2, 0.9)

    assert rungs.report("1", 2, 0.1) == TrialScheduler.CONTINUE
    assert rungs.report("0", 3, 0.1) == TrialScheduler.STOP


@pytest.mark.parametrize("origin", ["default", "dummy"])
def test_baselines_are_never_stopped(origin: str) -> None:
    rungs = Rungs()
    rungs.report("0", 2, 0.9)

    assert rungs.report("0", 1, 0.1, origin=origin) == TrialScheduler.CONTINUE


def test_a_decision_is_written_down_with_its_grounds() -> None:
    rungs = Rungs()
    rungs.report("0", 2, 0.9)
    rungs.report("0", 3, 0.1)

    first, second = rungs.decisions
    assert (first.decision, first.rank, first.rivals, first.cutoff) == ("continue", 1, 1, None)
    assert (second.decision, second.rank, second.rivals, second.cutoff) == ("stop", 2, 2, 0.9)
    assert second.trial_id == "s.0.3"
    assert second.reason == "below the cutoff"


def test_a_trial_that_runs_when_the_seconds_are_spent_is_stopped_at_its_next_fold() -> None:
    rungs = Rungs(time_s=5.0)
    rungs.inner["0"].spent_s = 5.0

    assert rungs.report("0", 2, 0.9) == TrialScheduler.STOP
    assert rungs.decisions[0].reason == "budget.time_s 5 is spent"
    assert rungs.report("1", 2, 0.9) == TrialScheduler.CONTINUE
