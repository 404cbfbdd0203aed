"""What a file for Ray's launcher must say, and must not: one function a rule."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.deployment.mutations import Rule

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "cluster" / "configs"

Config = dict[str, Any]
TOKEN = "~/.ray/auth_token"  # noqa: S105  (where it is, not what)
FILES = "~/searcher/"
SHARED = "/shared"
SECRET = re.compile(
    r"RAY_AUTH_TOKEN=|-----BEGIN|\bAKIA[0-9A-Z]{16}\b|://[^/\s:]+:[^@\s]+@|(?i:password|secret)\s*[:=]"
    r"|\b(?:[0-9a-f]{32,}|[A-Za-z0-9+]{40,})\b"
)
ZERO = re.compile(r"--num-cpus=0\b")


def commands(config: Config) -> list[str]:
    """All commands that nodes run."""
    return [x for key, value in config.items() if key.endswith("_commands") for x in value]


def starts(config: Config, who: str) -> list[str]:
    """The commands that start Ray on ``head`` or ``worker``."""
    return [x for x in config[f"{who}_start_ray_commands"] if "ray start" in x]


def workers(config: Config) -> dict[str, Config]:
    """The types of nodes that work; none of a cluster whose machines are listed."""
    types = config.get("available_node_types", {})
    return {name: kind for name, kind in types.items() if name != config["head_node_type"]}


def schema(config: Config) -> Iterator[str]:
    """What Ray's own check refuses, its defaults filled in."""
    import jsonschema
    from ray.autoscaler._private.util import prepare_config, validate_config

    try:
        validate_config(prepare_config(config))
    except (jsonschema.ValidationError, ValueError) as error:
        yield f"Ray refuses it: {str(error).splitlines()[0]}"


def tokens(config: Config) -> Iterator[str]:
    """Every node asks for the token, and gets it as a file from outside of the repository."""
    for who in ("head", "worker"):
        if not starts(config, who):
            yield f"{who}: Ray is not started"
        for command in starts(config, who):
            if "RAY_AUTH_MODE=token " not in command:
                yield f"{who}: Ray without a token runs what anyone sends"
    source = config["file_mounts"].get(TOKEN)
    if source is None:
        yield "nodes don't get the token"
    elif not source.startswith(("~/", "/")):
        yield f"the token must not lie in the repository: {source}"


def secrets(config: Config) -> Iterator[str]:
    """Nothing that opens anything is in the file."""
    for value in _texts(config):
        if SECRET.search(value):
            yield f"looks like a secret: {value[:40]!r}"
    if "gcp_credentials" in config["provider"]:
        yield "looks like a secret: gcp_credentials"
    if any("pgpass" in path for path in config["file_mounts"]):
        yield "every node would get the database's password"


def head(config: Config) -> Iterator[str]:
    """No trial runs on the head, and its dashboard is for the head alone."""
    for command in starts(config, "head"):
        if not ZERO.search(command):
            yield "trials may run on the head"
        if "--dashboard-host=127.0.0.1" not in command.split():
            yield "the dashboard is open to the network"
    types = config.get("available_node_types", {})
    own = types.get(config.get("head_node_type"), {})
    if types and own.get("resources", {}).get("CPU") != 0:
        yield "the launcher believes that trials run on the head"
    if types and own.get("max_workers") != 0:
        yield "a second head might be started as a worker"


def spot(config: Config) -> Iterator[str]:
    """Workers are spot machines, the head is not."""
    if config["provider"]["type"] == "local":
        return
    for name, kind in config["available_node_types"].items():
        is_worker = name != config["head_node_type"]
        if _is_spot(kind["node_config"]) != is_worker:
            yield f"{name}: {'not' if is_worker else 'is'} a spot machine"


def scaling(config: Config) -> Iterator[str]:
    """Nothing runs that nobody waits for."""
    kinds = workers(config) or {"workers": config}
    for name, kind in kinds.items():
        if kind.get("min_workers") != 0:
            yield f"{name}: does not begin with none"
        if not 0 < kind.get("max_workers", 0) <= config["max_workers"]:
            yield f"{name}: no limit, or one above that of the cluster"
    if not 0 < config.get("idle_timeout_minutes", 0) <= 30:
        yield "idle machines stay"


def network(config: Config) -> Iterator[str]:
    """Who may reach the nodes of a cloud is said, and their disks and metadata are guarded."""
    if config["provider"]["type"] != "aws":
        return
    for name, kind in config["available_node_types"].items():
        node = kind["node_config"]
        if not node.get("SecurityGroupIds"):
            yield f"{name}: Ray's own group takes SSH from everywhere"
        if node.get("MetadataOptions", {}).get("HttpTokens") != "required":
            yield f"{name}: metadata without a session"
        if not all(disk["Ebs"].get("Encrypted") for disk in node["BlockDeviceMappings"]):
            yield f"{name}: a disk is not encrypted"


def pins(config: Config) -> Iterator[str]:
    """Everything is installed in the versions that are tested."""
    installs = [x for x in config["setup_commands"] if "pip install" in x]
    if not any(".whl[cluster,postgres,torch]" in x for x in installs):
        yield "Searcher is not installed"
    for command in installs:
        if f"--constraint {FILES}constraints.txt" not in command:
            yield f"not pinned: {command}"


def files(config: Config) -> Iterator[str]:
    """What is copied is there or is made, and what is used is copied."""
    mounts = config["file_mounts"]
    wheel = f"searcher-{version()}-py3-none-any.whl"
    for source in mounts.values():
        if not source.startswith(("~", "dist/")) and not (ROOT / source).is_file():
            yield f"no file {source}"
        if source.startswith("dist/") and source != f"dist/{wheel}":
            yield f"{source} is not this release's wheel, {wheel}"
    for command in commands(config):
        for used in re.findall(r"(?:~|\$HOME)(/(?:searcher|\.ray)/[\w./-]+)", command):
            if f"~{used}" not in mounts:
                yield f"~{used} is used and not copied"
    if not any(f"mountpoint -q {SHARED}" in x for x in commands(config)):
        yield f"{SHARED} may not be there"


def flags(config: Config) -> Iterator[str]:
    """``ray start`` knows what it is told."""
    from ray.scripts.scripts import start

    known = {name for parameter in start.params for name in parameter.opts}
    for who in ("head", "worker"):
        for command in starts(config, who):
            given = set(re.findall(r"--[a-z-]+", command.partition("ray start")[2]))
            yield from (f"{who}: ray start has no {name}" for name in sorted(given - known))


def version() -> str:
    """Searcher's version."""
    return (ROOT / "pyproject.toml").read_text().split('version = "')[1].split('"')[0]


RULES: tuple[Rule, ...] = (
    *(schema, tokens, secrets, head, spot, scaling, network, pins, files, flags),
)


def _is_spot(node: Config) -> bool:
    market = node.get("InstanceMarketOptions", {}).get("MarketType")
    return bool(market == "spot" or node.get("scheduling", {}).get("provisioningModel") == "SPOT")


def _texts(value: Any) -> Iterator[str]:
    """All texts in a file; of what a key is for, the key as well (``password: x``)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str):
                yield f"{key}: {inner}"
            else:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
