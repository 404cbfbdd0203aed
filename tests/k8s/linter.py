"""What is legal and still unwise: one function a rule, over the pods that there will be."""

from collections.abc import Callable, Iterator

from tests.k8s.cloudnative_pg import with_derived
from tests.k8s.pods import containers, labels, pods
from tests.k8s.references import matches
from tests.k8s.rendering import Document, called

MAY_HAVE = {
    "database-admin": {"database"},
    "database-owner": {"database", "migration", "backup"},
    "database-app": {"database", "driver"},
}
"""Which roles get which secret."""

KEPT = {"driver", "database"}
"""What is lost only when nothing else can be."""

SKIPPED = {
    ("ray-head", "probes"): "the operator puts in its own",
    ("ray-worker", "probes"): "the operator puts in its own",
    ("submit", "probes"): "it ends by itself",
    ("migrate", "probes"): "it ends by itself",
    ("backup", "probes"): "it ends by itself",
    ("restore", "probes"): "it ends by itself",
    ("initdb", "probes"): "it ends by itself",
    ("bootstrap-controller", "probes"): "it ends by itself",
    ("wait-gcs-ready", "probes"): "it ends by itself",
    ("wait-gcs-ready", "pull policy"): "the operator copies it from the worker's container",
    ("wait-gcs-ready", "resources: no ephemeral-storage"): "the operator says what it needs",
}
"""Findings of a container that are right as they are, and why."""

OF_OPERATOR = {
    "gets a token of the Kubernetes API": "a server of the database asks which one is the primary",
    "is told of every Service": "the operator does not say otherwise",
}
"""The same of pods that CloudNativePG makes."""


def lint(documents: list[Document]) -> list[str]:
    """What is found, without what is skipped."""
    found = [message for rule in OF_ALL for message in rule(documents)]
    for pod in pods(documents):
        name = pod["metadata"]["name"]
        skipped = OF_OPERATOR if "cnpg.io/cluster" in labels(pod) else {}
        said = [message for rule in OF_PODS for message in rule(pod) if message not in skipped]
        found += [f"{name}: {message}" for message in said]
        for container in containers(pod):
            own = {message for rule in OF_CONTAINERS for message in rule(container)}
            own = {message for message in own if (container["name"], message) not in SKIPPED}
            found += [f"{name}/{container['name']}: {message}" for message in sorted(own)]
    return found


def _role(pod: Document) -> str:
    return labels(pod).get("app.kubernetes.io/component", "")


def _root_file_system(container: Document) -> Iterator[str]:
    if not container.get("securityContext", {}).get("readOnlyRootFilesystem"):
        yield "can write to its root file system"


def _resources(container: Document) -> Iterator[str]:
    resources = container.get("resources", {})
    for amount in ("requests", "limits"):
        for what in ("cpu", "memory", "ephemeral-storage"):
            if what not in resources.get(amount, {}):
                yield f"resources: no {what}"


def _image(container: Document) -> Iterator[str]:
    name = container["image"].split("/")[-1]
    if "@sha256:" not in container["image"] and (":" not in name or name.endswith(":latest")):
        yield f"image {container['image']} is not pinned"
    if container.get("imagePullPolicy") != "IfNotPresent":
        yield "pull policy"


def _probes(container: Document) -> Iterator[str]:
    if not {"livenessProbe", "readinessProbe"} <= set(container):
        yield "probes"


def _tokens(pod: Document) -> Iterator[str]:
    if pod["spec"].get("automountServiceAccountToken") is not False:
        yield "gets a token of the Kubernetes API"
    if pod["spec"].get("serviceAccountName", "default") == "default":
        yield "has the default account"
    if pod["spec"].get("enableServiceLinks") is not False:
        yield "is told of every Service"


def _user(pod: Document) -> Iterator[str]:
    if not pod["spec"].get("securityContext", {}).get("runAsUser"):
        yield "no user by number"


def _disks(pod: Document) -> Iterator[str]:
    for volume in pod["spec"].get("volumes", []):
        if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
            yield f"volume {volume['name']} may fill the node"


def _secrets(pod: Document) -> Iterator[str]:
    names = {
        volume.get("secret", {}).get("secretName") for volume in pod["spec"].get("volumes", [])
    }
    for container in containers(pod):
        names |= {source["secretRef"]["name"] for source in container.get("envFrom", [])}
        for variable in container.get("env", []):
            names.add(variable.get("valueFrom", {}).get("secretKeyRef", {}).get("name"))
    for name in names - {None}:
        if _role(pod) not in MAY_HAVE.get(name, set()):
            yield f"must not see secret {name}"


def _priority(pod: Document) -> Iterator[str]:
    if _role(pod) in KEPT and pod["spec"].get("priorityClassName") != "searcher-keep":
        yield "makes way for anyone"


def _forbidden(documents: list[Document]) -> Iterator[str]:
    """No secret in files, no way in from outside, no right in the whole cluster."""
    for document in documents:
        if document["kind"] in ("Secret", "Ingress", "ClusterRole", "ClusterRoleBinding"):
            yield f"{called(document)}: none of this kind"
        service = document.get("spec", {}).get("type", "ClusterIP")
        if document["kind"] == "Service" and service != "ClusterIP":
            yield f"{called(document)}: open to the outside"
        if document["kind"] == "ConfigMap":
            for value in document.get("data", {}).values():
                if value.startswith("postgresql") and ":" in value.split("://")[1].split("@")[0]:
                    yield f"{called(document)}: a password"


def _rights(documents: list[Document]) -> Iterator[str]:
    for role in documents:
        for rule in role.get("rules", []) if role["kind"] == "Role" else []:
            if "*" in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]:
                yield f"{called(role)}: a right to everything"
            if "secrets" in rule["resources"]:
                yield f"{called(role)}: a right to secrets"


def _ray(documents: list[Document]) -> Iterator[str]:
    for job in documents:
        if job["kind"] != "RayJob":
            continue
        cluster = job["spec"]["rayClusterSpec"]
        head = cluster["headGroupSpec"]
        if cluster.get("authOptions", {}).get("mode") != "token":
            yield f"{called(job)}: Ray without tokens runs what anyone sends"
        if head["rayStartParams"].get("num-cpus") != "0":
            yield f"{called(job)}: trials may run beside the driver and its password"
        if head.get("enableIngress") or head.get("serviceType", "ClusterIP") != "ClusterIP":
            yield f"{called(job)}: the dashboard is open to the outside"
        search_id = job["metadata"]["labels"]["app.kubernetes.io/instance"]
        if job["spec"]["entrypoint"] != f"python -m searcher.cli.job {search_id}":
            yield f"{called(job)}: the entry point carries more than the search's id"


def _namespace(documents: list[Document]) -> Iterator[str]:
    for document in documents:
        if document["kind"] == "Namespace":
            level = document["metadata"]["labels"].get("pod-security.kubernetes.io/enforce")
            if level != "restricted":
                yield f"{called(document)}: Pod Security {level}"


def _budgets(documents: list[Document]) -> Iterator[str]:
    there = with_derived(documents)
    budgets = [x["spec"] for x in there if x["kind"] == "PodDisruptionBudget"]
    for pod in pods(documents):
        own = [x for x in budgets if matches(x["selector"], labels(pod))]
        if _role(pod) in KEPT and not own and "cnpg.io/jobRole" not in labels(pod):
            yield f"{pod['metadata']['name']}: no disruption budget"


def _shut(documents: list[Document]) -> Iterator[str]:
    """Nothing is open in the namespace to begin with."""
    nothing = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for document in documents:
        if document["kind"] == "Namespace" and not any(
            x["kind"] == "NetworkPolicy" and x["spec"] == nothing for x in documents
        ):
            yield f"{called(document)}: not shut by default, both ways"


def _policies(documents: list[Document]) -> Iterator[str]:
    """One end that is open to everyone rests on the other end alone."""
    for policy in documents:
        if policy["kind"] != "NetworkPolicy":
            continue
        spec = policy["spec"]
        rules = [(x, "from") for x in spec.get("ingress", [])]
        rules += [(x, "to") for x in spec.get("egress", [])]
        is_for_all = not spec["podSelector"] and policy["metadata"]["name"] != "names"
        if (rules and is_for_all) or any(_is_wide(rule.get(key)) for rule, key in rules):
            yield f"{called(policy)}: open to everyone"
        if not _of_search(policy) and any(not rule.get("ports") for rule, _ in rules):
            yield f"{called(policy)}: open on every port"


def _of_search(document: Document) -> bool:
    """Whether it is of one search, inside of which Ray chooses ports as it likes."""
    return "app.kubernetes.io/instance" in document["metadata"].get("labels", {})


def _is_wide(peers: list[Document] | None) -> bool:
    return not peers or any(
        not peer.get("podSelector") and peer.get("ipBlock", {}).get("cidr", "/0").endswith("/0")
        for peer in peers
    )


OF_CONTAINERS = (_root_file_system, _resources, _image, _probes)
OF_PODS = (_tokens, _user, _disks, _secrets, _priority)
OF_ALL: tuple[Callable[[list[Document]], Iterator[str]], ...] = (
    *(_forbidden, _rights, _ray, _namespace, _budgets, _shut, _policies),
)
