"""Truncation selection replaces the lowest by copies of the highest, and nobody else."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searcher.strategies.population import Member
from searcher.strategies.population_selection import truncate


def population(*scores: float | None, fixed: tuple[int, ...] = ()) -> list[Member]:
    return [
        Member(f"t{place}", {"family": "x"}, score, place in fixed)
        for place, score in enumerate(scores)
    ]


def pairs(members: list[Member], **changes: Any) -> dict[str, str]:
    usual = {"quantile": 0.25, "seed": 3, "generation": 1}
    sources = truncate(members, **(usual | changes))
    return {trial_id: source.trial_id for trial_id, source in sources.items()}


def test_the_lowest_quarter_goes_on_from_the_highest_quarter() -> None:
    found = pairs(population(0.1, 0.9, 0.5, 0.2, 0.6, 0.8, 0.4, 0.3))

    assert list(found) == ["t0", "t3"]
    assert set(found.values()) <= {"t1", "t5"}


@pytest.mark.parametrize(
    ("members", "quantile", "replaced"),
    [(4, 0.25, 1), (5, 0.25, 2), (8, 0.25, 2), (9, 0.5, 4), (10, 0.1, 1), (30, 0.1, 3)],
)
def test_a_quantile_is_rounded_up_and_is_half_at_most(
    members: int, quantile: float, replaced: int
) -> None:
    scores = [place / 100 for place in range(members)]

    assert len(pairs(population(*scores), quantile=quantile)) == replaced


def test_sources_are_drawn_evenly_from_the_highest() -> None:
    members = population(*(place / 10 for place in range(8)))

    drawn = Counter(pairs(members, generation=g)["t0"] for g in range(1, 401))

    assert set(drawn) == {"t6", "t7"}
    assert 160 < drawn["t6"] < 240


def test_a_failed_member_is_replaced_beyond_the_quarter_and_is_nobodys_source() -> None:
    found = pairs(population(None, None, None, 0.4, 0.5, 0.6, 0.7, 0.8))

    assert set(found) == {"t0", "t1", "t2"}
    assert set(found.values()) <= {"t6", "t7"}


def test_failed_members_count_among_the_lowest() -> None:
    assert set(pairs(population(None, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.3))) == {"t0", "t7"}


def test_a_fixed_member_is_never_replaced_and_the_next_lowest_takes_its_place() -> None:
    members = population(0.1, None, 0.2, 0.3, 0.5, 0.6, 0.7, 0.9, fixed=(0, 1))

    assert set(pairs(members)) == {"t2", "t3"}


def test_a_fixed_member_can_be_copied_from() -> None:
    assert pairs(population(0.9, 0.1, 0.2, 0.3, fixed=(0,))) == {"t1": "t0"}


def test_equals_are_not_copied() -> None:
    assert pairs(population(0.5, 0.5, 0.5, 0.5)) == {}
    assert pairs(population(0.9, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)) == {"t6": "t0", "t7": "t0"}


@pytest.mark.parametrize("scores", [(), (0.5,), (None, None, None, None)])
def test_a_population_without_anybody_to_copy_goes_on_as_it_is(scores: tuple[Any, ...]) -> None:
    assert pairs(population(*scores)) == {}


def test_one_member_left_is_the_source_of_all_that_failed() -> None:
    assert pairs(population(None, 0.5, None, None)) == {"t0": "t1", "t2": "t1", "t3": "t1"}


@given(
    scores=st.lists(st.none() | st.floats(-5, 5), max_size=20),
    fixed=st.sets(st.integers(0, 19)),
    quantile=st.floats(0.01, 0.5),
)
@settings(max_examples=200, deadline=None)
def test_whoever_is_replaced_was_worse_than_its_source_and_was_not_copied_itself(
    scores: list[float | None], fixed: set[int], quantile: float
) -> None:
    members = population(*scores, fixed=tuple(fixed))
    known = {m.trial_id: m for m in members}

    found = pairs(members, quantile=quantile)

    assert not set(found) & set(found.values())
    for trial_id, source in found.items():
        member, copied = known[trial_id], known[source].score
        assert not member.fixed
        assert copied is not None
        assert member.score is None or member.score < copied
    if any(score is not None for score in scores) and len(scores) > 1:
        failed = {m.trial_id for m in members if m.score is None and not m.fixed}
        assert failed <= set(found)
