"""A cluster that asks for no token and that others reach is used only where that was allowed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.apart import Apart, open_head
from tests.searcher.store.records_factory import SEARCH_ID, fill, make_records

FLAG = "--allow-unauthenticated"
MEANS = "asks for no token: anyone who reaches it over the network may run code there"


@pytest.fixture(scope="module")
def apart() -> Iterator[Apart]:
    with open_head() as found:
        yield found


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "spec.yaml"
    path.write_text("{name: a, data: {path: 'sklearn:iris'}, families: [naive_bayes], seed: 1}")
    return str(path)


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize("way", ["submit", "run", "run as client", "logs", "nodes"])
def test_a_command_refuses_a_head_without_a_token_and_says_what_that_means(
    apart: Apart, spec: str, tmp_path: Path, way: str
) -> None:
    url, store = apart.head.address, f"sqlite:///{tmp_path}/store.db"
    quick = "--skip-exports", "--skip-training", "--store", store
    words = {
        "submit": ["submit", spec, "--address", url, *quick],
        "run": ["run", spec, "--address", apart.head.store, *quick],
        "run as client": ["run", spec, "--address", f"ray://{apart.head.clients}", *quick],
        "logs": ["logs", SEARCH_ID, "--address", url, "--store", store],
        "nodes": ["cluster", "nodes", "--address", url],
    }
    if way == "logs":
        fill(store, make_records())

    said = apart.searcher(*words[way])

    assert said.code == 2, said
    assert MEANS in said.err
    assert FLAG in said.err
    assert "Traceback" not in said.err
    assert said.out == ""
    assert (tmp_path / "store.db").exists() == (way == "logs")


@pytest.mark.ray
@pytest.mark.slow
def test_where_it_was_allowed_one_line_says_what_it_means_and_the_command_goes_on(
    apart: Apart,
) -> None:
    words = "cluster", "nodes", "--address", apart.head.address, FLAG

    said, quiet = apart.searcher(*words), apart.searcher(*words, "--quiet")

    assert (said.code, quiet.code) == (0, 0), said
    assert [line for line in said.err.splitlines() if MEANS in line] == [
        f"the cluster at {apart.head.address} {MEANS}, with all rights of its user"
    ]
    assert "head" in said.out
    assert quiet.err == ""
    assert apart.cores(apart.head.store) == 2


@pytest.mark.ray
@pytest.mark.slow
def test_a_head_without_a_token_at_an_address_of_this_machine_is_used_without_a_word(
    apart: Apart,
) -> None:
    here = f"http://127.0.0.1:{apart.head.address.rpartition(':')[2]}"

    said = apart.searcher("cluster", "nodes", "--address", here, "--quiet")

    assert (said.code, said.err) == (0, "")
    assert "head" in said.out
    assert apart.cores("127.0.0.1:" + apart.head.store.rpartition(":")[2], allowed=False) == 2


START = """
from cluster.session import connect, stay_connected
from cluster.head import UnauthenticatedError
import ray
for start in (lambda: connect(cpus=1).__enter__(), lambda: stay_connected(cpus=1)):
    try:
        start()
    except UnauthenticatedError as error:
        print(error)
print(ray.is_initialized())
"""


@pytest.mark.ray
@pytest.mark.slow
def test_ray_is_not_started_without_a_token_because_the_environment_says_so() -> None:
    environment = os.environ | {"RAY_AUTH_MODE": "disabled"}

    done = subprocess.run(
        [sys.executable, "-c", START], env=environment, capture_output=True, text=True, check=True
    )

    *refusals, started = done.stdout.splitlines()
    assert len(refusals) == 2
    assert all(f"where RAY_AUTH_MODE is 'disabled', {MEANS}" in one for one in refusals)
    assert started == "False"
