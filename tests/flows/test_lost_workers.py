"""A worker that dies costs a trial the inner fold that it was at, and the search nothing."""

import signal

import psutil
import pytest

from tests.afterwards import again, ask, assert_whole, told, trials_of
from tests.driven import SPEC, TRIALS, Place, Undisturbed

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1800)]

DIED = "its worker process died"

RAYS_AGENTS = {"ray::DashboardAgent", "ray::RuntimeEnvAgent"}
"""They end by themselves, but try first, for 60 s, to say so to Ray's server, which is dead too
(2.60, _private/process_watcher.py, ``report_raylet_error_logs``)."""


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


def test_a_refit_whose_worker_dies_is_done_again(place: Place, undisturbed: Undisturbed) -> None:
    before = place.cluster.fits
    place.cluster.die_at(undisturbed.fits - 1)  # refits come last

    ended = place.begin().wait()

    assert ended.code == 0, ended.err
    assert_whole(place.url, place.search_id, trials=TRIALS)
    assert told(place.url, place.search_id) == undisturbed.found
    assert again(place.url, place.search_id) == []
    assert place.cluster.fits - before == undisturbed.fits + 1


def test_two_workers_and_a_driver_with_its_own_ray_die_and_leave_nothing_behind(
    place: Place,
) -> None:
    two = "--cpus", "2"
    place.cluster.die_at(3, 8)
    driver = place.begin(None, *two)
    place.wait_for_trials(4)
    started = psutil.Process(driver.process.pid).children(recursive=True)
    names = {process.name() for process in started}
    driver.signal(signal.SIGKILL)
    killed = driver.wait()
    place.cluster.die_at(2)
    ended = place.finish(*two)
    _, alive = psutil.wait_procs(started, timeout=10)

    assert (killed.code, ended.code) == (-9, 0), ended.err
    assert {"gcs_server", "raylet"} <= names
    assert {process.name() for process in alive} <= RAYS_AGENTS
    assert_whole(place.url, place.search_id, trials=TRIALS)
    reasons = {reason for *_, reason, _ in again(place.url, place.search_id)}
    assert reasons == {DIED, "its driver was lost"}
