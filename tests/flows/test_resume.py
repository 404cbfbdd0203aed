"""A search whose driver dies goes on as if nothing had happened."""

import pytest

from searcher.store import Store
from tests.afterwards import again, assert_whole, told
from tests.driven import SPEC, TRIALS, Place, Undisturbed, failing

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1800)]

WHILE_TUNING = (
    "driver.started=kill",
    "writer.after_commit=kill@8",
    "driver.proposed=kill@2",
    "driver.trial_recorded=kill@2",
    "driver.result_recorded=kill@4",
    "driver.trial_ended=kill@3",
    "writer.before_commit=kill@12",
)
AFTERWARDS = (
    "driver.tuned=kill",
    "driver.chosen=kill",
    "driver.scored=kill",
    "driver.exported=kill",
)


def test_a_search_whose_driver_is_killed_everywhere_ends_as_the_undisturbed_one(
    place: Place, undisturbed: Undisturbed
) -> None:
    before = place.cluster.fits

    for n, where in enumerate(WHILE_TUNING + AFTERWARDS):
        begin = place.go_on if n else place.begin
        ended = begin(**failing(where)).wait()
        assert ended.code == -9, (where, ended.err)
    ended = place.go_on().wait()

    assert ended.code == 0, ended.err
    assert_whole(place.url, place.search_id, trials=TRIALS)
    assert told(place.url, place.search_id) == undisturbed.found
    kills = len(WHILE_TUNING + AFTERWARDS)
    assert place.cluster.fits - before <= undisturbed.fits + kills  # at most one fold for each
    reasons = {reason for _, _, _, reason, _ in again(place.url, place.search_id)}
    assert reasons <= {"its driver was lost"}
    assert len(again(place.url, place.search_id)) <= len(WHILE_TUNING)  # one worker, one trial


def test_a_command_with_an_id_begins_goes_on_and_then_shows_what_it_found(
    place: Place, undisturbed: Undisturbed
) -> None:
    name = "--search-id", "nightly"
    killed = place.begin(None, *name, **failing("driver.result_recorded=kill@4")).wait()
    ended = place.begin(None, *name).wait()
    fits = place.cluster.fits
    shown = place.begin(None, *name).wait()
    other = place.begin(SPEC | {"seed": 99}, *name).wait()
    wrong = place.begin(None, "--search-id", "a.b").wait()

    codes = [each.code for each in (killed, ended, shown, other, wrong)]
    assert codes == [-9, 0, 0, 2, 2], ended.err
    with Store(place.url) as store:
        assert [found.search_id for found in store.searches()] == ["nightly"]
    assert_whole(place.url, "nightly", trials=TRIALS)
    assert told(place.url, "nightly") == undisturbed.found
    assert place.cluster.fits == fits
    assert shown.out == ended.out
    assert "seed: 3 there, 99 here" in other.err
    assert "allowed: up to 64 letters" in wrong.err
