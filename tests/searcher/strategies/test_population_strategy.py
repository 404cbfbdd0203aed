"""PBT and PB2 refuse what can't evolve, and begin with the defaults and random draws."""

from typing import Any

import pytest
from pydantic import ValidationError
from ray.tune.search import Searcher

from search_spaces.parameters import Float, Integer
from search_spaces.space import Space, join_family
from searcher.errors import SpecError
from searcher.strategies.base import Problem, Recalls
from searcher.strategies.pb2 import Pb2
from searcher.strategies.pbt import Pbt
from searcher.strategies.population_strategy import PopulationStrategy
from searcher.strategies.random import Random
from tests.searcher.strategies.simulation import Simulation
from tests.searcher.strategies.test_strategies import DEFAULTS, SPACE

EVOLVES = {"linear": ("C", "penalty", "l1_ratio"), "trees": ("rate",)}
BOTH = pytest.mark.parametrize("strategy", [Pbt, Pb2])


def problem(**changes: Any) -> Problem:
    usual: dict[str, Any] = {
        "space": SPACE,
        "initial": DEFAULTS,
        "trials": 12,
        "max_resource": 40,
        "seed": 3,
        "evolves": EVOLVES,
    }
    return Problem(**(usual | changes))


def refusal(strategy: PopulationStrategy, **changes: Any) -> str:
    with pytest.raises(SpecError) as refused:
        strategy.build(problem(**changes))
    return str(refused.value)


def proposals(strategy: Any, **changes: Any) -> list[Any]:
    searcher = strategy.build(problem(**changes)).searcher
    return [searcher.suggest(str(number)) for number in range(12)]


@BOTH
def test_a_population_begins_as_random_search_does(strategy: type[PopulationStrategy]) -> None:
    assert proposals(strategy()) == proposals(Random())
    assert strategy().build(problem()).scheduler is None


@BOTH
def test_a_smaller_population_ends_the_proposals(strategy: type[PopulationStrategy]) -> None:
    found = proposals(strategy(population=5))

    assert found[:5] == proposals(Random())[:5]
    assert found[5:] == [Searcher.FINISHED] * 7


def test_the_first_members_can_be_recalled() -> None:
    def start() -> Simulation:
        return Simulation(Pbt(population=7).build(problem()), slots=2, max_resource=3)

    whole = start().run(12)
    resumed = start().replay(whole.log[:9]).run(12)

    assert isinstance(Pbt().build(problem()).searcher, Recalls)
    assert resumed.log == whole.log
    assert len(whole.proposals) == 7


@pytest.mark.parametrize(
    ("max_resource", "interval", "found"), [(40, None, 4), (5, None, 1), (2, None, 1), (40, 3, 3)]
)
def test_a_generation_is_a_tenth_of_a_training_unless_the_spec_says(
    max_resource: int, interval: int | None, found: int
) -> None:
    parts = Pbt(interval=interval).build(problem(max_resource=max_resource))

    assert parts.population.interval == found


@BOTH
def test_fewer_than_four_members_are_refused(strategy: type[PopulationStrategy]) -> None:
    message = refusal(strategy(), trials=3)

    assert "needs a population of at least 4" in message
    assert "budget.trials is 4, the dummy takes one, which leaves 3" in message
    assert "at least 5" in message
    with pytest.raises(ValidationError, match="greater than or equal to 4"):
        strategy(population=3)


def test_a_population_larger_than_the_budget_is_refused() -> None:
    message = refusal(Pbt(population=20))

    assert "budget.trials is 13, the dummy takes one, which leaves 12" in message
    assert "at least 21" in message


def test_a_population_of_defaults_alone_is_refused() -> None:
    four = (*DEFAULTS, *(join_family("trees", {"depth": d, "rate": 0.2}) for d in (3, 4)))

    assert "all 4 members would be default" in refusal(Pbt(population=4), initial=four)


@pytest.mark.parametrize(("interval", "max_resource"), [(40, 40), (None, 1)])
def test_a_generation_as_long_as_a_training_is_refused(
    interval: int | None, max_resource: int
) -> None:
    message = refusal(Pbt(interval=interval), max_resource=max_resource)

    assert "strategy.interval" in message
    assert f"a trial trains {max_resource}" in message


def test_an_unknown_parameter_to_mutate_is_refused_with_what_is_near() -> None:
    message = refusal(Pbt(mutate=["C", "rat"]))

    assert "no parameter named 'rat'" in message
    assert "Did you mean 'rate'?" in message


def test_a_parameter_that_can_not_change_in_training_is_refused() -> None:
    message = refusal(Pbt(mutate=["rate", "depth"]))

    assert "'depth' can't change while a model trains" in message
    assert "C, l1_ratio, penalty, rate" in message


def test_a_family_with_nothing_to_change_is_refused() -> None:
    assert "nothing to change while family 'trees'" in refusal(Pbt(), evolves={"linear": ("C",)})
    assert "it can change rate" in refusal(Pbt(mutate=["C"]))


def test_a_parameter_that_the_spec_has_taken_out_of_the_space_does_not_change() -> None:
    linear = Space(parameters={"C": Float(low=0.1, high=1.0)})
    trees = Space(parameters={"depth": Integer(low=1, high=3), "rate": Float(low=0.1, high=0.2)})
    space = Space.join({"linear": linear, "trees": trees})

    evolution = Pbt()._mutable(problem(space=space))

    assert evolution == {"linear.C", "trees.rate"}


@pytest.mark.parametrize(("trials", "said"), [(12, None), (13, None), (20, "7 trials")])
def test_what_a_small_population_leaves_of_the_budget_is_said(
    trials: int, said: str | None
) -> None:
    remark = Pbt(population=12).remark(SPACE, trials=trials)

    assert (remark is None) if said is None else (remark is not None and said in remark)
    assert Pbt().remark(SPACE, trials=trials) is None
