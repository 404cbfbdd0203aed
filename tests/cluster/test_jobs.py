"""Jobs of a real head that is protected by a token."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.head import ClusterError
from cluster.jobs import Job, Jobs
from tests.cluster.heads import Head, free_ports

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def wait_for(jobs: Jobs, job_id: str, claim: Callable[[Job], bool]) -> Job:
    until = time.monotonic() + 90
    while True:
        job = jobs.find(job_id)
        assert job is not None
        if claim(job):
            return job
        assert time.monotonic() < until, job
        time.sleep(0.2)


def python(code: str) -> str:
    return f'{sys.executable} -c "{code}"'


def test_a_job_runs_with_its_folder_and_its_environment_and_tells_what_it_wrote(
    jobs: Jobs, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text("NAME = 'taken along'")
    code = "import mine, os; print(mine.NAME, os.environ['WHERE'])"
    environment = {"working_dir": str(tmp_path), "env_vars": {"WHERE": "here"}}

    jobs.start("one", python(code), runtime_env=environment, metadata={})

    ended = wait_for(jobs, "one", lambda job: job.is_over)
    assert ended.state == "SUCCEEDED", jobs.logs("one")
    assert "taken along here" in jobs.logs("one")


def test_a_job_of_the_same_name_is_started_once_until_it_is_over(jobs: Jobs) -> None:
    name = "two--2"  # a search may be called so
    waits = python("import time; time.sleep(600)")
    jobs.start(name, waits, runtime_env={}, metadata={})
    wait_for(jobs, name, lambda job: job.state == "RUNNING")

    again = jobs.start(name, python("print(1)"), runtime_env={}, metadata={})
    jobs.stop(name)
    stopped = wait_for(jobs, name, lambda job: job.is_over)
    jobs.start(name, python("print('anew')"), runtime_env={}, metadata={})

    assert (again.state, stopped.state) == ("RUNNING", "STOPPED")
    ended = wait_for(jobs, name, lambda job: job.is_over)
    assert (ended.job_id, ended.state) == ("two--2.2", "SUCCEEDED"), ended
    assert "anew" in jobs.logs(name)
    assert jobs.find("two") is None


def test_a_job_that_nobody_knows_is_none(jobs: Jobs) -> None:
    assert jobs.find("nobody") is None
    with pytest.raises(ClusterError, match="knows no job nobody"):
        jobs.logs("nobody")


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_without_the_right_token_nothing_is_told(head: Head, tmp_path: Path, token: str) -> None:
    """In a process of its own: Ray (2.60) reads its token once."""
    given = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token} if token else {}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    code = f"from cluster.jobs import Jobs; Jobs({head.address!r})"

    done = subprocess.run(
        [sys.executable, "-c", code],
        env=clean | {"HOME": str(tmp_path)} | given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 1
    assert "refuses the token, or there is none" in done.stderr


def test_an_address_in_the_environment_does_not_replace_the_one_that_was_asked(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "http://127.0.0.1:1")

    assert Jobs(jobs.address).find("nobody") is None


def test_where_nobody_listens_no_cluster_answers() -> None:
    (port,) = free_ports(1)

    with pytest.raises(ClusterError, match="no cluster answers at"):
        Jobs(f"http://127.0.0.1:{port}")


@pytest.mark.parametrize("address", ["auto", "ray://head:10001", "head:8265", "http://"])
def test_only_the_address_of_a_dashboard_is_one(address: str) -> None:
    with pytest.raises(ClusterError, match="must be that of a head's dashboard"):
        Jobs(address)
