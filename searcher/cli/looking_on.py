"""Commands that look on at searches that a cluster drives: follow, logs."""

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

import typer

from searcher.cli import kubernetes as k8s
from searcher.cli.on_ray import AtHead
from searcher.cli.options import (
    DEFAULT_STORE,
    AllowUnauthenticated,
    AnswerFormat,
    HeadIfAny,
    Quiet,
    SearchId,
    StoreUrl,
)
from searcher.cli.output import Format, check_format, note
from searcher.cli.progress import progress
from searcher.cli.run import conclude
from searcher.records import Record

ASK_S = 5.0
"""Seconds between two questions to a cluster about a job that is looked on at."""


def follow(
    search_id: SearchId,
    *,
    store: StoreUrl = DEFAULT_STORE,
    form: AnswerFormat = "table",
    quiet: Quiet = False,
) -> None:
    """Look on at a search, wherever it runs, until it has ended. Ctrl-C only stops looking.

    What it shows comes from the store: it needs no way to the cluster, and outlives lost
    connections. The exit code is that of `searcher run`.
    """
    check_format(form, None)
    look_on(search_id, store, form=form, quiet=quiet)


def logs(
    search_id: SearchId,
    *,
    address: HeadIfAny = None,
    allow_unauthenticated: AllowUnauthenticated = False,
    kubernetes: k8s.OnKubernetes = False,
    namespace: k8s.Namespace = None,
    store: StoreUrl = DEFAULT_STORE,
) -> None:
    """Print what the process that drives a submitted search has written so far."""
    from searcher.store import Store

    address = k8s.require_one_place(address, on_kubernetes=kubernetes, only_there=[namespace])
    with Store(store) as reader:
        found = reader.search(search_id).search_id
    if kubernetes:
        k8s.print_logs(found, namespace)
        return
    head = AtHead(address, allow_unauthenticated)
    head.check()
    sys.stdout.write(head.jobs().logs(found))


@dataclass(frozen=True, slots=True)
class There:
    """Where a search that is looked on at was sent."""

    is_over: Callable[[], bool]  # whether the process that drives it has ended
    options: str  # that say so on a command line


def look_on(
    search_id: str, store: str, *, form: Format, quiet: bool, there: There | None = None
) -> None:
    """Show a search until it has ended, and then what it found; or exit as it ended."""
    from searcher.following import follow

    is_lost = None if there is None else _now_and_then(there.is_over)
    with progress(quiet=quiet) as observe:
        found = follow(search_id, store=store, observe=observe or _nobody, is_lost=is_lost)
    if found.state == "running":
        options = "" if there is None else there.options
        note(f"its job is over; `searcher logs {search_id} {options}`", quiet=quiet)
        raise typer.Exit(1)
    if found.state != "completed":
        note(f"{found.search_id} is {found.state}: {found.error}", quiet=quiet)
        raise typer.Exit(1)
    conclude(found, store, form=form, quiet=quiet)


def _now_and_then(is_over: Callable[[], bool]) -> Callable[[], bool]:
    """Ask a cluster every few seconds; one that does not answer has not said that it is."""
    from cluster.head import ClusterError

    asked_at = monotonic()

    def is_lost() -> bool:
        nonlocal asked_at
        if monotonic() - asked_at < ASK_S:
            return False
        asked_at = monotonic()
        with suppress(ClusterError):
            return is_over()
        return False

    return is_lost


def _nobody(record: Record) -> None:
    """Look on without a word."""
