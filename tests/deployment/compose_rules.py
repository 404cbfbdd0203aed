"""What compose.yaml must say, and must not: one function a rule."""

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

from tests.deployment.compose_shape import Compose, Secret, Service, read, refused
from tests.deployment.launcher_rules import ROOT, SECRET, version
from tests.deployment.mutations import Rule

Document = dict[str, Any]
KNOWS = {
    "head": {"ray-token", "database-app"},
    "worker": {"ray-token"},
    "client": {"ray-token", "database-app"},
    "migrate": {"database-owner"},
    "database": {"database-admin", "database-owner", "database-app"},
}
"""Which service gets which secrets, and no others."""

TALKS = {
    "head": {"cluster", "database", "outside"},
    "worker": {"cluster"},
    "client": {"cluster", "database"},
    "migrate": {"database"},
    "database": {"database"},
}
"""Who is in which network."""


def shape(document: Document) -> Iterator[str]:
    """It consists of what Compose knows."""
    yield from refused(document)


def references(document: Document) -> Iterator[str]:
    """What is named is there, and what is there is used."""
    compose = read(document)
    for kind, there in (
        ("network", compose.networks),
        ("volume", compose.volumes),
        ("secret", compose.secrets),
    ):
        used = {x for one in compose.services.values() for x in _used(kind, one)}
        yield from (f"no {kind} {name}" for name in sorted(used - set(there)))
        yield from (f"{kind} {name} is not used" for name in sorted(set(there) - used))
    for name, service in compose.services.items():
        yield from (f"{name}: {message}" for message in _of_order(service, compose))
        yield from (f"{name}: {message}" for message in _of_paths(service))
        yield from (f"{name}: {message}" for message in _of_addresses(service, compose))


def _of_order(service: Service, compose: Compose) -> Iterator[str]:
    for other, dependency in service.depends_on.items():
        found = compose.services.get(other)
        if found is None:
            yield f"waits for {other}, which is not there"
        elif dependency.condition == "service_healthy" and found.healthcheck is None:
            yield f"waits for the health of {other}, which nobody asks after"
        elif dependency.condition == "service_completed_successfully" and found.restart != "no":
            yield f"waits for the end of {other}, which is started again"


def _of_paths(service: Service) -> Iterator[str]:
    for volume in service.volumes:
        source = volume.split(":")[0]
        if source.startswith("./") and not (ROOT / source).exists():
            yield f"no file {source}"
    known = {_place(secret) for secret in service.secrets}
    texts = [*service.command, *service.entrypoint, *service.environment.values()]
    for text in texts:
        for path in re.findall(r"/run/secrets/[\w/-]+", text):
            if path not in known:
                yield f"{path} is no secret of it"


def _of_addresses(service: Service, compose: Compose) -> Iterator[str]:
    for name, place in service.networks.items() if isinstance(service.networks, dict) else ():
        blocks = compose.networks[name].ipam.get("config", []) if name in compose.networks else []
        if place.ipv4_address and not any(
            ip_address(place.ipv4_address) in ip_network(block["subnet"]) for block in blocks
        ):
            yield f"{place.ipv4_address} is not in network {name}"
    url = service.environment.get("SEARCHER_STORE", "@database:")
    if (host := url.split("@")[1].split(":")[0]) not in compose.services:
        yield f"no service {host} for the store"
    for node in re.findall(r"--(?:node-ip-)?address=([\w.-]+)", " ".join(service.command)):
        if node not in compose.services and node not in _addresses(service):
            yield f"no service {node} for Ray"


def guarded(document: Document) -> Iterator[str]:
    """No container may more than it needs."""
    for name, service in read(document).services.items():
        if service.user in (None, "root") or str(service.user).split(":")[0] == "0":
            yield f"{name}: runs as root"
        if not service.read_only:
            yield f"{name}: can write to its root file system"
        if service.cap_drop != ["ALL"] or service.cap_add:
            yield f"{name}: keeps capabilities"
        if "no-new-privileges:true" not in service.security_opt:
            yield f"{name}: may gain privileges"
        if service.privileged or service.network_mode or service.pid:
            yield f"{name}: shares the machine's"
        if any("docker.sock" in volume for volume in service.volumes):
            yield f"{name}: would be root of the machine"
        if service.deploy is None:
            yield f"{name}: may take all of the machine"
        if service.logging is None or "max-size" not in service.logging.options:
            yield f"{name}: its log may fill the disk"


def healthy(document: Document) -> Iterator[str]:
    """What stays is asked whether it lives, and has time to end."""
    for name, service in read(document).services.items():
        stays = service.restart != "no"
        if stays and service.healthcheck is None:
            yield f"{name}: nobody asks whether it lives"
        if stays and service.stop_grace_period is None:
            yield f"{name}: is killed after ten seconds"


def network(document: Document) -> Iterator[str]:
    """Only the dashboard is published, for this machine; workers reach no database, nor outside."""
    compose = read(document)
    for name, service in compose.services.items():
        for port in service.ports:
            if port != "127.0.0.1:8265:8265" or name != "head":
                yield f"{name}: publishes {port}"
        if set(service.networks) != TALKS[name]:
            yield f"{name}: is in {sorted(service.networks)}"
    for name, one in compose.networks.items():
        if name != "outside" and not one.internal:
            yield f"network {name} leads outside"


def secrets(document: Document) -> Iterator[str]:
    """No secret is in the file, and each service knows what it needs."""
    compose = read(document)
    for name, secret in compose.secrets.items():
        if not re.fullmatch(rf"\$\{{SECRETS:\?[^}}]+\}}/{name}", secret.file):
            yield f"secret {name} is not asked for"
    for name, service in compose.services.items():
        if set(_used("secret", service)) != KNOWS[name]:
            yield f"{name}: knows {sorted(_used('secret', service))}"
        for key, value in service.environment.items():
            is_path = value.startswith("/run/secrets/") and key.endswith(("_FILE", "_PATH"))
            if re.search("TOKEN|PASSWORD|SECRET_", key) and not is_path:
                yield f"{name}: {key} is in its environment"
            if SECRET.search(value):
                yield f"{name}: {key} looks like a secret"


def images(document: Document) -> Iterator[str]:
    """Images have versions: this release's, and that of k8s/components/images."""
    pins = (ROOT / "k8s/components/images/kustomization.yaml").read_text()
    for name, service in read(document).services.items():
        image = re.sub(r"\$\{\w+:-([^}]+)\}", r"\1", service.image)
        known, _, tag = image.partition(":")
        if tag in ("", "latest"):
            yield f"{name}: {image} is not pinned"
        elif f"- name: {known}\n    newTag: {tag}\n" not in pins:
            yield f"{name}: {image} is not what Kubernetes gets"
        if known == "searcher" and tag != version():
            yield f"{name}: {image} is not this release"


def ray(document: Document) -> Iterator[str]:
    """Ray asks for the token everywhere, runs no trial on the head, and knows its options."""
    from ray.scripts.scripts import start

    known = {name for parameter in start.params for name in parameter.opts}
    for name, service in read(document).services.items():
        command = " ".join(service.command)
        if not re.search(r"\bray start\b", command):
            continue
        if service.environment.get("RAY_AUTH_MODE") != "token":
            yield f"{name}: Ray without a token runs what anyone sends"
        if "--head" in command and "--num-cpus=0" not in command.split():
            yield f"{name}: trials may run beside the database's password"
        given = set(re.findall(r"--[a-z-]+", command.partition("ray start")[2]))
        yield from (f"{name}: ray start has no {flag}" for flag in sorted(given - known))


RULES: tuple[Rule, ...] = (*(shape, references, guarded, healthy, network, secrets, images, ray),)


def _used(kind: str, service: Service) -> list[str]:
    if kind == "network":
        return list(service.networks)
    if kind == "secret":
        return [x.source if isinstance(x, Secret) else x for x in service.secrets]
    sources = [volume.split(":")[0] for volume in service.volumes]
    return [x for x in sources if not x.startswith((".", "/", "$"))]


def _place(secret: str | Secret) -> str:
    return f"/run/secrets/{secret.target if isinstance(secret, Secret) else secret}"


def _addresses(service: Service) -> set[str | None]:
    places = service.networks.values() if isinstance(service.networks, dict) else ()
    return {place.ipv4_address for place in places}
