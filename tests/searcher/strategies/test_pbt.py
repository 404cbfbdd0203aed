"""PBT and PB2 follow from what they are told, and learn while members train."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from search_spaces.parameters import Float
from search_spaces.space import Configuration, Space, join_family
from searcher.strategies.base import Problem
from searcher.strategies.pb2 import Pb2
from searcher.strategies.pbt import Pbt
from searcher.strategies.population import Member, Replacement
from searcher.strategies.population_strategy import PopulationStrategy
from tests.searcher.strategies.test_population_strategy import SPACE, problem

BOTH = pytest.mark.parametrize("strategy", [Pbt(), Pb2()], ids=["pbt", "pb2"])
LINE = Space.join(
    {
        "net": Space(
            parameters={"rate": Float(low=1e-4, high=1, log=True), "width": Float(low=0, high=1)}
        )
    }
)
LINE_DEFAULT = join_family("net", {"rate": 1.0, "width": 0.5})

Told = tuple[list[Member], dict[str, Replacement]]


def evolve(
    strategy: PopulationStrategy,
    about: Problem,
    gain: Callable[[Configuration, int], float],
    *,
    generations: int,
    fails: Callable[[int, int], bool] = lambda generation, place: False,
) -> list[Told]:
    """Let members gain what their configuration gains; a copy begins with its source's score."""
    parts = strategy.build(about)
    members = [
        Member(str(n), parts.searcher.suggest(str(n)), 0.0, n < len(about.initial))
        for n in range(about.trials)
    ]
    told = []
    for generation in range(1, generations + 1):
        members = [
            replace(m, score=_after(m, gain(m.configuration, generation), fails(generation, place)))
            for place, m in enumerate(members)
        ]
        replaced = dict(parts.population.next_generation(generation, members))
        told.append((members, replaced))
        scores = {m.trial_id: m.score for m in members}
        members = [
            replace(
                m,
                configuration=replaced[m.trial_id].configuration,
                score=scores[replaced[m.trial_id].source],
            )
            if m.trial_id in replaced
            else m
            for m in members
        ]
    return told


def _after(member: Member, gain: float, is_failed: bool) -> float | None:
    return None if is_failed or member.score is None else member.score + gain


def seek(configuration: Configuration, generation: int) -> float:
    """Best at rate 0.01."""
    return 1 - abs(np.log10(configuration["net.rate"]) + 2) / 2


def line(seed: int = 3, trials: int = 12) -> Problem:
    return Problem(LINE, (LINE_DEFAULT,), trials, 100, seed, evolves={"net": ("rate",)})


def joint(configuration: Configuration, generation: int) -> float:
    numbers = [v for v in configuration.values() if isinstance(v, float)]
    return float(np.tanh(sum(numbers)) / generation)


def sometimes(generation: int, place: int) -> bool:
    return (generation * 7 + place) % 11 == 0


@BOTH
def test_the_same_scores_told_again_are_answered_the_same(strategy: PopulationStrategy) -> None:
    told = evolve(strategy, problem(), joint, generations=8, fails=sometimes)

    again = strategy.build(problem()).population
    for generation, (members, replaced) in enumerate(told, 1):
        assert again.next_generation(generation, _stored(members)) == replaced

    assert any(replaced for _, replaced in told)


@BOTH
def test_another_seed_evolves_otherwise(strategy: PopulationStrategy) -> None:
    first, other = (evolve(strategy, line(seed), seek, generations=6) for seed in (3, 4))

    assert first != other


@BOTH
def test_replacements_are_configurations_of_the_space_that_differ_where_they_may(
    strategy: PopulationStrategy,
) -> None:
    for members, replaced in evolve(strategy, problem(), joint, generations=10, fails=sometimes):
        known = {m.trial_id: m for m in members}
        for trial_id, replacement in replaced.items():
            source = known[replacement.source].configuration
            SPACE.validate_configuration(replacement.configuration)
            assert not known[trial_id].fixed
            assert replacement.configuration != source
            assert replacement.configuration["family"] == source["family"]
            assert replacement.configuration.get("trees.depth") == source.get("trees.depth")


@BOTH
def test_a_population_finds_more_than_the_same_members_left_alone(
    strategy: PopulationStrategy,
) -> None:
    def best(seed: int) -> tuple[float, float]:
        told = evolve(strategy, line(seed), seek, generations=8)
        alone = max(seek(m.configuration, 0) for m in told[0][0]) * 8
        return max(m.score or 0.0 for m in told[-1][0]), alone

    evolved, alone = np.mean([best(seed) for seed in range(4)], axis=0)

    assert evolved > alone


def falling(configuration: Configuration, generation: int) -> float:
    """Best at 1, then at 0.1, at last at 0.01."""
    return 1 - abs(np.log10(configuration["net.rate"]) + 2 * generation / 10) / 2


@cache
def followed(strategy: PopulationStrategy, seed: int) -> list[Told]:
    return evolve(strategy, line(seed), falling, generations=10)


@BOTH
def test_a_population_follows_when_what_is_good_changes_with_time(
    strategy: PopulationStrategy,
) -> None:
    def best(seed: int) -> tuple[float, float]:
        told = followed(strategy, seed)
        alone = max(sum(falling(m.configuration, g) for g in range(1, 11)) for m in told[0][0])
        return max(m.score or 0.0 for m in told[-1][0]), alone

    evolved, alone = np.mean([best(seed) for seed in range(4)], axis=0)

    assert evolved > alone


def test_what_pb2_chooses_gains_more_than_what_pbt_does_where_the_best_moves() -> None:
    def mean_gain(strategy: PopulationStrategy) -> float:
        gains = [
            falling(replacement.configuration, generation + 1)
            for seed in range(4)
            for generation, (_, replaced) in enumerate(followed(strategy, seed), 1)
            for replacement in replaced.values()
        ]
        return float(np.mean(gains))

    assert mean_gain(Pb2()) > mean_gain(Pbt())


def test_pb2_is_told_of_each_generation_in_turn() -> None:
    population = Pb2().build(problem()).population

    with pytest.raises(ValueError, match="generation 2 was told, and generation 1 is due"):
        population.next_generation(2, [])


def test_pb2_changes_numbers_as_pbt_before_there_are_gains() -> None:
    (_, pbt), (_, pb2) = (
        evolve(strategy, line(), seek, generations=1)[0] for strategy in (Pbt(), Pb2())
    )

    assert pb2 == pbt != {}


def _stored(members: Sequence[Member]) -> list[Member]:
    """As they come back from JSON, with names in another order."""
    return [
        replace(m, configuration=json.loads(json.dumps(m.configuration, sort_keys=True)))
        for m in members
    ]
