"""A worker that dies costs a trial the inner fold that it was at, and the search nothing."""

import pytest

from tests.afterwards import again, ask, assert_whole, told, trials_of
from tests.driven import SPEC, TRIALS, Place, Undisturbed

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]

DIED = "its worker process died"


def test_trials_whose_worker_dies_go_on_after_their_last_finished_fold(
    place: Place, undisturbed: Undisturbed
) -> None:
    before = place.cluster.fits
    place.cluster.die_at(2, 9, 10)  # the two next to each other: twice in the same fold

    ended = place.begin().wait()

    assert ended.code == 0, ended.err
    assert_whole(place.url, place.search_id, trials=TRIALS)
    assert told(place.url, place.search_id) == undisturbed.found
    lost = again(place.url, place.search_id)
    reasons = [(attempt, reason) for *_, attempt, reason, _ in lost]
    assert reasons == [
        (1, DIED),
        (1, DIED),
        (2, DIED),
    ]
    assert all(lost_s > 0 for *_, lost_s in lost)
    assert place.cluster.fits - before == undisturbed.fits + 3
    # What was finished before is kept, with the attempt that did it.
    attempts = ask(
        place.url,
        "SELECT f.resource, f.attempt FROM fold_fits f JOIN attempts a ON a.trial_id = f.trial_id"
        " WHERE a.attempt = 1 ORDER BY f.trial_id, f.resource",
        place.search_id,
    )
    assert {(1, 1), (2, 2), (3, 2)} <= set(attempts)


def test_a_trial_that_ends_worker_after_worker_fails_and_the_search_goes_on(place: Place) -> None:
    spec = SPEC | {"budget": {"trials": 4}}
    place.cluster.die_at(5, 6, 7)  # wherever that is, it is tried again at once

    ended = place.begin(spec).wait()

    assert ended.code == 0, ended.err
    assert_whole(place.url, place.search_id, trials=trials_of(spec))
    ((attempt, resource, reason),) = ask(
        place.url,
        "SELECT attempt, resource, reason FROM trials WHERE search_id = '{id}'"
        " AND state = 'failed'",
        place.search_id,
    )
    assert attempt == 3
    assert reason == (
        f"the worker process died 3 times in inner fold number {resource + 1} of the trial "
        "(out of memory, or a crash)"
    )
