"""`searcher submit --kubernetes`: what it prints, refuses, stores and creates."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from searcher.cli.app import app
from searcher.store import Store
from searcher.submitting import SUBMITTED
from tests.cluster.api_server import ApiServer, api_server, kubeconfig
from tests.k8s.conftest import schemas  # noqa: F401  (asked for by name)

SPEC: dict[str, Any] = {
    "name": "flowers",
    "data": {"path": "flowers.csv", "target": "kind"},
    "families": {"naive_bayes": None},
    "strategy": {"kind": "random"},
    "validation": {"outer": 2, "inner": 2},
    "budget": {"trials": 2},
    "seed": 3,
}
ROWS = "/data/flowers.csv"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a spec and its rows."""
    lines = [f"{i % 7},{i % 5},{'ab'[i % 2]}" for i in range(60)]
    (tmp_path / "flowers.csv").write_text("\n".join(["width,length,kind", *lines]))
    (tmp_path / "spec.json").write_text(json.dumps(SPEC))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEARCHER_STORE", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    return tmp_path


@pytest.fixture
def server(
    schemas: Path,  # noqa: F811
    desk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[ApiServer]:
    with api_server(schemas) as started:
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig(desk, started.url)))
        yield started


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words, prog_name="searcher")


def submit(*words: str) -> Result:
    return run("submit", "spec.json", "--kubernetes", "--skip-exports", "--skip-training", *words)


@pytest.fixture
def url(postgres_url: str) -> str:
    """A store as the installation's migration leaves it."""
    done = run("store", "upgrade", "--store", postgres_url)
    assert done.exit_code == 0, done.output
    return postgres_url


def test_a_dry_run_prints_the_objects_and_touches_neither_cluster_nor_store(desk: Path) -> None:
    groups = "--workers", "number=3,cpus=1", "--workers", "name=gpu,number=1,gpus=1"

    done = submit("--data", ROWS, "--search-id", "mine", "--dry-run", "--namespace", "t", *groups)

    assert done.exit_code == 0, done.output
    job, *others = yaml.safe_load_all(done.stdout)
    assert job["metadata"] | {"labels": None} == {
        "name": "search-mine",
        "labels": None,
        "namespace": "t",
    }
    groups_made = job["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    assert [(x["groupName"], x["replicas"]) for x in groups_made] == [("cpu", 3), ("gpu", 1)]
    assert len(others) == 4
    assert sorted(path.name for path in desk.iterdir()) == ["flowers.csv", "spec.json"]


def test_a_dry_run_holds_neither_the_store_nor_its_password(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCHER_STORE", "postgresql+psycopg://somebody:canary@nowhere/store")

    done = submit("--data", ROWS, "--dry-run")

    assert done.exit_code == 0, done.output
    assert "canary" not in done.output
    assert "nowhere" not in done.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "rows do not travel to Kubernetes. Copy flowers.csv into the folder _data"),
        (("--data", "flowers.csv"), "data: found 'flowers.csv'; pods see /data"),
        (("--data", "https://example.com/x.csv"), "nothing leaves their namespace"),
        (("--data", "/data/../etc/passwd"), "pods see /data"),
        (("--data", ROWS, "--output", "/out"), "what pods write outside of /files is lost"),
        (("--data", ROWS, "--working-dir", "."), "do not go with --kubernetes"),
        (("--data", ROWS, "--python", "python3"), "do not go with --kubernetes"),
        (("--data", ROWS, "--workers", "number=two"), "number: found 'two'"),
        (("--data", ROWS, "--workers", "cores=2"), "found 'cores=2' in 'cores=2'; allowed"),
        (("--data", ROWS, "--workers", "cpus=1,cpus=2"), "allowed, each once"),
        (("--data", ROWS, "--namespace", "A b"), "namespace: found 'A b'"),
        (("--data", ROWS, "--search-id", "a b"), "can't be an id"),
    ],
)
def test_what_can_not_work_there_is_refused(desk: Path, words: list[str], says: str) -> None:
    done = submit("--dry-run", *words)

    assert done.exit_code == 2, done.output
    assert says in " ".join(done.stderr.split())


def test_a_family_that_is_not_installed_is_refused(desk: Path) -> None:
    (desk / "own_family_here.py").write_text("class Mine: ...")
    families = {"own_family_here:Mine": None}
    (desk / "spec.json").write_text(json.dumps(SPEC | {"families": families}))

    done = submit("--data", ROWS, "--dry-run")

    assert done.exit_code == 2, done.output
    assert "families: own_family_here.py would have to go along" in done.stderr


def test_a_file_is_no_store_for_pods(desk: Path) -> None:
    done = submit("--data", ROWS)

    assert done.exit_code == 2, done.output
    assert "a file of this machine, which no pod sees" in done.stderr


def test_options_of_kubernetes_are_not_ignored_elsewhere(desk: Path) -> None:
    done = run("submit", "spec.json", "--address", "http://head:8265", "--dry-run")
    nowhere = run("submit", "spec.json")

    assert (done.exit_code, nowhere.exit_code) == (2, 2)
    assert "go with --kubernetes" in done.stderr
    assert "--address URL of a Ray cluster's head, or --kubernetes" in nowhere.stderr


@pytest.mark.slow
def test_a_search_is_begun_in_the_store_and_driven_by_a_rayjob_of_its_name(
    server: ApiServer, url: str
) -> None:
    where = "--store", url, "--search-id", "Mine_1", "--format", "json"

    first = submit("--data", ROWS, *where)
    second = submit("--data", ROWS, *where)
    (job,) = server.of("RayJob")
    server.end(job["metadata"]["name"], "Failed")
    third = submit("--data", "/data/moved.csv", *where)

    assert [x.exit_code for x in (first, second, third)] == [0, 0, 0], (first.output, third.output)
    answers = [json.loads(x.stdout) for x in (first, second, third)]
    assert [x["created"] for x in answers] == [True, False, True]
    assert {x["rayjob"] for x in answers} == {job["metadata"]["name"]}
    assert job["spec"]["entrypoint"] == "python -m searcher.cli.job Mine_1"
    with Store(url) as store:
        notes = [note.payload for note in store.events("Mine_1") if note.kind == SUBMITTED]
    assert [note["data"] for note in notes] == [ROWS, "/data/moved.csv"]
    assert {note["output"] for note in notes} == {"/files"}


@pytest.mark.slow
def test_a_rayjob_of_another_store_is_left_alone(server: ApiServer, url: str) -> None:
    other = submit("--data", ROWS, "--search-id", "mine", "--dry-run")
    (body, *_) = yaml.safe_load_all(other.stdout)
    server.answer("POST", "/apis/ray.io/v1/namespaces/searcher/rayjobs", {}, body)

    done = submit("--data", ROWS, "--search-id", "mine", "--store", url)

    assert done.exit_code == 2, done.output
    assert "for a search that is not in this store" in done.stderr


@pytest.mark.slow
def test_when_kubernetes_refuses_nothing_is_stored(server: ApiServer, url: str) -> None:
    server.has_operator = False

    done = submit("--data", ROWS, "--search-id", "mine", "--store", url)

    assert done.exit_code == 1, done.output
    assert "is KubeRay installed?" in done.stderr
    assert run("show", "mine", "--store", url).exit_code == 4


@pytest.mark.slow
def test_logs_and_stop_need_no_more_than_the_id(server: ApiServer, url: str) -> None:
    sent = submit("--data", ROWS, "--search-id", "mine", "--store", url)
    labels = {"app.kubernetes.io/instance": "mine", "app.kubernetes.io/component": "submitter"}
    server.has_pod("search-mine-x", labels, "2026-01-01T00:00:00Z", "trials 2/6\n")

    logs = run("logs", "mine", "--kubernetes", "--store", url)
    stop = run("stop", "mine", "--store", url)

    assert sent.exit_code == 0, sent.output
    assert "logs mine --kubernetes --namespace searcher" in sent.stderr
    assert (logs.exit_code, logs.stdout) == (0, "trials 2/6\n")
    assert stop.exit_code == 0, stop.output


@pytest.mark.slow
def test_who_follows_is_told_when_the_rayjob_is_over(
    server: ApiServer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("searcher.cli.looking_on.ASK_S", 0.0)
    sent = submit("--data", ROWS, "--search-id", "mine", "--store", url)
    server.end("search-mine", "Running")
    create = server.answer

    def fails_soon(verb: str, path: str, query: Any, body: Any) -> Any:
        answer = create(verb, path, query, body)
        if verb == "GET" and len(server.requests) > 12:
            server.end("search-mine", "Failed")
        return answer

    monkeypatch.setattr(server, "answer", fails_soon)
    done = submit("--data", ROWS, "--search-id", "mine", "--store", url, "--follow")

    assert sent.exit_code == 0, sent.output
    assert done.exit_code == 1, done.output
    assert "`searcher logs mine --kubernetes --namespace searcher`" in done.stderr
