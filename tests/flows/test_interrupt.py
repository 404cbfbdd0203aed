"""Ctrl-C: everything up to then is stored, nothing is left running."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from searcher.errors import StoreError
from searcher.store import Store
from tests.afterwards import again, ask, assert_whole, told
from tests.driven import SEARCHER, TRIALS, Place, Undisturbed, failing

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1800)]

INTERRUPTED = 130
WITHIN_S = 30.0  # what is promised
ENDLESS_S = 1000.0

SPEC = {
    "name": "long",
    "data": {"path": "sklearn:iris"},
    "families": ["decision_tree"],
    "strategy": {"kind": "random"},
    "budget": {"trials": 10_000},
    "seed": 1,
}
SCRIPT = """
import json, sys
from searcher import search
from searcher.errors import SearchInterruptedError
try:
    search(json.load(open(sys.argv[1])), store=sys.argv[3], output=sys.argv[5], try_exports=False)
except SearchInterruptedError as error:
    print(error, file=sys.stderr)
    print(f"see it with `searcher show {error.search_id}`", file=sys.stderr)
    sys.exit(130)
"""
WAYS = {
    signal.SIGINT: [SEARCHER, "run"],
    signal.SIGTERM: [sys.executable, "-c", SCRIPT],
}


def wait_for_trials(url: str, n: int) -> str:
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        time.sleep(0.2)
        try:
            with Store(url) as store:
                found = next(iter(store.searches()), None)
        except StoreError:
            continue  # not there yet, or just being made
        if found and found.trials["completed"] >= n:
            return found.search_id
    raise AssertionError(f"no {n} trials after ten minutes")


@pytest.mark.parametrize("number", WAYS)
def test_an_interrupted_search_stores_what_it_has_and_leaves_no_process(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C at the command, SIGTERM to a program of one's own."""
    url, spec = f"sqlite:///{tmp_path}/store.db", tmp_path / "long.json"
    spec.write_text(json.dumps(SPEC))
    process = subprocess.Popen(
        [*WAYS[number], str(spec), "--store", url, "--output", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        search_id = wait_for_trials(url, 3)
        started = psutil.Process(process.pid).children(recursive=True)

        os.kill(process.pid, number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()

    assert process.returncode == 130, err
    assert f"see it with `searcher show {search_id}`" in err
    assert (out, "Traceback" in err) == ("", False)
    with Store(url) as store:
        found = store.search(search_id)
        trials = store.trials(search_id)
    assert found.state == "interrupted"
    assert found.trials["completed"] >= 3
    assert found.trials["running"] == 0
    assert {t.state for t in trials} <= {"completed", "paused"}
    _, alive = psutil.wait_procs(started, timeout=20)
    assert not [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE], alive


def test_a_search_that_was_stopped_in_every_way_ends_as_the_undisturbed_one(
    place: Place, undisturbed: Undisturbed
) -> None:
    stops = {
        "Ctrl-C": lambda driver: driver.signal(signal.SIGINT),
        "SIGTERM": lambda driver: driver.signal(signal.SIGTERM),
        "stop": lambda driver: place.start("stop", place.search_id).wait(),
    }
    for n, stop in enumerate(stops.values()):
        place.cluster.slow_down(0.1)
        driver = place.go_on() if n else place.begin()
        place.wait_for_trials(3 * n + 2)
        place.cluster.slow_down(ENDLESS_S)  # until it has heard
        stop(driver)
        ended = driver.wait(WITHIN_S)

        assert ended.code == INTERRUPTED, ended.err
        assert f"go on with `searcher resume {place.search_id}" in ended.err
        assert place.search.state == "interrupted"
        assert ask(place.url, "SELECT released FROM leases", place.search_id) in ([(1,)], [(True,)])
        states = ask(place.url, "SELECT DISTINCT state FROM trials", place.search_id)
        assert set(states) <= {("completed",), ("paused",)}
    place.cluster.slow_down(None)
    place.finish()

    assert_whole(place.url, place.search_id, trials=TRIALS)
    assert told(place.url, place.search_id) == undisturbed.found
    reasons = {reason for *_, reason, _ in again(place.url, place.search_id)}
    assert reasons <= {"paused with its search"}


def test_a_fit_that_takes_for_ever_keeps_nobody_from_stopping(
    place: Place, undisturbed: Undisturbed
) -> None:
    before = place.cluster.fits
    place.cluster.slow_down(ENDLESS_S)
    for numbers in ([signal.SIGINT], [signal.SIGINT, signal.SIGINT]):
        driver = place.go_on() if len(numbers) > 1 else place.begin()
        fits = place.cluster.fits
        place.wait_until(lambda fits=fits: place.cluster.fits > fits)
        for number in numbers:
            driver.signal(number)
            time.sleep(1.0)  # or the kernel makes one of two
        ended = driver.wait(WITHIN_S)

        assert ended.code == INTERRUPTED, ended.err
        assert place.search.state == "interrupted"
    place.cluster.slow_down(None)
    place.finish()

    assert_whole(place.url, place.search_id, trials=TRIALS)
    assert told(place.url, place.search_id) == undisturbed.found
    assert place.cluster.fits - before == undisturbed.fits + 2


def test_a_search_without_a_driver_is_stopped_at_once_and_only_once(place: Place) -> None:
    killed = place.begin(**failing("driver.trial_recorded=kill@2")).wait()
    stopped = place.start("stop", place.search_id).wait()
    twice = place.start("stop", place.search_id).wait()

    assert killed.code == -9
    assert stopped.code == 0, stopped.err
    assert "had no live process; it is marked as interrupted" in stopped.err
    assert place.search.state == "interrupted"
    assert place.search.trials["running"] == 0
    assert twice.code == 1
    assert f"search {place.search_id} is interrupted: can't stop it" in twice.err
