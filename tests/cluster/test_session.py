"""A real local Ray, started and stopped."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, sys, pathlib
from cluster.session import connect, stay_connected
from cluster.tasks import run_tasks

def add(shared, argument):
    if argument == 13:
        raise ValueError("unlucky")
    return int(shared.sum()) + argument

import numpy as np
from cluster.tokens import admits_anyone
with connect(cpus=2) as session:
    assert session.cpus == 2, session
    shared = np.arange(10)
    print(sorted(value for _, value in run_tasks(add, [1, 2, 3], shared=shared, cpus=1)))
    try:
        list(run_tasks(add, [1, 13], shared=shared, cpus=1))
    except ValueError as error:
        print("raised", error)
    with connect() as inner:  # joins what is there, and leaves it
        pass
    import ray
    print("still there", ray.is_initialized())
    print("admits anyone", admits_anyone(ray.get_runtime_context().gcs_address))
print("gone", not ray.is_initialized())
first = stay_connected(cpus=1)
print("stays", ray.is_initialized(), stay_connected(cpus=2) == first)
ray.shutdown()
print("token file", (pathlib.Path.home() / ".ray" / "auth_token").exists())
"""


@pytest.mark.ray
def test_a_local_session_runs_tasks_raises_their_errors_and_leaves_nothing(tmp_path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    environment["HOME"] = str(tmp_path)

    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [
        "[46, 47, 48]",
        "raised unlucky",
        "still there True",
        "admits anyone False",
        "gone True",
        "stays True True",
        "token file False",
    ]


BY_CLIENT = """
from cluster.head import ClusterError
from cluster.session import connect

try:
    connect("ray://127.0.0.1:10001").__enter__()
except ClusterError as error:
    print(error)
"""


def test_rays_client_is_refused_with_the_way_that_there_is() -> None:
    run = subprocess.run(
        [sys.executable, "-c", BY_CLIENT], capture_output=True, text=True, timeout=120, check=True
    )

    assert "ray://127.0.0.1:10001 can't be driven from here" in run.stdout
    assert "`searcher submit --address http://HOST:8265`" in run.stdout
