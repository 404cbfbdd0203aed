"""RayJobs asked for by the official client, of a server that keeps to the schemas."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.head import ClusterError
from cluster.kubernetes import jobs as module
from cluster.kubernetes.jobs import RayJobs
from cluster.kubernetes.objects import objects
from cluster.kubernetes.wanted import Wanted
from tests.cluster.api_server import ApiServer, api_server, kubeconfig
from tests.cluster.heads import free_ports
from tests.k8s.conftest import schemas  # noqa: F401  (asked for by name)

POLICIES = ["search-churn", "search-churn-dashboard", "search-churn-submitter"]


@pytest.fixture
def server(
    schemas: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ApiServer]:
    with api_server(schemas) as started:
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, started.url)))
        yield started


def start(jobs: RayJobs, wanted: Wanted | None = None) -> module.Job:
    return jobs.start("churn", objects("churn", wanted or Wanted()))


def names(server: ApiServer, kind: str) -> list[str]:
    return sorted(one["metadata"]["name"] for one in server.of(kind))


def test_a_search_gets_its_rayjob_and_all_that_belongs_to_it(server: ApiServer) -> None:
    jobs = RayJobs("searcher")

    assert jobs.find("churn") is None
    made = start(jobs)

    assert (made.name, made.state, made.is_new, made.is_over) == (
        "search-churn",
        "New",
        True,
        False,
    )
    assert names(server, "NetworkPolicy") == POLICIES
    assert names(server, "PodDisruptionBudget") == ["search-churn"]
    (job,) = server.of("RayJob")
    belonging = [*server.of("NetworkPolicy"), *server.of("PodDisruptionBudget")]
    owners = [one["metadata"]["ownerReferences"][0]["uid"] for one in belonging]
    assert owners == [job["metadata"]["uid"]] * 4


def test_a_second_start_leaves_a_rayjob_alone_until_it_is_over(server: ApiServer) -> None:
    jobs = RayJobs("searcher")
    first = start(jobs)
    server.end("search-churn", "Running")

    second = start(jobs, Wanted(head_memory="8Gi"))

    assert (second.uid, second.state, second.is_new) == (first.uid, "Running", False)
    assert len(server.of("RayJob")) == 1
    assert not [asked for asked in server.requests if asked.startswith("DELETE")]


@pytest.mark.parametrize(
    ("state", "held"), [("Complete", 0), ("Failed", 2), ("ValidationFailed", 0)]
)
def test_a_rayjob_that_is_over_makes_way_for_a_new_one(
    server: ApiServer, state: str, held: int
) -> None:
    server.held = held
    jobs = RayJobs("searcher")
    first = start(jobs)
    server.end("search-churn", state)

    second = start(jobs, Wanted(head_memory="8Gi"))

    (job,) = server.of("RayJob")
    assert second.is_new
    assert second.uid == job["metadata"]["uid"] != first.uid
    assert names(server, "NetworkPolicy") == POLICIES
    assert {one["metadata"]["ownerReferences"][0]["uid"] for one in server.of("NetworkPolicy")} == {
        second.uid
    }


def test_one_that_somebody_has_just_deleted_is_waited_for(server: ApiServer) -> None:
    jobs = RayJobs("searcher")
    first = start(jobs)
    server.end("search-churn", "Running")
    server.answer("DELETE", "/apis/ray.io/v1/namespaces/searcher/rayjobs/search-churn", {}, None)

    second = start(jobs)

    assert second.is_new
    assert second.uid != first.uid


def test_an_operator_that_does_not_let_go_is_not_waited_for_for_ever(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.held = 1000
    monkeypatch.setattr(module, "GONE_S", 0.3)
    jobs = RayJobs("searcher")
    start(jobs)
    server.end("search-churn", "Failed")

    with pytest.raises(ClusterError, match=r"search-churn, which is over \(Failed\), does not go"):
        start(jobs)


def test_what_a_client_that_died_left_out_is_made_the_next_time(server: ApiServer) -> None:
    jobs = RayJobs("searcher")
    first = start(jobs)
    del server.objects["searcher", "networkpolicies", "search-churn-submitter"]

    second = start(jobs)

    assert second.uid == first.uid
    assert names(server, "NetworkPolicy") == POLICIES


def test_what_is_left_of_another_rayjob_makes_way(server: ApiServer) -> None:
    jobs = RayJobs("searcher")
    start(jobs)
    policies = {key: one for key, one in server.objects.items() if one["kind"] == "NetworkPolicy"}
    server.objects = dict(policies)  # the RayJob is gone, and nobody has cleared up yet

    second = start(jobs)

    owners = [one["metadata"]["ownerReferences"][0]["uid"] for one in server.of("NetworkPolicy")]
    assert owners == [second.uid] * 3


def test_the_newest_submitter_says_what_the_driver_wrote(server: ApiServer) -> None:
    own = {
        "app.kubernetes.io/instance": "churn",
        "app.kubernetes.io/component": "submitter",
    }
    server.has_pod("b", own, "2026-01-02T00:00:00Z", "the second – 'quoted'\n")
    server.has_pod("a", own, "2026-01-01T00:00:00Z", "the first\n")
    server.has_pod("c", own | {"app.kubernetes.io/instance": "x"}, "2026-01-03T00:00:00Z", "other")
    jobs = RayJobs("searcher")

    assert jobs.logs("churn") == "the second – 'quoted'\n"
    with pytest.raises(ClusterError, match="no submitter of search other in the namespace"):
        jobs.logs("other")


def test_what_the_schemas_refuse_is_refused_with_the_servers_words(server: ApiServer) -> None:
    spoilt = objects("churn", Wanted())
    spoilt[0]["spec"]["entryPoint"] = "x"

    with pytest.raises(ClusterError, match=r"Kubernetes refuses: .*entryPoint"):
        RayJobs("searcher").start("churn", spoilt)


def test_without_the_operator_it_is_said_what_is_missing(server: ApiServer) -> None:
    server.has_operator = False

    with pytest.raises(ClusterError, match="404 Not Found; is KubeRay installed"):
        RayJobs("searcher").find("churn")


def test_without_the_right_token_nothing_is_told(
    server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, server.url, "another")))

    with pytest.raises(ClusterError, match="Unauthorized; k8s/README"):
        RayJobs("searcher").find("churn")


def test_where_nobody_listens_no_server_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig(tmp_path, url)))

    with pytest.raises(ClusterError, match="no API server of Kubernetes answers"):
        RayJobs("searcher").find("churn")


def test_who_is_nowhere_is_told_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))

    with pytest.raises(ClusterError, match="set KUBECONFIG"):
        RayJobs("searcher")


def test_without_the_client_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)

    with pytest.raises(ClusterError, match=r"pip install 'searcher\[kubernetes\]'"):
        RayJobs("searcher")


def test_the_client_is_imported_only_where_it_is_used() -> None:
    code = (
        "import sys, cluster.kubernetes.jobs, searcher.cli.app; print('kubernetes' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"
