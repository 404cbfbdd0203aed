"""A strategy that replays a search's events goes on as the one that lived through them."""

import json
import os
import subprocess
import sys
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.parameters import Categorical, Integer
from search_spaces.space import Space, join_family
from searcher.errors import RecallError
from searcher.plugins import load_strategy, strategy_names
from searcher.strategies.base import Problem, Recalls, TuneParts
from searcher.strategies.listed import REDRAWS, key
from tests.searcher.strategies.simulation import Event, Simulation
from tests.searcher.strategies.test_strategies import DEFAULTS, EVOLVES, SPACE

STRATEGIES: dict[str, tuple[str, dict[str, Any]]] = {
    "grid": ("grid", {"points": 5}),
    "random": ("random", {}),
    "random_then_grid": ("random_then_grid", {}),
    "tpe": ("tpe", {"startup": 5}),
    "gp": ("gp", {"startup": 3}),
    "cmaes": ("cmaes", {}),
    "asha over random": ("asha", {"searcher": "random"}),
    "asha over tpe": ("asha", {"searcher": "tpe"}),
    "hyperband over random": ("hyperband", {"searcher": "random"}),
    "hyperband over tpe": ("hyperband", {"searcher": "tpe"}),
    "bohb": ("bohb", {"min_points": 4}),
    "racing over random": ("racing", {"audit": 0.2}),
    "racing over tpe": ("racing", {"searcher": "tpe", "tolerance": 0.3}),
    "pbt": ("pbt", {}),
    "pb2": ("pb2", {}),
}
SLOW = pytest.param("gp", marks=pytest.mark.slow)  # half a second a proposal
MODELS = ["tpe", SLOW, "cmaes", "asha over tpe", "hyperband over tpe", "racing over tpe", "bohb"]
ALL = [SLOW if name == "gp" else name for name in STRATEGIES]
STOPPING = ["asha over random", "hyperband over random", "racing over random"]
LISTED = ["grid", "random", "random_then_grid"]
TRIALS = {"gp": 11}  # others: 30

FEW = Space(parameters={"a": Integer(low=0, high=4), "b": Categorical(choices=("x", "y", "z"))})
FEW_JOINT = Space.join({"few": FEW})
FEW_DEFAULT = (join_family("few", {"a": 2, "b": "x"}),)


def build(name: str, **changes: Any) -> TuneParts:
    kind, options = STRATEGIES[name]
    usual = {"space": SPACE, "initial": DEFAULTS, "trials": 30, "max_resource": 4, "seed": 3}
    return load_strategy(kind)(**options).build(Problem(evolves=EVOLVES, **(usual | changes)))


def simulate(parts: TuneParts, slots: int) -> Simulation:
    return Simulation(parts, slots=slots, max_resource=4)


@cache
def undisturbed(name: str, slots: int) -> tuple[Event, ...]:
    return tuple(simulate(build(name), slots).run(TRIALS.get(name, 30)).log)


def check_resumed(name: str, slots: int, cut: int) -> None:
    log = undisturbed(name, slots)
    cut %= len(log) + 1

    resumed = simulate(build(name), slots).replay(log[:cut])

    assert resumed.log == list(log[:cut])  # so were the scheduler's decisions and cutoffs
    assert resumed.run(TRIALS.get(name, 30)).log == list(log)


def test_every_strategy_can_be_resumed() -> None:
    assert {kind for kind, _ in STRATEGIES.values()} >= set(strategy_names())
    for name in STRATEGIES:
        assert isinstance(build(name).searcher, Recalls)


def test_the_searches_cut_here_have_trials_that_failed_were_stopped_and_ran_through() -> None:
    ended = [e for e in undisturbed("asha over tpe", 3) if e.kind == "ended"]

    reached = {None if e.result is None else e.result["resource"] for e in ended}

    assert {None, 1, 4} <= reached


@pytest.mark.parametrize("name", [*LISTED, *STOPPING])
@given(slots=st.integers(1, 4), cut=st.integers(0, 200))
@settings(max_examples=20, deadline=None)
def test_a_search_cut_anywhere_goes_on_as_if_undisturbed(name: str, slots: int, cut: int) -> None:
    check_resumed(name, slots, cut)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("cut", [1, 17, 40, 61])
def test_a_search_with_a_model_goes_on_as_if_undisturbed(name: str, cut: int) -> None:
    check_resumed(name, 3, cut)


@pytest.mark.parametrize("name", ALL)
def test_a_search_of_few_configurations_goes_on_and_ends_as_if_undisturbed(name: str) -> None:
    def start() -> Simulation:
        return simulate(build(name, space=FEW_JOINT, initial=FEW_DEFAULT), 2)

    whole = start().run(40)
    resumed = start().replay(whole.log[:35]).run(40)

    assert resumed.log == whole.log
    assert len({key(c) for c in whole.proposals}) == len(whole.proposals) == 15


@pytest.mark.parametrize("name", ["tpe", "asha over tpe"])
def test_a_search_resumed_twice_goes_on_as_if_undisturbed(name: str) -> None:
    log = undisturbed(name, 3)

    once = simulate(build(name), 3).replay(log[:30]).run(20)
    twice = simulate(build(name), 3).replay(once.log[:60]).run(30)

    assert twice.log[:60] == list(log[:60])
    assert twice.log == list(log)


@pytest.mark.parametrize("name", ALL)
def test_an_extended_search_keeps_what_it_proposed(name: str) -> None:
    short = simulate(build(name, trials=10), 2).run(10)

    longer = simulate(build(name, trials=16, first_trials=10), 2).replay(short.log).run(16)

    assert longer.proposals[:10] == short.proposals
    assert len(longer.proposals) == 16


def test_random_then_grid_draws_no_more_at_random_when_it_is_extended_in_its_grid() -> None:
    short = simulate(build("random_then_grid", trials=10), 1).run(10)  # 7 at random, then 3

    parts = build("random_then_grid", trials=100)
    with pytest.raises(RecallError, match="now proposes"):
        simulate(parts, 1).replay(short.log)


@pytest.mark.parametrize("name", ALL)
def test_trials_taken_over_are_never_proposed(name: str) -> None:
    log = taken_over(undisturbed("random", 2), trials=8)

    forked = simulate(build(name), 2).replay(log).run(20)

    taken = {key(e.configuration) for e in log if e.configuration is not None}
    assert len(forked.proposals) == 12
    assert not taken & {key(c) for c in forked.proposals}


@pytest.mark.parametrize("name", ALL)
def test_a_search_with_trials_taken_over_goes_on_as_if_undisturbed(name: str) -> None:
    forked = simulate(build(name), 2).replay(taken_over(undisturbed("random", 2), trials=6)).run(14)

    cut = len(forked.log) - 10
    resumed = simulate(build(name), 2).replay(forked.log[:cut]).run(14)

    assert resumed.log == forked.log


@pytest.mark.parametrize("name", LISTED)
def test_a_listed_strategy_skips_what_was_taken_over_and_draws_the_rest_as_ever(name: str) -> None:
    whole = simulate(build(name), 1).run(20)
    fifth = whole.proposals[4]

    searcher = build(name).searcher
    searcher.recall("old", fifth, own=False)
    proposed = [searcher.suggest(str(number)) for number in range(19)]

    assert proposed == [c for c in whole.proposals if c != fifth]


def test_more_trials_taken_over_than_are_redrawn_do_not_end_a_search() -> None:
    many = REDRAWS + 50
    drawn = simulate(build("random", trials=many), 1).run(many)

    forked = simulate(build("random"), 1).replay(taken_over(tuple(drawn.log), trials=many))

    assert len(forked.run(many + 3).proposals) == 3


def test_taking_over_all_configurations_ends_a_random_search() -> None:
    whole = simulate(build("random", space=FEW_JOINT, initial=FEW_DEFAULT), 1).run(40)

    forked = simulate(build("random", space=FEW_JOINT, initial=FEW_DEFAULT), 1)
    forked.replay(taken_over(tuple(whole.log), trials=15)).run(40)

    assert forked.proposals == []


def test_tpe_learns_from_trials_taken_over() -> None:
    taken = taken_over(undisturbed("random", 1), trials=20)
    failed = [e._replace(result=None) if e.kind == "ended" else e for e in taken]

    informed, ignorant = (simulate(build("tpe"), 1).replay(log) for log in (taken, failed))

    assert propose(informed, 5) != propose(ignorant, 5)


@pytest.mark.parametrize("name", list(STRATEGIES))
@pytest.mark.parametrize("own", [True, False])
def test_a_configuration_outside_the_space_is_refused_by_name(name: str, own: bool) -> None:
    foreign = join_family("linear", {"C": 1e9, "penalty": "l2"})

    with pytest.raises(RecallError, match=r"churn-3f9a2c\.0\.7"):
        build(name).searcher.recall("churn-3f9a2c.0.7", foreign, own=own)


@pytest.mark.parametrize("name", [*LISTED, "cmaes", "hyperband over random"])
def test_a_search_that_was_proposed_otherwise_is_refused(name: str) -> None:
    other = simulate(build(name, seed=4), 1).run(8)

    with pytest.raises(RecallError, match=r"tried .* now proposes"):
        simulate(build(name), 1).replay(other.log)


def test_a_trial_out_of_its_familys_turn_is_refused_where_families_take_turns() -> None:
    searcher = build("gp", space=FEW_JOINT, initial=FEW_DEFAULT).searcher

    with pytest.raises(RecallError, match="family 'trees'"):
        searcher.recall("churn-3f9a2c.0.1", DEFAULTS[1])


@pytest.mark.parametrize("name", ["tpe", SLOW])
def test_a_proposal_does_not_depend_on_how_many_were_asked_for_before(name: str) -> None:
    log = undisturbed(name, 1)
    cut = max(i for i, e in enumerate(log) if e.kind == "proposed")

    recalled = simulate(build(name), 1).replay(log[:cut])  # nothing was asked for

    assert recalled.searcher.suggest("x") == log[cut].configuration


@pytest.mark.slow
def test_proposals_do_not_depend_on_the_hashes_of_a_process() -> None:
    code = (
        "import json; from tests.searcher.strategies.test_recall import undisturbed;"
        "print(json.dumps([e.configuration for e in undisturbed('tpe', 2)]))"
    )

    def printed(seed: str) -> Any:
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, check=True
        )
        return json.loads(done.stdout)

    assert printed("1") == [e.configuration for e in undisturbed("tpe", 2)]


def taken_over(log: tuple[Event, ...], *, trials: int) -> list[Event]:
    """Events of the first trials of another search, under ids of their own."""
    chosen = {f"churn-3f9a2c.0.{number}" for number in range(1, trials + 1)}
    return [
        e._replace(trial_id=f"{e.trial_id}.old", own=False, decision=None, cutoff=None)
        for e in log
        if e.trial_id in chosen
    ]


def propose(simulation: Simulation, n: int) -> list[Any]:
    return [simulation.searcher.suggest(f"more.{number}") for number in range(n)]
