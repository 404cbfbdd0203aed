"""compose.yaml is right, safe and whole; and each rule notices when it is not."""

import copy
import re
from functools import cache
from typing import Any

import pytest
import yaml

from tests.deployment.compose_rules import KNOWS, RULES, TALKS
from tests.deployment.launcher_rules import ROOT
from tests.deployment.mutations import Mutation, findings, names
from tests.k8s.references import SECRETS
from tests.k8s.rendering import DROP, change

PATH = ROOT / "compose.yaml"


@cache
def _read() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(PATH.read_text())
    return loaded


@pytest.mark.parametrize("rule", names(RULES))
def test_the_file_keeps_every_rule(rule: str) -> None:
    assert findings(RULES, rule, _read()) == []


HEAD, WORKER, DATABASE = "/services/head", "/services/worker", "/services/database"
MIGRATE = "/services/migrate"
STORE = "postgresql+psycopg://a@db:5432/x"
OWNERS = [{"source": "database-owner", "target": "owner"}]
MUTATIONS = [
    Mutation("shape", "", f"{HEAD}/healtcheck", {}, "healtcheck"),
    Mutation("shape", "", f"{HEAD}/deploy/resources/limits/memory", "4GiB", "memory"),
    Mutation("shape", "", f"{HEAD}/depends_on/migrate/condition", "service_done", "condition"),
    Mutation("shape", "", "/network", {}, "network"),
    Mutation("references", "", "/networks/cluster", DROP, "no network cluster"),
    Mutation("references", "", "/volumes/files", DROP, "no volume files"),
    Mutation("references", "", "/volumes/more", {}, "volume more is not used"),
    Mutation("references", "", "/secrets/ray-token", DROP, "no secret ray-token"),
    Mutation("references", "", f"{HEAD}/depends_on/db", {"condition": "service_healthy"}, "db"),
    Mutation("references", "", f"{DATABASE}/healthcheck", DROP, "nobody asks after"),
    Mutation("references", "", f"{MIGRATE}/restart", "always", "which is started again"),
    Mutation("references", "", f"{DATABASE}/volumes/1", "./k8s/r.sql:/x:ro", "no file ./k8s"),
    Mutation("references", "", f"{MIGRATE}/secrets", [], "/run/secrets/database-owner is no"),
    Mutation("references", "", f"{DATABASE}/secrets", OWNERS, "/run/secrets/admin/password is"),
    Mutation("references", "", f"{HEAD}/environment/SEARCHER_STORE", STORE, "no service db"),
    Mutation("references", "", f"{WORKER}/command/3", "--address=ray:6379", "no service ray"),
    Mutation(
        *("references", "", f"{HEAD}/networks/cluster/ipv4_address", "10.0.0.2"),
        says="10.0.0.2 is not in network cluster",
    ),
    Mutation("guarded", "", f"{DATABASE}/user", DROP, "runs as root"),
    Mutation("guarded", "", f"{HEAD}/user", "0:0", "runs as root"),
    Mutation("guarded", "", f"{HEAD}/read_only", False, "root file system"),
    Mutation("guarded", "", f"{WORKER}/cap_drop", DROP, "capabilities"),
    Mutation("guarded", "", f"{WORKER}/cap_add", ["SYS_ADMIN"], "capabilities"),
    Mutation("guarded", "", f"{WORKER}/security_opt", [], "gain privileges"),
    Mutation("guarded", "", f"{WORKER}/privileged", True, "shares the machine's"),
    Mutation("guarded", "", f"{WORKER}/network_mode", "host", "shares the machine's"),
    Mutation("guarded", "", f"{HEAD}/volumes/0", "/var/run/docker.sock:/x", "root of the machine"),
    Mutation("guarded", "", f"{MIGRATE}/deploy", DROP, "all of the machine"),
    Mutation("guarded", "", f"{MIGRATE}/logging", DROP, "fill the disk"),
    Mutation("healthy", "", f"{WORKER}/healthcheck", DROP, "nobody asks"),
    Mutation("healthy", "", f"{WORKER}/stop_grace_period", DROP, "ten seconds"),
    Mutation("network", "", f"{HEAD}/ports/0", "8265:8265", "publishes 8265"),
    Mutation("network", "", f"{DATABASE}/ports", ["127.0.0.1:5432:5432"], "publishes"),
    Mutation("network", "", f"{WORKER}/networks", ["cluster", "database"], "worker: is in"),
    Mutation("network", "", "/networks/cluster/internal", False, "leads outside"),
    Mutation("secrets", "", "/secrets/ray-token/file", "./token", "not asked for"),
    Mutation("secrets", "", "/secrets/ray-token/file", "${SECRETS:-.}/ray-token", "not asked"),
    Mutation("secrets", "", f"{WORKER}/secrets", ["ray-token", "database-app"], "worker: knows"),
    Mutation("secrets", "", f"{HEAD}/environment/PGPASSWORD", "x", "in its environment"),
    Mutation("secrets", "", f"{HEAD}/environment/RAY_AUTH_TOKEN", "x", "in its environment"),
    Mutation("secrets", "", f"{HEAD}/environment/URL", "postgresql://a:b@c/d", "like a secret"),
    Mutation("images", "", f"{DATABASE}/image", "postgres:latest", "not pinned"),
    Mutation("images", "", f"{DATABASE}/image", "postgres:16", "what Kubernetes gets"),
    Mutation("images", "", f"{HEAD}/image", "searcher:0.0.9", "not this release"),
    Mutation("ray", "", f"{WORKER}/environment/RAY_AUTH_MODE", DROP, "what anyone sends"),
    Mutation("ray", "", f"{HEAD}/command/2", "exec ray start --head", "beside the database's"),
    Mutation("ray", "", f"{WORKER}/command/2", "--blocks", "no --blocks"),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_spoilt_file_is_noticed(mutation: Mutation) -> None:
    document = copy.deepcopy(_read())
    change(document, mutation.at, mutation.to)

    found = findings(RULES, mutation.rule, document)

    assert any(mutation.says in finding for finding in found), found


def test_every_rule_has_been_seen_to_notice_something() -> None:
    assert {mutation.rule for mutation in MUTATIONS} == set(names(RULES))


def test_there_are_a_head_two_workers_and_a_database() -> None:
    services = _read()["services"]

    assert set(services) == set(KNOWS) == set(TALKS)
    assert services["worker"]["deploy"]["replicas"] == 2


def test_its_passwords_are_those_of_kubernetes_and_its_first_lines_make_all_secrets() -> None:
    (told,) = re.findall(r"for name in (.+); do", PATH.read_text())

    assert set(_read()["secrets"]) == set(told.split()) == {*SECRETS, "ray-token"}
