"""What we give to Kubernetes is right, safe and whole; and each check notices when it is not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.k8s.linter import SKIPPED, lint
from tests.k8s.mutations import MUTATIONS, Mutation
from tests.k8s.network_plan import network
from tests.k8s.operator_rules import operator_rules
from tests.k8s.pods import containers, labels, pods
from tests.k8s.queues import queues
from tests.k8s.references import references
from tests.k8s.rendering import EVERY, ROOT, Document, deployment
from tests.k8s.restricted import restricted
from tests.k8s.schemas import schema_errors

CHECKS: dict[str, Callable[[list[Document]], list[str]]] = {
    "operator": operator_rules,
    "restricted": restricted,
    "references": references,
    "network": network,
    "queues": queues,
    "lint": lint,
}

FILES = {
    path for folder in ("k8s", "cluster/kubernetes/search") for path in (ROOT / folder).rglob("*")
}


def _findings(check: str, documents: list[Document], schemas: Path) -> list[str]:
    if check == "schema":
        return schema_errors(documents, schemas)
    return CHECKS[check](documents)


@pytest.mark.parametrize("check", ["schema", *CHECKS])
@pytest.mark.parametrize("name", EVERY)
def test_every_deployment_passes_every_check(name: str, check: str, schemas: Path) -> None:
    assert _findings(check, deployment(name), schemas) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_spoilt_manifest_is_noticed(mutation: Mutation, schemas: Path) -> None:
    documents = deployment(mutation.deployment)
    mutation.spoil(documents)

    findings = _findings(mutation.check, documents, schemas)

    assert any(mutation.says in finding for finding in findings), findings


def test_nothing_is_skipped_that_nothing_finds() -> None:
    there = {
        container["name"]
        for name in EVERY
        for pod in pods(deployment(name))
        for container in containers(pod)
    }

    assert {container for container, _ in SKIPPED} <= there


def test_the_pods_of_a_search_are_head_workers_and_submitter() -> None:
    roles = [
        labels(pod)["app.kubernetes.io/component"] for pod in pods(deployment("every component"))
    ]

    assert sorted(roles) == [
        *("backup", "backup", "database", "driver", "migration", "submitter", "worker", "worker")
    ]


def test_images_are_pinned_in_one_place() -> None:
    lines = [
        line.strip()
        for path in sorted(FILES)
        if path.suffix == ".yaml" and "images" not in path.parts
        for line in path.read_text().splitlines()
        if line.strip().startswith("image:")
    ]

    assert lines
    assert [line for line in lines if ":" in line.removeprefix("image:") or "@" in line] == []


def test_no_file_holds_a_secret() -> None:
    found = [
        path
        for path in sorted(FILES)
        if path.is_file() and ("secretGenerator" in path.read_text() or path.suffix == ".env")
    ]

    assert found == []


def test_the_migration_is_named_after_the_release_that_it_runs() -> None:
    images = (ROOT / "k8s/components/images/kustomization.yaml").read_text()
    project = (ROOT / "pyproject.toml").read_text()
    version = project.split('version = "')[1].split('"')[0]

    names = [x["metadata"]["name"] for x in deployment("local") if x["kind"] == "Job"]

    assert names == [f"migrate-{version.replace('.', '-')}"]
    assert f"- name: searcher\n    newTag: {version}\n" in images
