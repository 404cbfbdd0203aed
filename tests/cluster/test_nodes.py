"""What a cluster has, and why somebody waits."""

import json
import sys
import time

import pytest
from typer.testing import CliRunner

from cluster.head import Head
from cluster.jobs import Jobs
from cluster.nodes import Node, Resources, Standing, described, standing, why_not
from searcher.cli.app import app

WAITS = """
import time, ray
from ray.util.placement_group import placement_group
ray.init(address='auto')
groups = [placement_group([{'GPU': 1}]), placement_group([{'CPU': 1}, {'CPU': 2}])]
task = ray.remote(num_cpus=3)(lambda: 1).remote()
time.sleep(600)
"""


def machine(cpus: float, gpus: float = 0.0) -> Node:
    total = {"CPU": cpus, "GPU": gpus, "memory": 2.0**33}
    return Node(f"node of {cpus:g}", "10.0.0.1", False, total, total)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ([{"GPU": 1.0}], "no node has 1 GPU"),
        ([{"CPU": 5.0}], "no node has 5 CPU"),
        ([{"CPU": 1.0}, {"CPU": 1.0, "GPU": 1.0}], "no node has 1 CPU, 1 GPU"),
        ([{"CPU": 4.0}, {"CPU": 3.0}], "all nodes together do not have 7 CPU"),
        ([{"memory": 2.0**34}], "no node has 16.0 GiB"),
        ([{"CPU": 2.0}, {"CPU": 4.0}], "what fits is taken"),
        ([{}], "what fits is taken"),
    ],
)
def test_it_is_said_why_something_waits(asked: list[Resources], reason: str) -> None:
    assert why_not(asked, [machine(2), machine(4)]) == reason


def test_an_empty_cluster_has_nothing() -> None:
    assert why_not([{"CPU": 1.0}], []) == "no node has 1 CPU"
    assert described({}) == "nothing"


@pytest.mark.ray
@pytest.mark.slow
def test_who_waits_on_a_cluster_is_named_by_its_job_with_the_reason(jobs: Jobs) -> None:
    jobs.start("waits", f'{sys.executable} -c "{WAITS}"', runtime_env={}, metadata={})
    try:
        found = wait_for_waiting(Head(jobs.address), 3)
        said = CliRunner().invoke(app, ["cluster", "nodes", "--address", jobs.address])
        as_json = CliRunner().invoke(
            app, ["cluster", "nodes", "--address", jobs.address, "--format", "json"]
        )
    finally:
        jobs.stop("waits")

    (node,) = found.nodes
    assert (node.is_head, node.total["CPU"], node.free["CPU"]) == (True, 2.0, 2.0)
    told = {
        (one.job_id, " + ".join(map(described, one.bundles)), one.reason) for one in found.waiting
    }
    assert told == {
        ("waits", "1 GPU", "no node has 1 GPU"),
        ("waits", "1 CPU + 2 CPU", "all nodes together do not have 3 CPU"),
        (None, "3 CPU", "no node has 3 CPU"),
    }
    assert "no node has 1 GPU" in said.stdout
    assert len(json.loads(as_json.stdout)["waiting"]) == 3


def wait_for_waiting(head: Head, number: int) -> Standing:
    until = time.monotonic() + 60
    while True:
        found = standing(head)
        if len(found.waiting) == number:
            return found
        assert time.monotonic() < until, found
        time.sleep(0.5)
