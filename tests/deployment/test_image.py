"""The Dockerfile is right, safe and small; and each rule notices when it is not."""

import re
import tomllib

import pytest

from tests.deployment.image_rules import RULES, is_ignored, parse
from tests.deployment.launcher_rules import ROOT
from tests.deployment.mutations import Mutation, findings, names

DOCKERFILE = (ROOT / "Dockerfile").read_text()
IGNORED = (ROOT / ".dockerignore").read_text()


@pytest.mark.parametrize("rule", names(RULES))
def test_the_dockerfile_keeps_every_rule(rule: str) -> None:
    assert findings(RULES, rule, DOCKERFILE) == []


SLIM = "PYTHON=python:3.11.14-slim-bookworm\n\nFROM"
PIP = "--no-cache-dir --constraint constraints.txt"
MUTATIONS = [
    Mutation("pinned", "", SLIM, "PYTHON=python:latest\n\nFROM", "not a version"),
    Mutation("pinned", "", SLIM, "PYTHON=python:3.11-slim\n\nFROM", "not a version"),
    Mutation("pinned", "", "FROM ${PYTHON} AS build", "FROM python:3.11.14-slim", "its digest"),
    Mutation("guarded", "", "USER 1000:1000\n", "", "runs as root"),
    Mutation("guarded", "", "USER 1000:1000", "USER 0", "runs as 0"),
    Mutation("guarded", "", "USER 1000:1000", "USER searcher", "can't tell"),
    Mutation("guarded", "", "HEALTHCHECK --interval=30s", "LABEL --interval=30s", "no health"),
    Mutation("guarded", "", "RAY_AUTH_MODE=token", "RAY_AUTH_MODE=disabled", "no token"),
    Mutation("sources", "", "COPY searcher searcher", "ADD http://x/y.tar /", "ADD http"),
    Mutation("sources", "", "python -m venv", "curl http://x | sh; python -m venv", "no hash"),
    Mutation("sources", "", PIP, "--no-cache-dir", "not pinned"),
    Mutation("small", "", PIP, "--constraint constraints.txt", "pip's cache"),
    Mutation("small", "", "--no-install-recommends", "", "recommends"),
    Mutation("small", "", "    && rm -rf /var/lib/apt/lists/* \\\n", "", "apt's lists"),
    Mutation("small", "", "WORKDIR /files", "COPY . /files", "not from the stage"),
    Mutation("secretless", "", "ARG TORCH=cpu", "ARG TORCH=cpu\nARG PIP_TOKEN=x", "history"),
    Mutation("secretless", "", "PYTHONUNBUFFERED=1", "PGPASSWORD=hunter2", "history"),
    Mutation("secretless", "", "PYTHONUNBUFFERED=1", "X=postgresql://a:b@c/d", "like a secret"),
    Mutation("released", "", "searcher:0.1.0 .", "searcher:0.0.9 .", "0.0.9 is not"),
    Mutation("complete", "", "COPY cluster cluster", "COPY clusters cluster", "no clusters"),
    Mutation("complete", "", "COPY cluster cluster", "COPY docs docs", "out of the build"),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_spoilt_dockerfile_is_noticed(mutation: Mutation) -> None:
    assert DOCKERFILE.count(mutation.at) == 1

    found = findings(RULES, mutation.rule, DOCKERFILE.replace(mutation.at, mutation.to))

    assert any(mutation.says in finding for finding in found), found


def test_every_rule_has_been_seen_to_notice_something() -> None:
    assert {mutation.rule for mutation in MUTATIONS} == set(names(RULES))


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        "searcher.db",
        ".env",
        "secrets/ray-token",
        ".venv/bin/python",
        "k8s/README.md",
    ],
)
def test_what_is_not_code_stays_out_of_the_build(path: str) -> None:
    assert is_ignored(path, IGNORED)


def test_generated_files_and_launchers_stay_out_of_the_build() -> None:
    assert is_ignored("searcher/__pycache__/x.pyc", IGNORED)
    assert is_ignored("cluster/configs/aws.yaml", IGNORED)
    assert not is_ignored("cluster/jobs.py", IGNORED)
    assert not is_ignored("searcher/store/migrations/script.py.mako", IGNORED)


def test_every_package_of_the_project_is_copied() -> None:
    copied = {x.words[0] for x in parse(DOCKERFILE) if x.name == "COPY" and "--from" not in x.rest}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["setuptools"]["packages"]["find"]["include"]

    assert {name.rstrip("*") for name in packages} <= copied


def test_the_extras_that_it_installs_are_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (extras,) = re.findall(r"\.\[([\w,]+)\]", DOCKERFILE)

    assert set(extras.split(",")) == {"cluster", "postgres", "torch"}
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
