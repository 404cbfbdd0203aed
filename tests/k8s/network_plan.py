"""The list of who may reach whom. Whatever is not in it must be shut."""

from tests.k8s.cloudnative_pg import is_cluster
from tests.k8s.network import PORTS, connections
from tests.k8s.rendering import SEARCH_ID, Document

OTHER_ID = "other-1b2c3d"
"""A second search beside the first."""

DNS = {"53/TCP", "53/UDP"}
ALL = {f"{port}/{protocol}" for port in PORTS for protocol in ("TCP", "UDP")}
USE_THE_DATABASE = ("migration", "driver", "backup")


def network(documents: list[Document]) -> list[str]:
    """Where the network differs from the plan, with a second search beside the first."""
    second = [_renamed(x) for x in documents if _is_of_search(x)]
    found = connections([*documents, *second])
    there = {name for pair in found for name in pair}
    planned = _planned(there, _database(documents), is_watched=_is_watched(documents))
    planned |= _of_database(documents)
    differing = [pair for pair in found.keys() | planned.keys() if _differ(pair, found, planned)]
    return [
        f"{source} to {target}: {sorted(found.get((source, target), set()))}, "
        f"planned {sorted(planned.get((source, target), set()))}"
        for source, target in sorted(differing)
    ]


Ports = dict[tuple[str, str], set[str]]


def _differ(pair: tuple[str, str], found: Ports, planned: Ports) -> bool:
    return found.get(pair, set()) != planned.get(pair, set())


def _planned(there: set[str], database: str, *, is_watched: bool) -> Ports:
    """What may be, of those that are there."""
    inside = {name for name in there if name.split(" of ")[0] in ROLES}
    plan: Ports = {(name, "dns"): DNS for name in inside}
    for name in inside:
        if name.split(" of ")[0] in USE_THE_DATABASE:
            plan[name, database] = {"5432/TCP"}
    for search in (SEARCH_ID, OTHER_ID):
        driver, worker = f"driver of {search}", f"worker of {search}"
        plan |= {(one, other): ALL for one in (driver, worker) for other in (driver, worker)}
        plan[f"submitter of {search}", driver] = {"8265/TCP"}
        plan["operator", driver] = {"8265/TCP"}
        if is_watched:
            plan["prometheus", driver] = plan["prometheus", worker] = {"8080/TCP"}
    return plan


def _of_database(documents: list[Document]) -> Ports:
    """What servers that take over from each other need, and who looks at the store."""
    plan: Ports = {}
    if any(is_cluster(x) for x in documents):
        talk = {"5432/TCP", "8000/TCP"}
        for one in ("database", "database setup"):
            plan |= {(one, "database"): talk, (one, "api server"): {"6443/TCP"}}
            plan[one, "dns"] = DNS
        plan["database operator", "database"] = talk
    if any(x["metadata"]["name"] == "dashboard-searches" for x in documents):
        plan["grafana", "database"] = {"5432/TCP"}
    return plan


ROLES = {
    *("database", "migration", "backup", "driver", "worker", "submitter"),
    "stranger here",
}


def _database(documents: list[Document]) -> str:
    inside = any(x["kind"] == "StatefulSet" or is_cluster(x) for x in documents)
    return "database" if inside else "database elsewhere"


def _is_watched(documents: list[Document]) -> bool:
    return any(x["kind"] == "PodMonitor" for x in documents)


def _is_of_search(document: Document) -> bool:
    return "app.kubernetes.io/instance" in document["metadata"].get("labels", {})


def _renamed(value: object) -> Document:
    return _replaced(value)  # type: ignore[return-value]


def _replaced(value: object) -> object:
    """Copy an object of the first search as one of the second."""
    if isinstance(value, dict):
        return {key: _replaced(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_replaced(inner) for inner in value]
    return value.replace(SEARCH_ID, OTHER_ID) if isinstance(value, str) else value
