"""Searches in processes of their own, as a user starts them: to be killed, and looked at after.

They share one Ray cluster with one core, which outlives them: with one worker a search is the
same trial by trial, and starting Ray takes longer than these searches. For the same reason they
are forked from a process that has imported the libraries (``tests.forked``), except the
undisturbed search, which all others have to equal, and those with a Ray of their own.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from searcher import failpoints
from searcher.errors import StoreError
from searcher.store import Store, StoredSearch
from tests.flows import counted
from tests.flows.counted import count_fits
from tests.forked import Forked, Forks
from tests.forked_workers import forked_workers

TIMEOUT_S = 600.0  # a slow machine is no reason to fail
SEARCHER = str(Path(sys.executable).with_name("searcher"))

CLUSTER = """
import sys
from cluster.session import connect
from tests.forked_workers import use_forked_workers
use_forked_workers()
with connect(cpus=int(sys.argv[1])):
    import ray
    print(ray.get_runtime_context().gcs_address, flush=True)
    sys.stdin.read()
"""

SPEC: dict[str, Any] = {
    "name": "tiny",
    "data": {"path": "sklearn:iris"},
    "families": {"tests.flows.counted:Counted": None, "naive_bayes": None},
    "strategy": {"kind": "tpe"},
    "validation": {"outer": 2, "inner": 3},
    "budget": {"trials": 6},
    "seed": 3,
}
TRIALS = 18  # of SPEC: 6 for each of two outer folds, 6 on all rows


@dataclass(frozen=True)
class Cluster:
    """A Ray that outlives its drivers."""

    address: str
    folder: Path  # where its workers leave traces
    environment: dict[str, str]  # of its drivers
    of_workers: dict[str, str]  # variables with which its workers are forked
    forks: Forks

    def another(self, *, cores: int = 1) -> AbstractContextManager[str]:
        """Start one more; give its address."""
        return ray_with(self.environment | self.of_workers, cores=cores)

    @property
    def fits(self) -> int:
        """How many models its workers have fitted so far."""
        return count_fits(self.folder)

    def die_at(self, *fits: int) -> None:
        """Let workers die at these fits from now on: 1 is the next one."""
        numbers = [str(self.fits + fit) for fit in fits]
        (self.folder / "deaths").write_text(" ".join(numbers))

    def slow_down(self, seconds: float | None) -> None:
        """Let every fit take so long."""
        if seconds is None:
            (self.folder / "slow").unlink(missing_ok=True)
        else:
            (self.folder / "slow").write_text(str(seconds))


@contextmanager
def ray_cluster(folder: Path) -> Iterator[Cluster]:
    """Start a Ray for drivers that are forked."""
    environment = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        counted.VARIABLE: str(folder),
    }
    with (
        Forks(environment) as forks,
        forked_workers() as of_workers,
        ray_with(environment | of_workers) as address,
    ):
        yield Cluster(address, folder, environment, of_workers, forks)


@contextmanager
def ray_with(environment: dict[str, str], *, cores: int = 1) -> Iterator[str]:
    """Start Ray in a process of its own; give its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLUSTER, str(cores)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(60)
        process.stdout.close()


@dataclass
class Place:
    """A store, a folder for a search's files, and a Ray to run it on."""

    cluster: Cluster
    folder: Path
    url: str = ""
    environment: dict[str, str] = field(default_factory=dict)  # of every driver
    drivers: list["Driver"] = field(default_factory=list)  # that were started
    forked: bool = True
    another_ray: str = ""  # address of one whose core is free

    def __post_init__(self) -> None:
        self.url = self.url or f"sqlite:///{self.folder}/store.db"

    @property
    def output(self) -> Path:
        """Folder for the search's files."""
        return self.folder / "out"

    def start(self, *command: str, **environment: str) -> "Driver":
        """Start ``searcher COMMAND`` on this store."""
        where = ["--store", self.url]
        if command[0] in ("run", "resume", "extend", "fork"):
            where += ["--output", str(self.output)]
            if not {"--cpus", "--address"} & set(command):
                where += ["--address", self.cluster.address]
        words = [SEARCHER, *command, *where]
        everything = self.cluster.environment | self.environment | environment
        process: subprocess.Popen[str] | Forked
        if self.forked and "--cpus" not in command:
            process = self.cluster.forks.start(words, everything)
        else:
            process = subprocess.Popen(
                words,
                env=everything,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        self.drivers.append(Driver(process))
        return self.drivers[-1]

    def tidy(self) -> None:
        """Leave no process behind, and no fit slow, whatever the test came to."""
        self.cluster.slow_down(None)
        for driver in self.drivers:
            if driver.process.poll() is None:
                driver.process.kill()
            with suppress(ValueError):  # its pipes were read and closed
                driver.process.communicate()

    def begin(self, spec: dict[str, Any] | None = None, *options: str, **more: str) -> "Driver":
        """Start a search."""
        path = self.folder / "spec.json"
        path.write_text(json.dumps(spec or SPEC))
        skipped = "--skip-exports", "--skip-training"
        return self.start("run", str(path), *skipped, *options, **more)

    def go_on(self, *options: str, **more: str) -> "Driver":
        """Resume the search."""
        return self.start("resume", self.search_id, *options, **more)

    def finish(self, *options: str, most: int = 3) -> "Ended":
        """Resume the search until it is completed."""
        for _ in range(most):
            ended = self.go_on(*options).wait()
            if ended.code == 0:
                return ended
        raise AssertionError(f"not done after {most} attempts: {ended}")

    @property
    def search_id(self) -> str:
        """Of the oldest search in the store."""
        with Store(self.url) as store:
            return next(reversed(store.searches())).search_id

    @property
    def newest_id(self) -> str:
        """Of the newest search in the store."""
        with Store(self.url) as store:
            return next(iter(store.searches())).search_id

    @property
    def search(self) -> StoredSearch:
        """The oldest search in the store."""
        with Store(self.url) as store:
            return store.search(self.search_id)

    def wait_for_trials(self, n: int) -> None:
        """Wait until so many trials are completed."""
        self.wait_until(lambda: self.search.trials["completed"] >= n)

    def wait_until(self, claim: Any) -> None:
        """Wait until something is true of the store, which need not be there yet."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            try:
                if claim():
                    return
            except (StoreError, StopIteration):
                pass  # not there yet, or just being made
            time.sleep(0.05)
        raise AssertionError(f"not so after {TIMEOUT_S:g} s")


@dataclass(frozen=True)
class Ended:
    """What a process left behind; ``code`` is minus the signal's number if one killed it."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Driver:
    """A process that drives a search."""

    process: subprocess.Popen[str] | Forked

    def wait(self, timeout_s: float = TIMEOUT_S) -> Ended:
        """Wait for its end."""
        try:
            out, err = self.process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # it says what each thread was at
            out, err = self.process.communicate()
            raise AssertionError(f"it did not end; it said:\n{out}\n{err}") from None
        return Ended(self.process.returncode, out, err)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait_until_stopped(self) -> None:
        """Wait until it is suspended (SIGSTOP)."""
        if isinstance(self.process, Forked):
            self.process.wait_until_stopped()
        else:
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)


def is_driven(place: Place) -> bool:
    """Whether a live driver has the search."""
    with Store(place.url) as store:
        standing = store.driver(place.search_id)
    return standing is not None and standing.live


def failing(*places: str) -> dict[str, str]:
    """Environment in which a process fails at these places: ``driver.proposed=kill@2``."""
    return {failpoints.VARIABLE: ",".join(places)}


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One Ray for all tests that kill drivers."""
    with ray_cluster(tmp_path_factory.mktemp("ray")) as found:
        yield found


@pytest.fixture(scope="session")
def another_ray(cluster: Cluster) -> Iterator[str]:
    """Address of a Ray for who goes on while a suspended driver's worker has the other's core."""
    with cluster.another() as address:
        yield address


@pytest.fixture
def place(cluster: Cluster, tmp_path: Path) -> Iterator[Place]:
    """Where a test's own search is kept, on SQLite."""
    made = Place(cluster, tmp_path)
    yield made
    made.tidy()


@dataclass(frozen=True)
class Undisturbed:
    """What ``SPEC`` finds when nothing happens to it."""

    found: dict[str, list[tuple[Any, ...]]]
    fits: int  # models that were fitted for it


@pytest.fixture(scope="session")
def undisturbed(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The search that every disturbed one has to equal; it runs once."""
    from tests.afterwards import assert_whole, told

    place = Place(cluster, tmp_path_factory.mktemp("undisturbed"), forked=False)
    before = cluster.fits
    ended = place.begin().wait()
    assert ended.code == 0, ended.err
    assert_whole(place.url, place.search_id, trials=TRIALS)
    return Undisturbed(told(place.url, place.search_id), cluster.fits - before)
