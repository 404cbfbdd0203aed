"""The command that says how a search stands, wherever it runs."""

from typing import TYPE_CHECKING, Any

from searcher.cli import kubernetes as k8s
from searcher.cli.on_ray import AtHead
from searcher.cli.options import (
    DEFAULT_STORE,
    AllowUnauthenticated,
    AnswerFormat,
    HeadIfAny,
    SearchId,
    StoreUrl,
)
from searcher.cli.output import Answer, Rows, check_format, deliver
from searcher.cli.way import driver_line

if TYPE_CHECKING:
    from searcher.store import StoredSearch

ENDED = ("completed", "stopped", "failed")


def status(
    search_id: SearchId,
    *,
    address: HeadIfAny = None,
    allow_unauthenticated: AllowUnauthenticated = False,
    kubernetes: k8s.OnKubernetes = False,
    namespace: k8s.Namespace = None,
    store: StoreUrl = DEFAULT_STORE,
    form: AnswerFormat = "table",
) -> None:
    """Say how a search stands: its state, its trials, who drives it.

    What the store knows, from anywhere. With --address or --kubernetes, also what has become of the
    job that was to drive it.
    """
    from searcher.store import Store

    check_format(form, None)
    with Store(store) as reader:
        search = reader.search(search_id)
        driver = reader.driver(search.search_id)
    known = _known(search) | {"driver_is_live": driver is not None and driver.live, "job": None}
    if address is not None or kubernetes or namespace is not None:
        head = k8s.require_one_place(address, on_kubernetes=kubernetes, only_there=[namespace])
        known["job"] = (
            k8s.state_of(search.search_id, namespace)
            if kubernetes
            else _state_at(AtHead(head, allow_unauthenticated), search.search_id)
        )
    answer = Answer(
        document=lambda: known,
        rows=lambda: Rows.of([known]),
        table=lambda terminal: _written(known, driver_line(driver, search.state)),
    )
    deliver(answer, form)


def _known(search: "StoredSearch") -> dict[str, Any]:
    trials = search.spec.get("budget", {}).get("trials")  # one taken over has no budget
    planned = None if trials is None else trials * len(search.outer_folds)
    return {
        "search_id": search.search_id,
        "state": search.state,
        "error": search.error,
        "planned": planned,
    } | search.trials


def _written(known: dict[str, Any], driver: str) -> str:
    ended = sum(known[state] for state in ENDED)
    of_all = "" if known["planned"] is None else f" of {known['planned']}"
    lines = {
        "search": known["search_id"],
        "state": " ".join(filter(None, (known["state"], known["error"]))),
        "trials": f"{ended}{of_all} have ended, {known['failed']} of them failed",
        "driver": driver,
        "job": known["job"],
    }
    return "".join(f"{name:<9} {said}\n" for name, said in lines.items() if said is not None)


def _state_at(head: AtHead, search_id: str) -> str:
    head.check()
    job = head.jobs().find(search_id)
    return "none" if job is None else f"{job.job_id}, {job.state} {job.message}".strip()
