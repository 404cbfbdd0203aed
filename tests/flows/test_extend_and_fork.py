"""A search with a larger budget, or another spec, keeps what was found before."""

import json
from typing import Any

import pytest

from tests.afterwards import ask, assert_whole, told, trials_of
from tests.driven import SPEC, Place, failing

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1800)]

SMALL, MORE = 4, 3


def make_spec(strategy: str, trials: int, **changes: Any) -> dict[str, Any]:
    return SPEC | {"strategy": {"kind": strategy}, "budget": {"trials": trials}} | changes


@pytest.mark.parametrize("strategy", ["tpe", "asha"])
def test_an_extended_search_is_one_that_had_the_larger_budget_from_the_start(
    place: Place, strategy: str
) -> None:
    small = place.begin(make_spec(strategy, SMALL)).wait()
    extended = place.search_id
    before = told(place.url, extended)

    command = "extend", extended, "--trials", str(MORE)
    killed = place.start(*command, **failing("driver.trial_ended=kill@2")).wait()
    ended = place.finish()
    assert_whole(place.url, extended, trials=3 * (SMALL + MORE))
    large = place.begin(make_spec(strategy, SMALL + MORE)).wait()

    assert (small.code, killed.code, ended.code, large.code) == (0, -9, 0, 0), large.err
    after, expected = told(place.url, extended), told(place.url, place.newest_id)
    for name in set(expected) - {"order"}:  # of the outer folds among each other
        assert after[name] == expected[name], name
    assert [row for row in after["trials"] if row[1] < SMALL] == before["trials"]


def test_a_fork_takes_over_what_is_good_and_goes_on_from_there(place: Place) -> None:
    source = place.begin(make_spec("random", 5)).wait()
    source_id = place.search_id
    families = {**SPEC["families"], "logistic_regression": None}
    wider = make_spec("tpe", 8, families=families)
    path = place.folder / "wider.json"
    path.write_text(json.dumps(wider))
    command = "fork", source_id, "--spec", str(path), "--skip-exports"

    ended = place.start(*command).wait()
    undisturbed = place.newest_id
    killed = place.start(*command, **failing("driver.trial_ended=kill@2")).wait()
    fork_id = place.newest_id
    resumed = place.start("resume", fork_id).wait()

    assert (source.code, ended.code, killed.code, resumed.code) == (0, 0, -9, 0), ended.err
    assert fork_id not in (undisturbed, source_id)
    assert told(place.url, fork_id) == told(place.url, undisturbed)
    assert_whole(place.url, fork_id, trials=trials_of(wider))
    # Dummy and defaults run anew; everything else that was tried is taken over, and named.
    tried = ask(place.url, TAKEN.format(origin="strategy", of="trial_id"), source_id)
    reused = ask(place.url, TAKEN.format(origin="reused", of="source_trial_id"), fork_id)
    assert reused == tried
    assert len(reused) == 3 * (5 - 1 - len(SPEC["families"]))
    assert f"{len(reused)} trials of search {source_id} re-used" in ended.err
    assert "not re-used: 3 (a dummy, which runs anew)" in ended.err
    known = {row[:3] for row in reused}
    new = ask(place.url, TAKEN.format(origin="strategy", of="trial_id"), fork_id)
    assert not known & {row[:3] for row in new}  # nothing is tried twice


TAKEN = """
SELECT outer_fold, family, configuration_hash, score, {of} FROM trials
WHERE search_id = '{{id}}' AND origin = '{origin}' ORDER BY outer_fold, number
"""
