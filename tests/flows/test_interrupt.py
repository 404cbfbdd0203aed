"""Ctrl-C: everything up to then is stored, nothing is left running."""

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

pytestmark = [pytest.mark.ray, pytest.mark.slow]

SCRIPT = """
import sys
from searcher import search
from searcher.errors import SearchInterruptedError
spec = {
    "name": "long", "data": {"path": "sklearn:digits"}, "families": ["random_forest"],
    "strategy": {"kind": "random"}, "budget": {"trials": 10000}, "seed": 1,
}
try:
    search(spec, store=sys.argv[1], output=sys.argv[2], try_exports=False)
except SearchInterruptedError as error:
    print(error)
    sys.exit(130)
"""


def wait_for_trials(url: str, n: int) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        time.sleep(0.2)
        try:
            with Store(url) as store:
                found = next(iter(store.searches()), None)
        except StoreError:
            continue  # not there yet, or just being made
        if found and found.trials["completed"] >= n:
            return found.search_id
    raise AssertionError(f"no {n} trials after two minutes")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_search_stores_what_it_has_and_leaves_no_process(
    tmp_path: Path, number: signal.Signals
) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, url, str(tmp_path / "out")],
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
    assert f"search {search_id} was interrupted" in out
    with Store(url) as store:
        found = store.search(search_id)
        trials = store.trials(search_id)
    assert found.state == "interrupted"
    assert found.trials["completed"] >= 3
    assert found.trials["running"] == 0
    assert {t.reason for t in trials if t.state == "stopped"} <= {"search interrupted"}
    _, alive = psutil.wait_procs(started, timeout=20)
    assert not [p for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE], alive
