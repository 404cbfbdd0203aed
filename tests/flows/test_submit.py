"""Searches that a cluster drives: submitted, followed, killed and submitted once more."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from searcher.store import Store
from searcher.submitting import SUBMITTED
from tests.afterwards import assert_whole
from tests.cluster.heads import Head, ray_head
from tests.driven import SEARCHER, Cluster
from tests.forked import Forks

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
README = Path(__file__).resolve().parents[2] / "README.md"
MOST_S = 120.0  # for what a head does soon

AWAIT_JOB = """
import json, sys, time
from cluster.jobs import Jobs
address, name, *stop = sys.argv[1:]
jobs = Jobs(address)
if stop:
    jobs.stop(name)
while not (job := jobs.find(name)).is_over:
    time.sleep(0.1)
print(json.dumps([job.state, job.message]))
"""


@dataclass(frozen=True)
class Desk:
    """The folder of somebody who submits searches, and the cluster's head."""

    folder: Path
    head: Head
    forks: Forks

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/store.db"

    def run(self, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        environment = self.head.environment | {"SEARCHER_STORE": self.url} | environment
        forked = self.forks.start([SEARCHER, *words], environment, folder=self.folder)
        said = forked.communicate(timeout=600)
        assert forked.returncode is not None
        return subprocess.CompletedProcess(words, forked.returncode, *said)

    def job_at_its_end(self, name: str, *, stop: bool = False) -> tuple[str, str]:
        """State and message of a job once it is over; in a process of its own, as for ``run``."""
        done = subprocess.run(
            [sys.executable, "-c", AWAIT_JOB, self.head.address, name, *(["stop"] if stop else [])],
            env=self.head.environment,
            capture_output=True,
            text=True,
            timeout=MOST_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        state, message = json.loads(done.stdout)
        return state, message

    def submit(self, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        where = "--address", self.head.address, "--output", str(self.folder / "out")
        return self.run("submit", "spec.json", "--skip-exports", *where, *options, **environment)


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with ray_head(cpus=1) as started:
        yield started


@pytest.fixture
def desk(head: Head, cluster: Cluster, tmp_path: Path) -> Desk:
    from sklearn.datasets import load_iris

    table = load_iris(as_frame=True).frame.rename(columns={"target": "kind"})
    table.to_csv(tmp_path / "flowers.csv", index=False)
    (tmp_path / "mine.py").write_text(FAMILY)
    (tmp_path / "spec.json").write_text(json.dumps(SPEC))
    return Desk(tmp_path, head, cluster.forks)


def documented(desk: Desk) -> list[str]:
    """Words of the README's command, about this spec and this head."""
    (line,) = re.findall(r"^searcher submit .*$", README.read_text(encoding="utf-8"), re.MULTILINE)
    own = {"examples/breast_cancer.yaml": "spec.json", "http://head:8265": desk.head.address}
    words = shlex.split(line)
    assert set(own) <= set(words)
    return [own.get(word, word) for word in words[1:]]


def test_the_readmes_command_has_the_cluster_drive_a_search_with_the_rows_and_families_it_needs(
    desk: Desk,
) -> None:
    done = desk.run(*documented(desk))

    assert done.returncode == 0, done.stderr
    assert "all rows: chose" in done.stderr
    assert "parity    passed" in done.stdout
    with Store(desk.url) as store:
        (found,) = store.searches()
        model = store.search(found.search_id).model_path
    assert_whole(desk.url, found.search_id, trials=TRIALS)
    assert model is not None
    assert Path(model).parts[-3:] == ("searcher-output", found.search_id, "model.onnx")
    logs = desk.run("logs", found.search_id, "--address", desk.head.address)
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
    wait_for(lambda: trials_ended(desk, "again") > 0)
    driver = driver_of("again")
    assert driver is not None
    os.kill(driver.pid, signal.SIGKILL)

    second = desk.submit("--search-id", "again", "--follow")

    assert json.loads(first.stdout)["search_id"] == "again"
    assert second.returncode == 0, second.stderr
    assert_whole(desk.url, "again", trials=TRIALS)


def wait_for(claim: Callable[[], bool]) -> None:
    until = time.monotonic() + MOST_S
    while not claim():
        assert time.monotonic() < until
        time.sleep(0.05)


def trials_ended(desk: Desk, search_id: str) -> int:
    with Store(desk.url) as store:
        return sum(trial.ended_at is not None for trial in store.trials(search_id))


def test_who_follows_a_search_whose_job_is_over_is_told_where_to_look(desk: Desk) -> None:
    sent = desk.submit("--search-id", "lost", "--follow", "--python", "/no/such/python")

    assert sent.returncode == 1
    assert f"`searcher logs lost --address {desk.head.address}`" in sent.stderr
    logs = desk.run("logs", "lost", "--address", desk.head.address)
    assert "/no/such/python" in logs.stdout


def outputs(desk: Desk, search_id: str) -> list[str]:
    """Folders that its driver was told of, one by one."""
    with Store(desk.url) as store:
        notes = [note for note in store.events(search_id) if note.kind == SUBMITTED]
    return [Path(note.payload["output"]).name for note in notes]


def test_the_folder_of_a_later_submission_counts_unless_a_job_of_the_search_runs(
    desk: Desk, tmp_path: Path
) -> None:
    (desk.folder / "spec.json").write_text(json.dumps(SPEC | {"budget": {"trials": 3}}))
    sent = desk.submit("--search-id", "moved", "--python", "sleep 600 #")
    assert sent.returncode == 0, sent.stderr
    other = str(tmp_path / "other")

    beside = desk.submit("--search-id", "moved", "--output", other)
    elsewhere = desk.submit("--search-id", "moved", "--store", f"sqlite:///{tmp_path}/other.db")
    while_it_runs = outputs(desk, "moved")
    stopped, _ = desk.job_at_its_end("moved", stop=True)
    done = desk.submit("--search-id", "moved", "--output", other, "--follow")

    assert beside.returncode == 0, beside.stderr
    assert elsewhere.returncode == 2, elsewhere.stderr
    assert "that is not in this store" in elsewhere.stderr
    assert while_it_runs == ["out"]
    assert stopped == "STOPPED"
    assert done.returncode == 0, done.stderr
    assert outputs(desk, "moved") == ["out", "other"]
    assert Path(other, "model.onnx").is_file()


def test_a_job_that_was_asked_to_stop_has_not_failed_and_one_that_was_interrupted_has(
    desk: Desk,
) -> None:
    (desk.folder / "spec.json").write_text(json.dumps(SPEC | {"budget": {"trials": 4000}}))
    sent = desk.submit("--search-id", "long")
    assert sent.returncode == 0, sent.stderr
    wait_for(lambda: trials_ended(desk, "long") > 0)

    where = "--address", desk.head.address
    running = desk.run("status", "long", *where, "--format", "json")
    stop = desk.run("stop", "long")
    stopped = desk.job_at_its_end("long")
    said = desk.run("logs", "long", "--address", desk.head.address).stdout
    before = trials_ended(desk, "long")
    again = desk.submit("--search-id", "long")
    wait_for(lambda: trials_ended(desk, "long") > before)
    driver = driver_of("long")
    assert driver is not None
    driver.send_signal(signal.SIGINT)
    interrupted = desk.job_at_its_end("long")

    assert (stop.returncode, again.returncode) == (0, 0), stop.stderr + again.stderr
    found = json.loads(running.stdout)
    assert (found["state"], found["driver_is_live"]) == ("running", True)
    assert found["job"].startswith("long, RUNNING")
    assert stopped[0] == "SUCCEEDED", stopped
    assert "`searcher stop` asked for that" in said
    assert interrupted[0] == "FAILED", interrupted
    assert "130" in interrupted[1]
    with Store(desk.url) as store:
        assert store.search("long").state == "interrupted"


def test_rows_that_the_head_cannot_read_are_refused_before_anything_is_stored(desk: Desk) -> None:
    refused = desk.submit("--search-id", "far", "--data", "/no/such/rows.csv")

    assert refused.returncode == 2, refused.stderr
    assert "can't read /no/such/rows.csv: FileNotFoundError" in refused.stderr
    assert not (desk.folder / "store.db").exists()


def test_a_search_finds_rows_that_stay_where_they_are_and_packages_installed_for_it(
    desk: Desk,
) -> None:
    (desk.folder / "mine.py").write_text(FAMILY + USES_PACKAGE)
    (desk.folder / "requirements.txt").write_text(f"# ours\n{wheel(desk.folder)}  # local\n")
    rows = str(desk.folder / "flowers.csv")

    done = desk.submit(
        *("--search-id", "pipped", "--data", rows, "--pip", "requirements.txt"),
        *("--skip-training", "--follow"),
    )

    assert done.returncode == 0, done.stderr
    assert_whole(desk.url, "pipped", trials=TRIALS, model=False)
    with Store(desk.url) as store:
        failed = [trial for trial in store.trials("pipped") if trial.state == "failed"]
    assert failed == []


USES_PACKAGE = """
    def build(self, configuration, profile, **options):
        import of_the_cluster

        assert of_the_cluster.NAME == "installed"
        return super().build(configuration, profile, **options)
"""


def wheel(folder: Path) -> Path:
    """Make a package that is not installed here."""
    about = "of_the_cluster-1.0.dist-info"
    path = folder / "of_the_cluster-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("of_the_cluster.py", "NAME = 'installed'\n")
        file.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: of_the_cluster\nVersion: 1.0\n"
        )
        tags = "Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        file.writestr(f"{about}/WHEEL", tags)
        file.writestr(f"{about}/RECORD", "")
    return path


def test_without_the_token_nothing_is_sent_or_stored(desk: Desk) -> None:
    refused = desk.submit(RAY_AUTH_TOKEN="0" * 64)

    assert refused.returncode == 1
    assert "refuses the token" in refused.stderr
    assert not (desk.folder / "store.db").exists()
