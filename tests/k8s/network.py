"""Who may reach whom: NetworkPolicies, played through for every pair.

https://kubernetes.io/docs/concepts/services-networking/network-policies/: a pod that no policy
selects is open; else what at least one policy allows is allowed, on both ends.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from tests.k8s.pods import containers, labels, pods
from tests.k8s.references import NAMESPACE, matches
from tests.k8s.rendering import Document


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod, or an address outside."""

    namespace: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)  # by name
    address: str | None = None  # of one that is no pod


def end_of(pod: Document) -> End:
    """A pod as the network sees it."""
    has = [port for container in containers(pod) for port in container.get("ports", [])]
    ports = {port["name"]: port["containerPort"] for port in has}
    return End(pod["metadata"]["namespace"], labels(pod), ports)


@dataclass(frozen=True)
class Call:
    """An attempt at a connection."""

    source: End
    target: End
    port: int
    protocol: str


def reaches(documents: list[Document], call: Call) -> bool:
    """Whether a connection comes about: the source is let out, and the target lets it in."""
    policies = [document for document in documents if document["kind"] == "NetworkPolicy"]
    return _lets(policies, "Egress", call) and _lets(policies, "Ingress", call)


def _lets(policies: list[Document], direction: str, call: Call) -> bool:
    out = direction == "Egress"
    own, other = (call.source, call.target) if out else (call.target, call.source)
    if own.address is not None:
        return True
    specs = [
        policy["spec"]
        for policy in policies
        if policy["metadata"]["namespace"] == own.namespace
        and direction in _directions(policy["spec"])
        and matches(policy["spec"]["podSelector"], own.labels)
    ]
    rules = [rule for spec in specs for rule in spec.get(direction.lower(), [])]
    peers = "to" if out else "from"
    return not specs or any(
        _is_peer(rule.get(peers), other, own.namespace) and _is_port(rule, call) for rule in rules
    )


def _directions(spec: dict[str, Any]) -> list[str]:
    default = ["Ingress", "Egress"] if "egress" in spec else ["Ingress"]
    return list(spec.get("policyTypes", default))


def _is_peer(peers: list[dict[str, Any]] | None, end: End, namespace: str) -> bool:
    return not peers or any(_is_one(peer, end, namespace) for peer in peers)


def _is_one(peer: dict[str, Any], end: End, namespace: str) -> bool:
    if end.address is not None:
        block = peer.get("ipBlock")
        return block is not None and _is_in(end.address, block)
    if "ipBlock" in peer:
        return False
    if "namespaceSelector" in peer:
        name = {"kubernetes.io/metadata.name": end.namespace}
        is_there = matches(peer["namespaceSelector"], name)
    else:
        is_there = end.namespace == namespace
    return is_there and matches(peer.get("podSelector", {}), end.labels)


def _is_in(address: str, block: dict[str, Any]) -> bool:
    inside = ip_address(address) in ip_network(block["cidr"])
    return inside and not any(ip_address(address) in ip_network(x) for x in block.get("except", []))


def _is_port(rule: dict[str, Any], call: Call) -> bool:
    ports = rule.get("ports")
    return not ports or any(_is_allowed(allowed, call) for allowed in ports)


def _is_allowed(allowed: dict[str, Any], call: Call) -> bool:
    if allowed.get("protocol", "TCP") != call.protocol:
        return False
    if "port" not in allowed:
        return True
    first = allowed["port"]
    first = call.target.ports.get(first) if isinstance(first, str) else first
    return first is not None and first <= call.port <= allowed.get("endPort", first)


ELSEWHERE = {
    "operator": End("kuberay-system", {"app.kubernetes.io/name": "kuberay-operator"}),
    "beside the operator": End("kuberay-system", {"app": "other"}),
    "prometheus": End("monitoring", {"app.kubernetes.io/name": "prometheus"}),
    "grafana": End("monitoring", {"app.kubernetes.io/name": "grafana"}),
    "database operator": End("cnpg-system", {"app.kubernetes.io/name": "cloudnative-pg"}),
    "beside the database operator": End("cnpg-system", {"app": "other"}),
    "dns": End("kube-system", {"k8s-app": "kube-dns"}),
    "stranger here": End(NAMESPACE, {}),
    "stranger elsewhere": End("default", {"app.kubernetes.io/component": "driver"}),
    "cloud metadata": End(address="169.254.169.254"),
    "internet": End(address="93.184.216.34"),
    "database elsewhere": End(address="192.0.2.10"),
    "api server": End(address="192.0.2.30"),
}

PORTS = (53, 80, 443, 5432, 6379, 6443, 8000, 8080, 8265, 9187, 10001, 11111)
"""Also one (11111) such as Ray chooses for itself."""


def ends(documents: list[Document]) -> dict[str, End]:
    """Everyone there is: our pods by role (and search), and those elsewhere."""
    found = dict(ELSEWHERE)
    for pod in pods(documents):
        found[_name(labels(pod))] = end_of(pod)
    return found


def _name(own: dict[str, str]) -> str:
    """What a pod is called by its labels: its role, and its search if it is of one."""
    role, of = own["app.kubernetes.io/component"], own.get("app.kubernetes.io/instance")
    if "cnpg.io/cluster" in own:
        return f"{role} setup" if "cnpg.io/jobRole" in own else role
    return role if of is None else f"{role} of {of}"


def connections(documents: list[Document]) -> dict[tuple[str, str], set[str]]:
    """All of PORTS that can be reached: by source and target, the ports (``53/UDP``).

    A role and itself are two pods of it.
    """
    everyone = ends(documents)
    found: dict[tuple[str, str], set[str]] = {}
    for source, one in everyone.items():
        for target, other in everyone.items():
            if NAMESPACE in (one.namespace, other.namespace):
                open_ports = _open(documents, one, other)
                if open_ports:
                    found[source, target] = open_ports
    return found


def _open(documents: list[Document], source: End, target: End) -> set[str]:
    return {
        f"{port}/{protocol}"
        for protocol in ("TCP", "UDP")
        for port in PORTS
        if reaches(documents, Call(source, target, port, protocol))
    }
