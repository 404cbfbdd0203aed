"""What the operator CloudNativePG makes of a Cluster: pods, and the objects that others name.

pkg/specs/{pods,jobs,containers,services,poddisruptionbudget}.go of CloudNativePG 1.30.0.
"""

import copy
from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
OPERATOR_IMAGE = "ghcr.io/cloudnative-pg/cloudnative-pg:1.30.0"
PORTS = {"postgresql": 5432, "metrics": 9187, "status": 8000}
CONTEXT = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "privileged": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
}


def is_cluster(document: Document) -> bool:
    """Whether it is a database that the operator runs."""
    return str(document["apiVersion"]).startswith("postgresql.cnpg.io/")


def templates(cluster: Document) -> Iterator[tuple[str, Document]]:
    """The pods of a Cluster, one of each kind: what sets it up, and a server."""
    yield "1-initdb", _template(cluster, {"cnpg.io/jobRole": "initdb"}, _setup(cluster))
    yield "1", _template(cluster, {"cnpg.io/podRole": "instance"}, _server(cluster))


def objects(cluster: Document) -> list[Document]:
    """The account, Services and the budget that there will be."""
    name, spec = cluster["metadata"]["name"], cluster["spec"]
    found = [_object(cluster, "v1", "ServiceAccount", name, {})]
    services = spec.get("managed", {}).get("services", {})
    default = [x for x in ("rw", "r", "ro") if x not in services.get("disabledDefaultServices", [])]
    names = [f"{name}-{x}" for x in default]
    names += [x["serviceTemplate"]["metadata"]["name"] for x in services.get("additional", [])]
    selector = {"cnpg.io/cluster": name, "cnpg.io/podRole": "instance"}
    port = {"name": "postgres", "port": 5432, "targetPort": 5432}
    for service in names:
        ports = {"selector": selector, "ports": [port]}
        found.append(_object(cluster, "v1", "Service", service, {"spec": ports}))
    if spec.get("enablePDB", True):
        kept = {"minAvailable": 1, "selector": {"matchLabels": selector}}
        found.append(
            _object(cluster, "policy/v1", "PodDisruptionBudget", f"{name}-primary", {"spec": kept})
        )
    return found


def with_derived(documents: list[Document]) -> list[Document]:
    """Give the objects that operators make as well."""
    return [*documents, *(made for x in documents if is_cluster(x) for made in objects(x))]


def _object(cluster: Document, version: str, kind: str, name: str, more: Document) -> Document:
    metadata = {"name": name, "namespace": cluster["metadata"].get("namespace")}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def _template(cluster: Document, role: dict[str, str], container: Document) -> Document:
    name, spec = cluster["metadata"]["name"], cluster["spec"]
    labels = {
        "app.kubernetes.io/name": "postgresql",
        "app.kubernetes.io/component": "database",
        "app.kubernetes.io/instance": name,
        "cnpg.io/cluster": name,
        **role,
        **spec.get("inheritedMetadata", {}).get("labels", {}),
    }
    volumes: list[Document] = [
        {"name": "pgdata", "persistentVolumeClaim": {"claimName": f"{name}-1"}}
    ]
    if "walStorage" in spec:
        claim = {"claimName": f"{name}-1-wal"}
        volumes.append({"name": "pg-wal", "persistentVolumeClaim": claim})
    sizes = spec.get("ephemeralVolumesSizeLimit", {})
    for volume, limit, medium in (("scratch-data", "temporaryData", {}), ("shm", "shm", MEMORY)):
        limits = {"sizeLimit": sizes[limit]} if limit in sizes else {}
        volumes.append({"name": volume, "emptyDir": {**medium, **limits}})
    pod = {
        "serviceAccountName": name,
        "priorityClassName": spec.get("priorityClassName"),
        "securityContext": _pod_context(spec),
        "initContainers": [_controller(cluster)],
        "containers": [container],
        "volumes": volumes,
    }
    return {"metadata": {"labels": labels}, "spec": pod}


MEMORY = {"medium": "Memory"}


def _pod_context(spec: Document) -> Document:
    user, group = spec.get("postgresUID", 26), spec.get("postgresGID", 26)
    profile = spec.get("seccompProfile", {"type": "RuntimeDefault"})
    context = {"runAsNonRoot": True, "runAsUser": user, "runAsGroup": group, "fsGroup": group}
    return {**context, "seccompProfile": profile, **spec.get("podSecurityContext", {})}


def _container(cluster: Document, name: str, image: str) -> Document:
    spec = cluster["spec"]
    return copy.deepcopy(
        {
            "name": name,
            "image": image,
            "imagePullPolicy": spec.get("imagePullPolicy"),
            "resources": spec.get("resources", {}),
            "securityContext": spec.get("securityContext", CONTEXT),
            "volumeMounts": [{"name": "scratch-data", "mountPath": "/controller"}],
        }
    )


def _controller(cluster: Document) -> Document:
    return _container(cluster, "bootstrap-controller", OPERATOR_IMAGE)


def _setup(cluster: Document) -> Document:
    made = _container(cluster, "initdb", cluster["spec"]["imageName"])
    owner = cluster["spec"]["bootstrap"]["initdb"].get("secret", {}).get("name")
    source = {"secretKeyRef": {"name": owner, "key": "username"}}
    made["env"] = [{"name": "APP_USERNAME", "valueFrom": source}] if owner else []
    return _with_data(cluster, made)


def _server(cluster: Document) -> Document:
    made = _container(cluster, "postgres", cluster["spec"]["imageName"])
    made["ports"] = [{"name": name, "containerPort": port} for name, port in PORTS.items()]
    probe = {"httpGet": {"path": "/healthz", "port": 8000, "scheme": "HTTPS"}}
    made |= {f"{kind}Probe": probe for kind in ("startup", "liveness", "readiness")}
    return _with_data(cluster, made)


def _with_data(cluster: Document, container: Document) -> Document:
    places = {"pgdata": "/var/lib/postgresql/data", "shm": "/dev/shm"}  # noqa: S108  (of the pod)
    if "walStorage" in cluster["spec"]:
        places["pg-wal"] = "/var/lib/postgresql/wal"
    container["volumeMounts"] += [{"name": n, "mountPath": path} for n, path in places.items()]
    return container
