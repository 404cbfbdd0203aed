"""Whoever lacks the token of a real head gets in by no entry that it has."""

import signal
import subprocess
from collections.abc import Iterator

import pytest

from cluster.tokens import CLUSTER_ID, PING, ping
from tests.cluster import entries
from tests.cluster.heads import Head

pytestmark = [pytest.mark.ray, pytest.mark.slow]

TOKENS = {"no token": "", "a wrong token": "0" * 64}
ENTRIES = "driver", "client", "worker"

OPEN_PAGES = {
    ("GET", "/"),  # the empty page, which asks for the token
    ("GET", "/favicon.ico"),
    ("GET", "/api/authentication_mode"),
    ("GET", "/api/gcs_healthz"),
    ("GET", "/api/healthz"),
    ("GET", "/api/local_raylet_healthz"),
}
"""What docs/security.md means by health checks and the dashboard's empty page; and no more."""


SURELY_ASKED = {
    ("POST", "/api/jobs/"),
    ("POST", "/api/jobs/x/stop"),
    ("DELETE", "/api/jobs/x"),
    ("POST", "/api/job_agent/jobs/"),
    ("PUT", "/api/packages/x/x"),
    ("DELETE", "/api/serve/applications/"),
    ("GET", "/nodes"),
    ("GET", "/api/v0/tasks"),
    ("GET", "/api/v0/logs/x"),
    ("GET", "/api/cluster_status"),
}
"""Some of the pages, or reading Ray's source for them would find fewer one day unnoticed."""


@pytest.fixture(scope="module")
def whole(head: Head) -> Head:
    """The head once all of it listens: what comes last are its agent and its clients' server."""
    head.wait_for(int(head.clients.rpartition(":")[2]))
    head.wait_for(head.agent)
    return head


@pytest.fixture(scope="module")
def tried(whole: Head) -> Iterator[dict[tuple[str, str], "subprocess.Popen[str]"]]:
    """One process for each way in and each token, all started at once."""
    started = {
        (entry, name): entries.start(whole, entry, token)
        for name, token in TOKENS.items()
        for entry in ENTRIES
    }
    yield started
    for process in started.values():
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("entry", ENTRIES)
def test_nobody_joins_without_the_right_token(
    tried: dict[tuple[str, str], "subprocess.Popen[str]"], entry: str, name: str
) -> None:
    process = tried[entry, name]

    said, _ = process.communicate(timeout=120)

    assert process.returncode == 1, said
    assert "joined" not in said
    assert ("ray client connection timeout" if entry == "client" else "InvalidAuthToken") in said


def test_with_the_token_drivers_and_workers_join_and_no_other_node_has(
    tried: dict[tuple[str, str], "subprocess.Popen[str]"], whole: Head
) -> None:
    for process in tried.values():
        process.wait(120)
    before = entries.nodes(whole)

    driver, worker = (
        entries.start(whole, entry, whole.token, patient=True) for entry in ("driver", "worker")
    )
    try:
        said, _ = driver.communicate(timeout=120)
        entries.wait_for_nodes(whole, 2)
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=60)

    assert before == 1
    assert "joined" in said


@pytest.mark.parametrize("name", TOKENS)
def test_no_method_of_any_port_is_called_without_the_right_token(whole: Head, name: str) -> None:
    answers = {port.process: entries.called(port, TOKENS[name]) for port in entries.ports(whole)}

    found = {who: set(said.values()) for who, said in answers.items() if said}
    assert {"gcs_server", "raylet/raylet", "client.server"} <= set(found)
    refused = {"UNAUTHENTICATED", "UNIMPLEMENTED"}
    assert all(codes <= refused for codes in found.values()), found
    assert answers["gcs_server"][CLUSTER_ID] == "UNAUTHENTICATED"
    assert answers["client.server"][PING] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("process", "method", "message"),
    [("gcs_server", CLUSTER_ID, b""), ("client.server", PING, ping())],
)
def test_with_the_token_methods_are_called(
    whole: Head, process: str, method: str, message: bytes
) -> None:
    (port,) = [port for port in entries.ports(whole) if port.process == process]

    with entries.grpc.insecure_channel(f"127.0.0.1:{port.number}") as channel:
        metadata = [("authorization", f"Bearer {whole.token}")]
        answer = channel.unary_unary(method)(message, metadata=metadata, timeout=10)

    assert answer


@pytest.mark.parametrize("name", TOKENS)
def test_no_page_but_those_that_docs_security_names_answers_without_the_right_token(
    whole: Head, name: str
) -> None:
    dashboard = list(entries.asked(whole.address, TOKENS[name]))
    agent = list(entries.asked(f"http://127.0.0.1:{whole.agent}", TOKENS[name]))

    answered = {(method, path) for method, path, code in dashboard if code not in (401, 403)}
    assert answered == OPEN_PAGES
    assert {(method, path) for method, path, code in agent if code not in (401, 403)} == {
        ("GET", "/api/healthz"),
        ("GET", "/api/local_raylet_healthz"),
    }
    assert {(method, path) for method, path, _ in dashboard} >= SURELY_ASKED


def test_metrics_are_all_that_other_ports_tell_and_only_those_of_docs_security(whole: Head) -> None:
    told = {port.process for port in entries.ports(whole) if entries.tells_metrics(port)}

    assert "ray::DashboardAgent" in told
    # The ports of the two others are the same for all of Ray (2.60) on a machine: one has them.
    assert told <= {"ray::DashboardAgent", "dashboard.py", "monitor.py"}
