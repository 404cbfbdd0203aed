"""Which jobs of a cluster are those of a name, and which cluster is here."""

import pytest

from cluster.head import is_here
from cluster.jobs import number_of


@pytest.mark.parametrize("name", ["churn", "churn--2", "a-1", "--", "20260131-120000-a1b2c3"])
def test_the_jobs_of_a_name_are_counted(name: str) -> None:
    ids = name, f"{name}.2", f"{name}.3", f"{name}.10"

    assert [number_of(job_id, name) for job_id in ids] == [1, 2, 3, 10]


@pytest.mark.parametrize(
    "job_id",
    ["", "raysubmit_xyz", "churn--2", "churn.", "churn.b", "churn.2.3", "churn.-1", "churn.02",
     "churn.2\n", "churn.٣", "churns", "churns.2", "a.churn", "Churn"],
)  # fmt: skip
def test_a_job_of_another_name_is_none_of_them(job_id: str) -> None:
    assert number_of(job_id, "churn") is None


def test_a_name_is_no_pattern() -> None:
    assert number_of("xx.2", "..") is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_head_at_a_loopback_address_is_here(host: str) -> None:
    assert is_here(f"http://{host}:8265")


@pytest.mark.parametrize("host", ["head", "10.0.0.1", "localhost.example.org"])
def test_a_head_at_another_address_is_elsewhere(host: str) -> None:
    assert not is_here(f"http://{host}:8265")
