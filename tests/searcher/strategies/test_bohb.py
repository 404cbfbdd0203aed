"""BOHB: which scores its model is made of, and that it follows from the stored events."""

from collections.abc import Callable, Iterable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.samplers import TPESampler
from optuna.trial import TrialState
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from search_spaces.parameters import Float
from search_spaces.space import Space
from searcher.strategies.base import Problem, Recalls, TuneParts
from searcher.strategies.bohb import Bohb
from searcher.strategies.density_model import _rungs
from searcher.strategies.highest_resource import HighestResource
from searcher.strategies.hyperband import Hyperband
from searcher.strategies.listed import key
from tests.searcher.strategies.simulation import Event, Simulation
from tests.searcher.strategies.test_strategies import DEFAULTS, SPACE, trees_win

EPOCHS = 9


def problem(**changes: Any) -> Problem:
    usual = {"space": SPACE, "initial": DEFAULTS, "trials": 60, "max_resource": EPOCHS, "seed": 3}
    return Problem(**(usual | changes))


def simulate(parts: TuneParts, slots: int) -> Simulation:
    return Simulation(parts, slots=slots, max_resource=EPOCHS)


@cache
def undisturbed(slots: int) -> tuple[Event, ...]:
    return tuple(simulate(Bohb().build(problem()), slots).run(40).log)


def highest(*, resources: Iterable[int] = (1, 3, 9), enough: int = 3) -> HighestResource:
    return HighestResource(
        problem(),
        resources=tuple(resources),
        enough=enough,
        make=lambda seed: TPESampler(
            seed=seed, n_startup_trials=enough, multivariate=True, group=True
        ),
    )


def report(searcher: Searcher, name: str, scores: dict[int, float], *, ends: bool = True) -> None:
    for resource, score in scores.items():
        searcher.on_trial_result(name, {"score": score, "resource": resource})
    if ends:
        last = max(scores)
        searcher.on_trial_complete(name, {"score": scores[last], "resource": last})


def states(searcher: HighestResource, resource: int) -> list[TrialState]:
    return [trial.state for trial in searcher._studies[resource].trials]


def race(parts: TuneParts, total: int, score: Callable[[dict[str, Any]], float]) -> float:
    """Spend ``total`` epochs on one trial after the other; return the best final score."""
    best, number = -np.inf, 0
    while total > 0:
        name, number = str(number), number + 1
        suggested = parts.searcher.suggest(trial_id=name)
        trial = SimpleNamespace(trial_id=name)
        parts.scheduler.on_trial_add(None, trial)
        for epoch in range(1, EPOCHS + 1):
            total -= 1
            result = {"score": score(suggested) - 0.5 / epoch, "resource": epoch}
            decision = parts.scheduler.on_trial_result(None, trial, result)
            if decision == TrialScheduler.STOP or epoch == EPOCHS:
                break
            parts.searcher.on_trial_result(name, result)
        parts.searcher.on_trial_complete(name, result)
        if result["resource"] == EPOCHS:
            best = max(best, score(suggested))
    return float(best)


def test_the_highest_resource_with_enough_scores_is_the_one_that_proposes() -> None:
    searcher = highest()
    for number in range(6):
        searcher.suggest(str(number))
    asked = [searcher.resource]

    for number in range(3):
        report(searcher, str(number), {1: 0.5}, ends=False)
    asked.append(searcher.resource)
    for number in range(3):
        report(searcher, str(number), {2: 0.5, 3: 0.5}, ends=number > 0)
        asked.append(searcher.resource)

    assert asked == [1, 1, 1, 1, 3]


def test_while_too_few_scores_are_there_the_lowest_resource_is_asked() -> None:
    searcher = highest(enough=5)
    for number in range(4):
        searcher.suggest(str(number))
        report(searcher, str(number), {1: 0.5, 3: 0.6, 9: 0.7})

    assert searcher.resource == 1


def test_a_model_is_made_of_the_scores_at_one_resource_alone() -> None:
    def proposed(at_one: float, at_three: float) -> list[Any]:
        searcher = highest()
        for number in range(8):
            searcher.suggest(str(number))
            report(searcher, str(number), {1: at_one * number, 3: at_three * (number % 5)})
        assert searcher.resource == 3
        return [searcher.suggest(f"new {number}") for number in range(3)]

    assert proposed(0.1, 0.1) == proposed(-0.1, 0.1)
    assert proposed(0.1, 0.1) != proposed(0.1, -0.1)


def test_a_stopped_trial_counts_where_it_came_to_and_nowhere_above() -> None:
    searcher = highest()
    searcher.suggest("a")

    report(searcher, "a", {1: 0.4, 2: 0.5, 3: 0.6, 4: 0.7})

    assert [states(searcher, r) for r in (1, 3, 9)] == [
        [TrialState.COMPLETE],
        [TrialState.COMPLETE],
        [TrialState.FAIL],
    ]
    assert [searcher._studies[r].trials[0].values for r in (1, 3)] == [[0.4], [0.6]]


def test_a_trial_that_goes_on_counts_where_it_has_been_and_runs_above() -> None:
    searcher = highest()
    searcher.suggest("a")

    report(searcher, "a", {1: 0.4}, ends=False)

    assert states(searcher, 1) == [TrialState.COMPLETE]
    assert states(searcher, 3) == states(searcher, 9) == [TrialState.RUNNING]


def test_a_failed_trial_keeps_the_scores_it_had_and_teaches_nothing_else() -> None:
    searcher = highest()
    searcher.suggest("a")
    report(searcher, "a", {1: 0.4}, ends=False)

    searcher.on_trial_result("a", {"score": None, "resource": 2})
    searcher.on_trial_complete("a", None, error=True)

    assert states(searcher, 1) == [TrialState.COMPLETE]
    assert states(searcher, 3) == states(searcher, 9) == [TrialState.FAIL]


def test_a_result_that_skips_resources_counts_at_each_that_it_passed() -> None:
    searcher = highest()
    searcher.suggest("a")

    report(searcher, "a", {5: 0.4}, ends=False)

    assert states(searcher, 1) == states(searcher, 3) == [TrialState.COMPLETE]
    assert states(searcher, 9) == [TrialState.RUNNING]


@given(max_resource=st.integers(1, 120), reduction_factor=st.sampled_from([1.5, 2, 2.5, 3, 4, 16]))
@settings(max_examples=60, deadline=None)
def test_scores_are_kept_where_hyperband_compares_trials_and_at_the_end(
    max_resource: int, reduction_factor: float
) -> None:
    parts = Hyperband(reduction_factor=reduction_factor).build(problem(max_resource=max_resource))

    compared = {
        int(np.ceil(milestone - 1e-9))
        for bracket in parts.scheduler._brackets
        for milestone, _ in bracket._rungs
    }

    assert set(_rungs(1, max_resource, reduction_factor)) == compared | {max_resource}


def test_the_brackets_are_hyperbands() -> None:
    def rungs(parts: TuneParts) -> list[tuple[int, ...]]:
        for number in range(30):
            parts.scheduler.on_trial_add(None, SimpleNamespace(trial_id=str(number)))
        return [parts.scheduler.rungs(str(number)) for number in range(30)]

    bohb, hyperband = rungs(Bohb().build(problem())), rungs(Hyperband().build(problem()))

    assert bohb == hyperband
    assert len(set(bohb)) == 3


@pytest.mark.parametrize(("min_points", "enough"), [(None, 3 + 3), (4, 4)])
def test_a_model_needs_three_scores_more_than_the_largest_family_has_parameters(
    min_points: int | None, enough: int
) -> None:
    searcher = Bohb(min_points=min_points).build(problem()).searcher
    for number in range(enough):
        assert searcher.resource == 1
        searcher.suggest(str(number))
        report(searcher, str(number), dict.fromkeys(range(1, EPOCHS + 1), 0.1 * number))

    assert searcher.resource == EPOCHS


def test_a_family_without_parameters_can_be_searched() -> None:
    space = Space.join({"plain": Space(parameters={})})

    parts = Bohb().build(problem(space=space, initial=({"family": "plain"},)))

    assert parts.searcher.suggest("a") == {"family": "plain"}
    assert parts.searcher.suggest("b") == Searcher.FINISHED


@pytest.mark.parametrize(("share", "is_random"), [(0.0, 0), (1 / 3, 30), (1.0, 90)])
def test_a_third_of_the_proposals_is_drawn_without_regard_to_scores(
    share: float, is_random: int
) -> None:
    """Proposals of two searches that are told opposite scores are equal where they are drawn."""

    def proposed(sign: float) -> list[Any]:
        strategy = Bohb(random_share=share, min_points=2)
        searcher = strategy.build(problem(space=LINE, initial=())).searcher
        found = []
        for number in range(92):
            found.append(searcher.suggest(str(number))["line.x"])
            report(searcher, str(number), {1: sign * found[-1]})
        return found[2:]

    same = sum(a == b for a, b in zip(proposed(1.0), proposed(-1.0), strict=True))

    assert abs(same - is_random) <= (8 if 0 < share < 1 else 0)


LINE = Space.join({"line": Space(parameters={"x": Float(low=0.0, high=1.0)})})


def test_bohb_finds_more_than_hyperband_over_random_at_equal_epochs() -> None:
    def found(strategy: Any) -> float:
        seeds = range(6)
        return float(
            np.mean([race(strategy.build(problem(seed=s)), 40 * EPOCHS, trees_win) for s in seeds])
        )

    assert found(Bohb()) > found(Hyperband(searcher="random"))


@pytest.mark.parametrize("slots", [1, 3])
@pytest.mark.parametrize("cut", [1, 20, 63, 118])
def test_a_search_cut_anywhere_goes_on_as_if_undisturbed(slots: int, cut: int) -> None:
    log = undisturbed(slots)
    cut %= len(log) + 1

    resumed = simulate(Bohb().build(problem()), slots).replay(log[:cut])

    assert resumed.log == list(log[:cut])
    assert resumed.run(40).log == list(log)


def test_the_searches_cut_here_ask_three_different_resources() -> None:
    searcher = Bohb().build(problem()).searcher
    simulation, asked = simulate(TuneParts(searcher, None), 3), set()

    for event in undisturbed(3):
        simulation.replay([event])
        asked.add(searcher.resource)

    assert len(asked) >= 3
    assert isinstance(searcher, Recalls)


def test_trials_taken_over_are_learnt_from_and_never_proposed() -> None:
    taken = [event._replace(own=False) for event in undisturbed(1)[:80]]
    failed = [e._replace(result=None) if e.kind == "ended" else e for e in taken]
    failed = [e for e in failed if e.kind != "result"]

    informed, ignorant = (
        simulate(Bohb(random_share=0.0).build(problem()), 1).replay(log).run(40)
        for log in (_whole(taken), _whole(failed))
    )

    known = {key(e.configuration) for e in _whole(taken) if e.configuration is not None}
    assert known
    assert not known & {key(c) for c in informed.proposals}
    assert informed.proposals != ignorant.proposals


def _whole(log: list[Event]) -> list[Event]:
    """Leave out trials that had not ended."""
    over = {event.trial_id for event in log if event.kind == "ended"}
    return [event for event in log if event.trial_id in over]
