"""A race over folds stops who is unlikely to win, says why, and lets some go on to be audited."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ray.tune.schedulers import TrialScheduler

from searcher.plugins import load_strategy
from searcher.racing import AUDITED, audited
from searcher.strategies.fold_race import FoldRace
from tests.searcher.strategies.test_strategies import problem

FOLDS = 5
STOP = str(TrialScheduler.STOP)


class Race:
    """Trials one after the other, whose true scores are known."""

    def __init__(self, **settings: Any) -> None:
        parts = load_strategy("racing")(**settings).build(problem(max_resource=FOLDS))
        self.searcher, self.scheduler = parts.searcher, parts.scheduler
        assert isinstance(self.scheduler, FoldRace)
        self._rng = np.random.default_rng(0)

    def run(self, name: str, score: float, *, origin: str = "strategy") -> int:
        """Inner folds that a trial runs."""
        trial = SimpleNamespace(trial_id=name, origin=origin)
        assert isinstance(self.searcher.suggest(name), dict)
        self.scheduler.on_trial_add(None, trial)
        for fold in range(1, FOLDS + 1):
            found = score + 0.1 * fold + 0.01 * self._rng.normal()
            result = {"score": found, "fold_score": found, "resource": fold}
            if fold == FOLDS:
                self.scheduler.on_trial_complete(None, trial, result)
                break
            said = self.scheduler.on_trial_result(None, trial, result)
            if said == STOP and origin != "default":
                self.scheduler.on_trial_complete(None, trial, result)
                return fold
        return FOLDS


def test_the_worse_stop_after_a_fold_or_two_and_the_best_run_through() -> None:
    race = Race(audit=0.0)
    rng = np.random.default_rng(1)
    race.run("first", 0.8)

    folds = {score: race.run(f"{score}", score) for score in rng.uniform(0.0, 0.7, 20)}

    assert np.mean(list(folds.values())) < 2
    assert race.run("best", 0.9) == FOLDS
    assert race.run("late", 0.5) == 1


def test_the_reason_is_the_gain_that_was_expected() -> None:
    race = Race(audit=0.0, tolerance=0.05)
    race.run("good", 0.8)
    for number in range(6):
        race.run(f"bad {number}", 0.1 * number)

    assert race.scheduler.reason("good", 1) is None  # nobody was there to compare with
    reason = race.scheduler.reason("bad 5", 1)
    assert reason is not None
    assert reason.startswith("expected gain ")
    assert reason.endswith("standard errors; needed: above 0.05")


def test_a_default_runs_through_and_counts_whatever_the_race_says() -> None:
    race = Race(audit=0.0)
    race.run("good", 0.8)
    for number in range(6):
        race.run(f"bad {number}", 0.1 * number)

    assert race.run("default", 0.2, origin="default") == FOLDS


def test_some_of_the_stopped_go_on_by_seed_and_name_alone_and_it_is_said() -> None:
    race = Race(audit=0.3)
    race.run("good", 0.8)
    for number in range(6):
        race.run(f"warm {number}", 0.1 * number)

    names = [f"bad {number}" for number in range(20)]
    folds = {name: race.run(name, 0.1) for name in names}

    drawn = {name for name in names if audited(name, seed=3, share=0.3)}
    assert 0 < len(drawn) < len(names)
    assert {name for name, done in folds.items() if done == FOLDS} == drawn
    assert all(str(race.scheduler.reason(name, 1)).startswith(AUDITED) for name in drawn)


def test_a_trial_that_fails_stops_nobody() -> None:
    race = Race(audit=0.0)
    broken = SimpleNamespace(trial_id="broken", origin="strategy")
    race.searcher.suggest("broken")
    race.scheduler.on_trial_add(None, broken)
    race.scheduler.on_trial_remove(None, broken)

    assert race.run("good", 0.8) == FOLDS


@pytest.mark.parametrize("unit", ["epochs", "rounds"])
def test_it_races_over_folds_only(unit: str) -> None:
    racing = load_strategy("racing")()

    assert racing.misfit({"a": "inner_folds"}) is None
    assert racing.misfit({"a": "inner_folds", "b": unit}) == (
        f"races over inner folds; found b: {unit} (budget.resource)"
    )
