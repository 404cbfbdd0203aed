"""Rungs against the paper's rule, and the bracket draw against its seed."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ray.tune.schedulers import TrialScheduler

from searcher.strategies.base import Problem
from searcher.strategies.halving import Cutoffs, Halving
from searcher.strategies.hyperband import Hyperband


def halving(**changes: Any) -> Halving:
    usual = {"min_resource": 1, "max_resource": 9, "reduction_factor": 3, "brackets": 1, "seed": 0}
    return Halving(**(usual | changes))


def report(scheduler: Halving, name: str, resource: int, score: float) -> str:
    trial = SimpleNamespace(trial_id=name)
    if name not in scheduler._trial_info:
        scheduler.on_trial_add(None, trial)
    return scheduler.on_trial_result(None, trial, {"resource": resource, "score": score})


def test_rungs_are_powers_of_the_reduction_factor() -> None:
    scheduler = halving()
    report(scheduler, "a", 1, 0.5)

    assert scheduler.rungs("a") == (1, 3, 9)


def test_of_nine_that_come_best_last_all_go_on_and_of_nine_that_come_best_first_three_do() -> None:
    rising, falling = halving(), halving()

    up = [report(rising, str(i), 1, i / 10) for i in range(9)]
    down = [report(falling, str(i), 1, -i / 10) for i in range(9)]

    assert up.count(TrialScheduler.CONTINUE) == 9
    assert down.count(TrialScheduler.STOP) == 8  # each is worse than the third of those before


def test_the_first_at_a_rung_always_goes_on() -> None:
    scheduler = halving()

    assert report(scheduler, "a", 1, -1e9) == TrialScheduler.CONTINUE
    assert scheduler.cutoff("a", 1) is None


def test_cutoff_is_what_the_decision_was_made_by() -> None:
    scheduler = halving()
    for i, score in enumerate([0.1, 0.2, 0.3]):
        report(scheduler, str(i), 1, score)

    assert report(scheduler, "x", 1, 0.22) == TrialScheduler.STOP
    assert scheduler.cutoff("x", 1) == pytest.approx(0.1 + 0.2 * 2 / 3)


def test_brackets_are_drawn_by_seed_and_not_by_global_state() -> None:
    def drawn(seed: int) -> list[tuple[int, ...]]:
        scheduler = halving(brackets=3, seed=seed)
        for i in range(20):
            report(scheduler, str(i), 1, 0.0)
        return [scheduler.rungs(str(i)) for i in range(20)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert set(drawn(1)) == {(1, 3, 9), (3, 9), (9,)}


@pytest.mark.parametrize(("folds", "brackets"), [(2, 1), (3, 2), (4, 2), (9, 3), (10, 3)])
def test_hyperband_has_one_bracket_for_each_power(folds: int, brackets: int) -> None:
    from tests.searcher.strategies.test_strategies import DEFAULTS, SPACE

    parts = Hyperband().build(Problem(SPACE, DEFAULTS, 10, folds, 0))

    assert len(parts.scheduler._brackets) == brackets


def test_a_trial_added_again_keeps_its_bracket_and_draws_none() -> None:
    once, again = halving(brackets=3), halving(brackets=3)
    names = [str(i) for i in range(20)]
    for name in names:
        once.on_trial_add(None, SimpleNamespace(trial_id=name))
        again.on_trial_add(None, SimpleNamespace(trial_id=name))
        again.on_trial_remove(None, SimpleNamespace(trial_id=name))
        again.on_trial_add(None, SimpleNamespace(trial_id=name))

    assert [again.rungs(name) for name in names] == [once.rungs(name) for name in names]


def test_a_trial_that_comes_to_a_rung_again_is_not_its_own_rival() -> None:
    scheduler = halving()
    report(scheduler, "a", 1, 0.1)
    report(scheduler, "b", 1, 0.5)

    report(scheduler, "b", 1, 0.5)

    assert scheduler.cutoff("b", 1) == 0.1
    assert report(scheduler, "c", 1, 0.4) == TrialScheduler.CONTINUE  # between 0.1 and 0.5: 0.367


@given(
    scores=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30),
    reduction_factor=st.floats(1, 16, exclude_min=True),
)
def test_cutoffs_kept_in_order_are_those_that_ray_computes(
    scores: list[float], reduction_factor: float
) -> None:
    cutoff = Cutoffs(reduction_factor)
    rung: dict[str, float] = {}

    for name, score in enumerate(scores):
        rung[str(name)] = score
        ray = np.nanpercentile(list(rung.values()), (1 - 1 / reduction_factor) * 100)
        assert cutoff(rung) == ray
