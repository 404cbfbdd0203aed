"""A search on a Ray cluster of this machine's own, which loses a node while it runs.

    make cluster

starts PostgreSQL, a head that asks for a token, and two worker nodes; submits a nested search of
three families, looks on, kills one of the workers, asks the store what came of that, and exports
the model once more. All of it is gone at the end but for the folder that is named as it begins.
Every line after a ``$`` is what one would type; the token and the password are in the environment.
"""

import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import yaml

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
START_S = 90.0
DYING_AFTER = 1
"""Trials that are completed when a node is killed."""

LOST = "select trial_id, family, state, attempt from v_trials where attempt > 1"
COUNT = "select outer_fold, state, count(*) trials from v_trials group by outer_fold, state"


def main() -> None:
    """Tell the story; end with an error if a command of it does."""
    folder = Path(tempfile.mkdtemp(prefix="searcher-"))
    say(f"files of this run: {folder}")
    with ExitStack() as stack:
        store, password = stack.enter_context(postgres())
        site = Site(folder, store, password, secrets.token_hex(32))
        gcs, dashboard = free_port(), free_port()
        site.address = f"http://127.0.0.1:{dashboard}"
        stack.enter_context(head(site, gcs, dashboard))
        site.wait_for_nodes(1)
        workers = [stack.enter_context(worker(site, gcs, name)) for name in ("ray1", "ray2")]
        site.wait_for_nodes(3)
        tell(site, workers)


def tell(site: "Site", workers: "list[subprocess.Popen[bytes]]") -> None:
    """Submit, lose a worker, and look at what came of it."""
    at = ["--address", site.address]
    site.run("searcher", "cluster", "nodes", *at)
    site.write_spec()
    output = str(site.folder / "output")
    submitted = site.start("searcher", "submit", "spec.yaml", *at, "--output", output, "--follow")
    dying = workers.pop()
    for line in submitted.stdout or ():
        print(f"  {line}", end="", flush=True)
        completed = re.search(r"(\d+) completed", line)
        if dying.poll() is None and completed and int(completed[1]) >= DYING_AFTER:
            say("killing one of the two worker nodes, with kill -9")
            end(dying, signal.SIGKILL)
    check(submitted.wait(), "searcher submit")
    if dying.poll() is None:
        sys.exit("the search was over before a node could be killed")
    site.run("searcher", "sql", COUNT)
    site.run("searcher", "sql", LOST)
    site.run("searcher", "show", "latest")
    site.run("searcher", "export", "latest", "--output", "again.onnx")
    site.run("searcher", "predict", f"{output}/model.onnx", "new_rows.csv")
    site.run("searcher", "cluster", "nodes", *at)


@dataclass
class Site:
    """Who types the commands: a folder, a store, and what opens the cluster."""

    folder: Path
    store: str
    password: str
    token: str
    address: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the head and of whoever submits; workers have no password."""
        return self.of_workers | {"SEARCHER_STORE": self.store, "PGPASSWORD": self.password}

    @property
    def of_workers(self) -> dict[str, str]:
        """Variables of every node."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token}
        return own | token | {"RAY_USAGE_STATS_ENABLED": "0"}

    def write_spec(self) -> None:
        """Write the demo's search of three families, with fewer trials and folds, and new rows."""
        from sklearn.datasets import load_breast_cancer

        spec = yaml.safe_load((HERE / "breast_cancer.yaml").read_text(encoding="utf-8"))
        spec |= {"validation": {"outer": 3, "inner": 3}, "budget": {"trials": 16}}
        (self.folder / "spec.yaml").write_text(yaml.safe_dump(spec, sort_keys=False))
        rows = load_breast_cancer(as_frame=True).data.head(3)
        rows.to_csv(self.folder / "new_rows.csv", index=False)

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Type a command."""
        say(f"$ {shlex.join(words)}")
        return subprocess.Popen(
            [str(BIN / words[0]), *words[1:]],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> str:
        """Type a command, show what it says, and wait for its end."""
        said, _ = (command := self.start(*words)).communicate()
        print("".join(f"  {line}" for line in said.splitlines(keepends=True)), flush=True)
        check(command.returncode, shlex.join(words))
        return said

    def wait_for_nodes(self, n: int) -> None:
        """Wait until so many are there."""
        ask = [str(BIN / "searcher"), "cluster", "nodes", "--address", self.address]
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            asked = subprocess.run(
                [*ask, "--format", "csv"],
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if asked.returncode == 0 and len(asked.stdout.splitlines()) > n:
                return
        sys.exit(f"there are not {n} nodes after {START_S:g} s: {asked.stdout}{asked.stderr}")


@contextmanager
def postgres() -> Iterator[tuple[str, str]]:
    """Start PostgreSQL; give the URL of a database and its owner's password."""
    from tests.postgres import PostgresServer

    password, port = secrets.token_hex(16), free_port()
    with PostgresServer(port=port) as server:
        server.execute(f"CREATE ROLE searcher LOGIN PASSWORD '{password}'")
        server.execute("CREATE DATABASE searches OWNER searcher")
        say(f"PostgreSQL listens at 127.0.0.1:{port}")
        yield f"postgresql+psycopg://searcher@127.0.0.1:{port}/searches", password


@contextmanager
def head(site: Site, gcs: int, dashboard: int) -> Iterator[None]:
    """Start a head, which drives searches and runs no trial."""
    words = ["--head", f"--port={gcs}", f"--dashboard-port={dashboard}", "--num-cpus=0"]
    words += ["--dashboard-host=127.0.0.1"]
    words += [f"--ray-client-server-port={free_port()}", f"--temp-dir={site.folder / 'ray'}"]
    with node(words, site.environment, site.folder):
        yield


@contextmanager
def worker(site: Site, gcs: int, name: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a worker node of one core; as on a machine of its own, its files are its own."""
    words = [f"--address=127.0.0.1:{gcs}", "--num-cpus=1", f"--temp-dir={site.folder / name}"]
    with node(words, site.of_workers, site.folder) as process:
        yield process


@contextmanager
def node(
    words: list[str], environment: dict[str, str], folder: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a node; end what is left of it."""
    say(f"$ ray start {shlex.join(words)} --block")
    own = ["--block", "--node-ip-address=127.0.0.1"]
    own += [f"--dashboard-agent-listen-port={free_port()}"]  # several nodes share this machine
    own += ["--object-store-memory=100000000"]
    with (folder / "nodes.log").open("ab") as log:
        process = subprocess.Popen(
            [str(BIN / "ray"), "start", *words, *own], env=environment, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        end(process, signal.SIGTERM)


def end(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """End a node's processes by a signal."""
    if process.poll() is not None:
        return
    started = psutil.Process(process.pid).children(recursive=True)
    if number == signal.SIGKILL:
        for one in started:
            one.kill()
    process.send_signal(number)
    process.wait(60)
    _, alive = psutil.wait_procs(started, timeout=20)
    for one in alive:
        one.kill()


def free_port() -> int:
    """Find a port that nobody listens at now."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def check(code: int, command: str) -> None:
    """End here if a command failed."""
    if code:
        sys.exit(f"{command} failed with exit code {code}")


def say(line: str) -> None:
    """Tell what happens next."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
