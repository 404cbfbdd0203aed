"""Whether everything that an object names is there: secrets, keys, accounts, ports, selectors."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.k8s.cloudnative_pg import is_cluster, with_derived
from tests.k8s.pods import containers, labels, pods
from tests.k8s.rendering import Document, called

SECRETS = {"database-admin", "database-owner", "database-app"}
"""Made by whoever installs (k8s/README.md), each with the key ``password``
(and ``username`` for CloudNativePG)."""

NAMESPACE = "searcher"
CLUSTER_WIDE = {"Namespace", "PriorityClass", "ClusterQueue", "ResourceFlavor"}
VARIABLE = re.compile(r"\$\((\w+)\)")


def references(documents: list[Document]) -> list[str]:
    """What is named and not there."""
    there = _There(documents)
    found = [*_of_names(documents), *_of_selectors(documents, there), *_of_store(there)]
    for pod in there.pods:
        name = pod["metadata"]["name"]
        for named in (_of_pod(pod, there), _of_mounts(pod), _of_environment(pod, there)):
            found += [f"{name}: {message}" for message in named]
    return found


class _There:
    """What there is, by kind and name."""

    def __init__(self, documents: list[Document]) -> None:
        self.pods = pods(documents)
        self._by_kind: dict[str, dict[str, Document]] = {}
        for document in with_derived(documents):
            of_kind = self._by_kind.setdefault(document["kind"], {})
            of_kind[document["metadata"]["name"]] = document

    def of(self, kind: str) -> dict[str, Document]:
        """All objects of a kind."""
        return self._by_kind.get(kind, {})

    def selected(self, selector: dict[str, Any]) -> list[Document]:
        """The pods that a selector of labels means."""
        return [pod for pod in self.pods if matches(selector, labels(pod))]


def matches(selector: dict[str, Any], given: dict[str, str]) -> bool:
    """Whether labels fit a selector; an empty one fits all."""
    wanted = selector.get("matchLabels", {})
    if any(given.get(key) != value for key, value in wanted.items()):
        return False
    return all(_fits(rule, given) for rule in selector.get("matchExpressions", []))


def _fits(rule: dict[str, Any], given: dict[str, str]) -> bool:
    value = given.get(rule["key"])
    return {
        "In": value in rule.get("values", []),
        "NotIn": value not in rule.get("values", []),
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }[rule["operator"]]


def _of_names(documents: list[Document]) -> Iterator[str]:
    """Names that are there twice, and objects that would land in another namespace."""
    counts = Counter(called(document) for document in documents)
    yield from (f"{name} is there {n} times" for name, n in counts.items() if n > 1)
    for document in documents:
        namespace = document["metadata"].get("namespace")
        if document["kind"] not in CLUSTER_WIDE and namespace != NAMESPACE:
            yield f"{called(document)}: namespace {namespace}"


def _of_pod(pod: Document, there: _There) -> Iterator[str]:
    spec = pod["spec"]
    for kind, name in (
        ("ServiceAccount", spec.get("serviceAccountName")),
        ("PriorityClass", spec.get("priorityClassName")),
    ):
        if name is not None and name not in there.of(kind):
            yield f"no {kind} {name}"
    for volume in spec.get("volumes", []):
        if "secret" in volume and volume["secret"]["secretName"] not in SECRETS:
            yield f"no Secret {volume['secret']['secretName']}"
        for field, kind, key in (
            ("configMap", "ConfigMap", "name"),
            ("persistentVolumeClaim", "PersistentVolumeClaim", "claimName"),
        ):
            made = labels(pod).get("cnpg.io/cluster") and kind == "PersistentVolumeClaim"
            if field in volume and volume[field][key] not in there.of(kind) and not made:
                yield f"no {kind} {volume[field][key]}"


def _of_mounts(pod: Document) -> Iterator[str]:
    volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])}
    used = set()
    for container in containers(pod):
        variables = {variable["name"] for variable in container.get("env", [])}
        for mount in container.get("volumeMounts", []):
            used.add(mount["name"])
            if mount["name"] not in volumes:
                yield f"no volume {mount['name']}"
            for name in VARIABLE.findall(mount.get("subPathExpr", "")):
                if name not in variables:
                    yield f"no variable {name} for a path"
    yield from (f"volume {name} is mounted nowhere" for name in volumes - used)


def _of_environment(pod: Document, there: _There) -> Iterator[str]:
    for container in containers(pod):
        for variable in container.get("env", []):
            for kind, source in variable.get("valueFrom", {}).items():
                yield from _of_source(kind, source, pod, there)


def _of_source(kind: str, source: Document, pod: Document, there: _There) -> Iterator[str]:
    keys = {"password", "username"} if "cnpg.io/cluster" in labels(pod) else {"password"}
    if kind == "secretKeyRef" and (source["name"] not in SECRETS or source["key"] not in keys):
        yield f"no Secret {source['name']} with {source['key']}"
    if kind == "configMapKeyRef":
        found = there.of("ConfigMap").get(source["name"], {})
        if source["key"] not in found.get("data", {}):
            yield f"no ConfigMap {source['name']} with {source['key']}"
    if kind == "fieldRef" and "labels" in source["fieldPath"]:
        key = source["fieldPath"].split("'")[1]
        if key not in labels(pod):
            yield f"no label {key}"


def _of_selectors(documents: list[Document], there: _There) -> Iterator[str]:
    for document in documents:
        kind, spec = document["kind"], document.get("spec", {})
        if is_cluster(document):
            yield from _of_database(document, there)
        elif kind == "Service":
            yield from _of_service(document, there)
        elif kind == "PodDisruptionBudget" and not there.selected(spec["selector"]):
            yield f"{called(document)} selects no pod"
        elif kind == "PodMonitor":
            yield from _of_monitor(document, there)
        elif kind == "NetworkPolicy":
            yield from _of_policy(document, there)
        elif kind == "StatefulSet" and spec["serviceName"] not in there.of("Service"):
            yield f"{called(document)}: no Service {spec['serviceName']}"


def _of_database(cluster: Document, there: _There) -> Iterator[str]:
    spec = cluster["spec"]
    roles = spec.get("managed", {}).get("roles", [])
    sources = [role.get("passwordSecret", {}).get("name") for role in roles]
    for name in [spec["bootstrap"]["initdb"].get("secret", {}).get("name"), *sources]:
        if name not in SECRETS:
            yield f"{called(cluster)}: no Secret {name}"
    scripts = spec["bootstrap"]["initdb"].get("postInitApplicationSQLRefs", {})
    for source in scripts.get("configMapRefs", []):
        if source["key"] not in there.of("ConfigMap").get(source["name"], {}).get("data", {}):
            yield f"{called(cluster)}: no ConfigMap {source['name']} with {source['key']}"


def _of_service(service: Document, there: _There) -> Iterator[str]:
    chosen = there.selected({"matchLabels": service["spec"]["selector"]})
    if not chosen:
        yield f"{called(service)} selects no pod"
    for port in service["spec"]["ports"]:
        yield from _of_port(port["targetPort"], chosen, called(service))


def _of_monitor(monitor: Document, there: _There) -> Iterator[str]:
    chosen = there.selected(monitor["spec"]["selector"])
    if not chosen:
        yield f"{called(monitor)} selects no pod"
    for endpoint in monitor["spec"]["podMetricsEndpoints"]:
        yield from _of_port(endpoint["port"], chosen, called(monitor))


def _of_policy(policy: Document, there: _There) -> Iterator[str]:
    """Both ends of a policy must be somebody; not every role that it names need be there."""
    spec, name = policy["spec"], called(policy)
    chosen = there.selected(spec["podSelector"])
    if not chosen:
        yield f"{name} selects no pod"
    rules = [(rule, "from", chosen) for rule in spec.get("ingress", [])]
    rules += [(rule, "to", None) for rule in spec.get("egress", [])]
    for rule, direction, reached in rules:
        for peer in rule.get(direction, []):
            if "podSelector" not in peer or "namespaceSelector" in peer:
                continue
            peers = there.selected(peer["podSelector"])
            if not peers:
                yield f"{name}: {direction} selects no pod"
            for port in rule.get("ports", []):
                yield from _of_port(port["port"], peers if reached is None else reached, name)


def _of_port(port: int | str, chosen: list[Document], where: str) -> Iterator[str]:
    """A port must be one that the pods say they have (what sets a database up has none)."""
    for pod in [x for x in chosen if "cnpg.io/jobRole" not in labels(x)]:
        has = [own for container in containers(pod) for own in container.get("ports", [])]
        if not any(port in (own["name"], own["containerPort"]) for own in has):
            yield f"{where}: {pod['metadata']['name']} has no port {port}"


def _of_store(there: _There) -> Iterator[str]:
    """The store's URLs name a Service of ours, or a host elsewhere."""
    for key, url in there.of("ConfigMap").get("store", {}).get("data", {}).items():
        host, port = url.split("@")[1].split("/")[0].split(":")
        service = there.of("Service").get(host)
        ports = [] if service is None else [str(x["port"]) for x in service["spec"]["ports"]]
        if "." not in host and port not in ports:
            yield f"store ({key}): no Service {host} with port {port}"
