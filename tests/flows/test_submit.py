"""Searches that a cluster drives: submitted, followed, killed and submitted once more."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from searcher.store import Store
from tests.afterwards import assert_whole
from tests.cluster.heads import Head, ray_head
from tests.driven import SEARCHER

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(1800)]

FAMILY = '''
from search_spaces.families.ridge import Ridge
from search_spaces.families.naive_bayes import NaiveBayes


class Mine(NaiveBayes):
    """A family of the user's own, in a file beside the spec."""

    name = "mine"
'''
SPEC: dict[str, Any] = {
    "name": "sent",
    "data": {"path": "flowers.csv", "target": "kind"},
    "families": {"mine:Mine": None, "k_neighbors": None},
    "strategy": {"kind": "random"},
    "validation": {"outer": 2, "inner": 2},
    "budget": {"trials": 4},
    "seed": 3,
}
TRIALS = 12


@dataclass(frozen=True)
class Desk:
    """The folder of somebody who submits searches, and the cluster's head."""

    folder: Path
    head: Head

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/store.db"

    def run(self, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [SEARCHER, *words, "--store", self.url],
            cwd=self.folder,
            env=self.head.environment | environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def submit(self, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        where = "--address", self.head.address, "--output", str(self.folder / "out")
        return self.run("submit", "spec.json", "--skip-exports", *where, *options, **environment)


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with ray_head(cpus=1) as started:
        yield started


@pytest.fixture
def desk(head: Head, tmp_path: Path) -> Desk:
    from sklearn.datasets import load_iris

    table = load_iris(as_frame=True).frame.rename(columns={"target": "kind"})
    table.to_csv(tmp_path / "flowers.csv", index=False)
    (tmp_path / "mine.py").write_text(FAMILY)
    (tmp_path / "spec.json").write_text(json.dumps(SPEC))
    return Desk(tmp_path, head)


def test_a_search_is_driven_by_the_cluster_with_the_rows_and_families_that_it_takes_along(
    desk: Desk,
) -> None:
    done = desk.submit("--search-id", "flowers", "--follow")

    assert done.returncode == 0, done.stderr
    assert "all rows: chose" in done.stderr
    assert "parity    passed" in done.stdout
    assert_whole(desk.url, "flowers", trials=TRIALS)
    assert (desk.folder / "out" / "model.onnx").is_file()
    logs = desk.run("logs", "flowers", "--address", desk.head.address)
    assert "all rows: chose" in logs.stdout


def driver_of(search_id: str) -> psutil.Process | None:
    """The process on the head that drives a search."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "searcher.cli.job" in words and search_id in words and "-m" in words:
            return process
    return None


def test_a_search_whose_driver_is_killed_goes_on_when_it_is_submitted_once_more(
    desk: Desk,
) -> None:
    first = desk.submit("--search-id", "again", "--format", "json")
    assert first.returncode == 0, first.stderr
    until = time.monotonic() + 120
    while not trials_ended(desk, "again"):
        assert time.monotonic() < until, desk.run("logs", "again", "--address", desk.head.address)
        time.sleep(0.05)
    driver = driver_of("again")
    assert driver is not None
    os.kill(driver.pid, signal.SIGKILL)

    second = desk.submit("--search-id", "again", "--follow")

    assert json.loads(first.stdout)["search_id"] == "again"
    assert second.returncode == 0, second.stderr
    assert_whole(desk.url, "again", trials=TRIALS)


def trials_ended(desk: Desk, search_id: str) -> int:
    with Store(desk.url) as store:
        return sum(trial.ended_at is not None for trial in store.trials(search_id))


def test_who_follows_a_search_whose_job_is_over_is_told_where_to_look(desk: Desk) -> None:
    sent = desk.submit("--search-id", "lost", "--follow", "--python", "/no/such/python")

    assert sent.returncode == 1
    assert f"`searcher logs lost --address {desk.head.address}`" in sent.stderr
    logs = desk.run("logs", "lost", "--address", desk.head.address)
    assert "/no/such/python" in logs.stdout


def test_without_the_token_nothing_is_sent_or_stored(desk: Desk) -> None:
    refused = desk.submit(RAY_AUTH_TOKEN="0" * 64)

    assert refused.returncode == 1
    assert "refuses the token" in refused.stderr
    assert not (desk.folder / "store.db").exists()


def test_a_file_of_this_machine_is_no_store_for_a_cluster_elsewhere(desk: Desk) -> None:
    from searcher.errors import SpecError
    from searcher.submitting import _reachable

    class Elsewhere:
        is_here = False
        address = "http://10.0.0.1:8265"

    with pytest.raises(SpecError, match="a file on this machine, which the cluster"):
        _reachable(desk.url, Elsewhere())  # type: ignore[arg-type]
