"""Every declared strategy keeps the contract; each keeps its own promise."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from optuna.trial import TrialState
from ray.tune.search import Searcher

from search_spaces.parameters import Categorical, Float, Integer
from search_spaces.space import Condition, Space, join_family
from searcher.plugins import load_strategy, strategy_names
from searcher.strategies.base import Problem, TuneParts

LINEAR = Space(
    parameters={
        "C": Float(low=1e-3, high=1e3, log=True),
        "penalty": Categorical(choices=("l2", "elasticnet")),
        "l1_ratio": Float(low=0.0, high=1.0),
    },
    conditions={"l1_ratio": (Condition(parameter="penalty", values=("elasticnet",)),)},
)
TREES = Space(
    parameters={"depth": Integer(low=1, high=12), "rate": Float(low=0.01, high=0.3, log=True)}
)
SPACE = Space.join({"linear": LINEAR, "trees": TREES})
DEFAULTS = (
    join_family("linear", {"C": 1.0, "penalty": "l2"}),
    join_family("trees", {"depth": 6, "rate": 0.1}),
)
EVOLVES = {
    "linear": ("C", "penalty", "l1_ratio"),
    "trees": ("rate",),
    "tiny": ("a",),
    "few": ("a", "b"),
}
TINY = Space.join({"tiny": Space(parameters={"a": Categorical(choices=(1, 2, 3))})})


def problem(**changes: Any) -> Problem:
    usual = {"space": SPACE, "initial": DEFAULTS, "trials": 30, "max_resource": 4, "seed": 3}
    return Problem(evolves=EVOLVES, **(usual | changes))


def trees_win(configuration: dict[str, Any]) -> float:
    """Larger is better; best at depth 9, rate 0.1; the linear family is never good."""
    if configuration["family"] == "linear":
        return 0.2
    return 1.0 - abs(configuration["trees.depth"] - 9) / 20 - abs(configuration["trees.rate"] - 0.1)


def drive(
    parts: TuneParts, n_trials: int, score: Callable[[dict[str, Any]], float] = trees_win
) -> list[dict[str, Any]]:
    """Ask and tell, one trial after another, every trial complete."""
    configurations = []
    for number in range(n_trials):
        suggested = parts.searcher.suggest(trial_id=str(number))
        if suggested == Searcher.FINISHED:
            break
        configurations.append(suggested)
        result = {"score": score(suggested), "resource": 4, "done": True}
        parts.searcher.on_trial_complete(trial_id=str(number), result=result, error=False)
    return configurations


@pytest.mark.parametrize("kind", strategy_names())
def test_strategy_proposes_the_defaults_first_and_only_valid_distinct_ones(kind: str) -> None:
    proposed = drive(load_strategy(kind)().build(problem()), 16)

    assert proposed[:2] == list(DEFAULTS)
    for configuration in proposed:
        SPACE.validate_configuration(configuration)
    texts = [repr(sorted(c.items())) for c in proposed]
    assert len(set(texts)) == len(texts) == 16


@pytest.mark.parametrize("kind", strategy_names())
def test_strategy_with_the_same_seed_and_results_proposes_the_same(kind: str) -> None:
    first, second, other = (
        drive(load_strategy(kind)().build(problem(seed=seed)), 14) for seed in (3, 3, 4)
    )

    assert first == second
    assert first != other


@pytest.mark.parametrize("kind", strategy_names())
def test_strategy_ends_when_a_finite_space_is_used_up(kind: str) -> None:
    initial = (join_family("tiny", {"a": 2}),)
    parts = load_strategy(kind)().build(problem(space=TINY, initial=initial))

    proposed = drive(parts, 30, score=lambda c: float(c["tiny.a"]))

    assert sorted(c["tiny.a"] for c in proposed) == [1, 2, 3]


@pytest.mark.parametrize("kind", strategy_names())
def test_strategy_survives_failed_trials(kind: str) -> None:
    searcher = load_strategy(kind)().build(problem()).searcher

    for number in range(12):
        assert isinstance(searcher.suggest(trial_id=str(number)), dict)
        searcher.on_trial_complete(trial_id=str(number), result=None, error=True)


@pytest.mark.parametrize("kind", ["random", "grid", "random_then_grid"])
def test_proposals_of_a_listed_strategy_do_not_depend_on_when_results_come(kind: str) -> None:
    early = drive(load_strategy(kind)().build(problem()), 10)
    searcher = load_strategy(kind)().build(problem()).searcher

    late = [searcher.suggest(trial_id=str(number)) for number in range(10)]

    assert late == early


def test_grid_visits_every_point_once() -> None:
    parts = load_strategy("grid")(points=2).build(problem(trials=1000))

    proposed = drive(parts, 1000)

    points = {repr(sorted(c.items())) for c in SPACE.grid(2)}
    assert {repr(sorted(c.items())) for c in proposed} >= points
    assert len(proposed) == len(points) + len(DEFAULTS)


def test_grid_remarks_that_the_budget_ends_before_it_does() -> None:
    grid = load_strategy("grid")(points=2)

    assert grid.remark(SPACE, trials=10_000) is None
    assert "the grid has 10 points and budget.trials is 5" in grid.remark(SPACE, trials=5)


def test_random_then_grid_refines_around_the_incumbent() -> None:
    proposed = drive(load_strategy("random_then_grid")().build(problem(trials=40)), 40)
    broad, narrow = proposed[:28], proposed[28:]

    best = max(broad, key=trees_win)
    assert best["family"] == "trees"
    around = SPACE.around(best, share=0.2)
    grid = [c for c in narrow if c["family"] == "trees"]
    assert len(grid) >= 6
    for configuration in itertools.islice(grid, 6):
        around.validate_configuration(configuration)


def test_tpe_moves_budget_to_the_better_family() -> None:
    proposed = drive(load_strategy("tpe")().build(problem(trials=60)), 60)

    late = [c["family"] for c in proposed[30:]]
    assert late.count("trees") > 2 * late.count("linear")


def test_tpe_beats_random_where_there_is_something_to_learn() -> None:
    def best(kind: str, seed: int) -> float:
        return max(map(trees_win, drive(load_strategy(kind)().build(problem(seed=seed)), 40)))

    seeds = range(5)

    assert np.mean([best("tpe", s) for s in seeds]) > np.mean([best("random", s) for s in seeds])


@pytest.mark.parametrize("kind", ["gp", "cmaes"])
def test_families_take_turns_where_the_sampler_knows_no_conditions(kind: str) -> None:
    proposed = drive(load_strategy(kind)().build(problem()), 12)

    assert [c["family"] for c in proposed].count("linear") == 6


def test_a_stopped_trial_reaches_optuna_as_pruned_with_its_intermediate_values() -> None:
    searcher = load_strategy("tpe")().build(problem()).searcher
    searcher.suggest(trial_id="a")

    searcher.on_trial_result("a", {"score": 0.5, "resource": 1})
    searcher.on_trial_complete("a", result={"score": 0.4, "resource": 2}, error=False)

    (told,) = [t for t in searcher.trials if t.state == TrialState.PRUNED]
    assert told.intermediate_values == {1: 0.5, 2: 0.4}


def test_a_complete_trial_reaches_optuna_with_its_value_and_a_failed_one_without() -> None:
    searcher = load_strategy("tpe")().build(problem()).searcher
    searcher.suggest(trial_id="a")
    searcher.suggest(trial_id="b")

    searcher.on_trial_complete("a", result={"score": 0.4, "resource": 4}, error=False)
    searcher.on_trial_complete("b", result={"score": None, "resource": 1}, error=False)

    states = [t.state for t in searcher.trials]
    assert states[:2] == [TrialState.COMPLETE, TrialState.FAIL]
    assert searcher.trials[0].value == 0.4


@pytest.mark.parametrize("kind", ["asha", "hyperband"])
@pytest.mark.parametrize("searcher", ["random", "tpe"])
def test_halving_runs_over_random_or_tpe(kind: str, searcher: str) -> None:
    proposed = drive(load_strategy(kind)(searcher=searcher).build(problem()), 5)

    assert proposed == drive(load_strategy(searcher)().build(problem()), 5)
