"""Files for Ray's launcher: right, safe and whole; and each rule notices when they are not."""

import copy
import re
from functools import cache

import pytest
import yaml
from typer.main import get_command

from searcher.cli.app import app
from tests.deployment.launcher_rules import CONFIGS, RULES, Config, version
from tests.deployment.mutations import Mutation, findings, names
from tests.k8s.rendering import DROP, change

NAMES = ("local", "aws", "gcp")
README = (CONFIGS / "README.md").read_text()


@cache
def _read(name: str) -> Config:
    loaded: Config = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())
    return loaded


@pytest.mark.parametrize("rule", names(RULES))
@pytest.mark.parametrize("name", NAMES)
def test_every_file_keeps_every_rule(name: str, rule: str) -> None:
    assert findings(RULES, rule, copy.deepcopy(_read(name))) == []


HEAD = "/head_start_ray_commands/1"
WORKER = "/worker_start_ray_commands/1"
NODE = "/available_node_types/worker/node_config"
OF_HEAD = "/available_node_types/head"
OLD_WHEEL = "dist/searcher-0.0.9-py3-none-any.whl"
MUTATIONS = [
    Mutation("schema", "aws", "/max_worker", 3, "max_worker"),
    Mutation("schema", "gcp", "/head_node_type", "heads", "head_node_type"),
    Mutation("schema", "local", "/docker", {"images": "x"}, "images"),
    Mutation("schema", "aws", "/available_node_types/worker/min_workers", 9, "max_workers"),
    Mutation("tokens", "local", HEAD, "ray start --head", "runs what anyone sends"),
    Mutation("tokens", "aws", WORKER, "RAY_AUTH_MODE=disabled ray start", "runs what anyone"),
    Mutation("tokens", "aws", WORKER, "true", "worker: Ray is not started"),
    Mutation("tokens", "gcp", "/file_mounts/~0~1.ray~1auth_token", DROP, "don't get the token"),
    Mutation("tokens", "gcp", "/file_mounts/~0~1.ray~1auth_token", "token", "in the repository"),
    Mutation("secrets", "local", HEAD, "RAY_AUTH_TOKEN=x ray start --head", "like a secret"),
    Mutation("secrets", "aws", "/provider/key", "AKIA" + "A" * 16, "like a secret"),
    Mutation("secrets", "gcp", "/provider/gcp_credentials", {"type": "x"}, "like a secret"),
    Mutation("secrets", "local", "/setup_commands/0", "echo " + "0f" * 32, "like a secret"),
    Mutation("secrets", "local", "/setup_commands/0", "x postgresql://a:b@c/d", "like a secret"),
    Mutation("secrets", "local", "/auth/password", "hunter2", "like a secret"),
    Mutation("secrets", "aws", "/file_mounts/~0~1.pgpass", "~/.pgpass", "every node"),
    Mutation("head", "aws", HEAD, "ray start --head --dashboard-host=127.0.0.1", "on the head"),
    Mutation("head", "gcp", HEAD, "ray start --num-cpus=0 --dashboard-host=0.0.0.0", "open to"),
    Mutation("head", "local", HEAD, "ray start --num-cpus=0", "open to the network"),
    Mutation("head", "aws", f"{OF_HEAD}/resources", {"CPU": 2}, "believes"),
    Mutation("head", "gcp", f"{OF_HEAD}/max_workers", 1, "second head"),
    Mutation("spot", "aws", f"{NODE}/InstanceMarketOptions", DROP, "worker: not a spot"),
    Mutation("spot", "gcp", f"{NODE}/scheduling/provisioningModel", "STANDARD", "worker: not"),
    Mutation(
        *("spot", "gcp", f"{OF_HEAD}/node_config/scheduling", {"provisioningModel": "SPOT"}),
        says="head: is a spot",
    ),
    Mutation("scaling", "local", "/min_workers", DROP, "begin with none"),
    Mutation("scaling", "gcp", "/available_node_types/worker/min_workers", 1, "begin with none"),
    Mutation("scaling", "aws", "/available_node_types/worker/max_workers", 9, "no limit"),
    Mutation("scaling", "aws", "/idle_timeout_minutes", 600, "idle machines stay"),
    Mutation("network", "aws", f"{NODE}/SecurityGroupIds", DROP, "SSH from everywhere"),
    Mutation("network", "aws", f"{NODE}/MetadataOptions", {}, "metadata"),
    Mutation("network", "aws", f"{NODE}/BlockDeviceMappings/0/Ebs/Encrypted", False, "encrypted"),
    Mutation("pins", "local", "/setup_commands/2", "pip install torch", "not pinned"),
    Mutation("pins", "local", "/setup_commands/3", "true", "not installed"),
    Mutation("files", "aws", "/file_mounts/x", "nowhere.txt", "no file nowhere.txt"),
    Mutation("files", "aws", "/file_mounts/x", OLD_WHEEL, "not this release's wheel"),
    Mutation("files", "gcp", "/file_mounts/~0~1searcher~1constraints.txt", DROP, "not copied"),
    Mutation("files", "local", "/initialization_commands", [], "/shared may not be there"),
    Mutation("flags", "aws", HEAD, "ray start --head --dashboard_host --heads", "no --heads"),
]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_spoilt_file_is_noticed(mutation: Mutation) -> None:
    config = copy.deepcopy(_read(mutation.of))
    change(config, mutation.at, mutation.to)

    found = findings(RULES, mutation.rule, config)

    assert any(mutation.says in finding for finding in found), found


def test_every_rule_has_been_seen_to_notice_something() -> None:
    assert {mutation.rule for mutation in MUTATIONS} == set(names(RULES))


def test_the_readme_names_commands_and_options_that_there_are() -> None:
    from ray.scripts.scripts import cli

    of_ray = set(re.findall(r"\$ (?:\S+ )?ray ([a-z-]+) ", README))
    line = re.search(r"\$ searcher submit (.*)", README)
    commands = get_command(app).commands  # type: ignore[attr-defined]
    known = {x for one in commands["submit"].params for x in one.opts}

    assert {"up", "rsync-up", "dashboard", "exec", "get-auth-token"} <= of_ray
    assert of_ray <= set(cli.commands)
    assert line is not None
    assert set(re.findall(r"--[a-z-]+", line[1])) <= known


def test_the_readme_speaks_of_every_file_and_of_the_version_of_ray() -> None:
    pins = (CONFIGS.parents[1] / "constraints.txt").read_text()
    ray = re.search(r"^ray==(\S+)$", pins, re.MULTILINE)

    assert ray is not None
    assert f"Ray {ray[1]}" in README
    assert [name for name in NAMES if f"`{name}.yaml`" not in README] == []
    assert sorted(path.stem for path in CONFIGS.glob("*.yaml")) == sorted(NAMES)
    assert version() in (CONFIGS / "aws.yaml").read_text()
