"""The command that has a cluster drive a search."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from searcher.cli import kubernetes as k8s
from searcher.cli.looking_on import There, look_on
from searcher.cli.on_ray import AtHead
from searcher.cli.options import (
    DEFAULT_STORE,
    AllowUnauthenticated,
    AnswerFormat,
    HeadIfAny,
    Quiet,
    SkipExports,
    SkipTraining,
    SpecFile,
    StoreUrl,
)
from searcher.cli.output import Answer, Format, Rows, check_format, deliver, note
from searcher.cli.progress import progress
from searcher.cli.run import GivenId
from searcher.cli.submitted import say_what_next

if TYPE_CHECKING:
    from cluster.kubernetes.wanted import Wanted
    from searcher.submitting import Submitted


def submit(
    spec: SpecFile,
    *,
    address: HeadIfAny = None,
    allow_unauthenticated: AllowUnauthenticated = False,
    search_id: GivenId = None,
    working_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder to take along.", show_default="none"),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Where the rows are on the cluster; its head must be able to read them.",
            show_default="they are sent along",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Folder on the cluster for model, report and checkpoints; one that all nodes see.",
            show_default="~/searcher-output/ID on the head",
        ),
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(metavar="COMMAND", help="The cluster's Python.", show_default="python"),
    ] = None,
    pip: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Requirements that the cluster installs for this search.",
            show_default="none",
        ),
    ] = None,
    kubernetes: k8s.OnKubernetes = False,
    namespace: k8s.Namespace = None,
    image: k8s.Image = None,
    workers: k8s.WorkerGroups = None,
    head_memory: k8s.HeadMemory = None,
    queue: k8s.Queue = None,
    dry_run: k8s.DryRun = False,
    look: Annotated[bool, typer.Option("--follow", help="Look on until it has ended.")] = False,
    skip_exports: SkipExports = False,
    skip_training: SkipTraining = False,
    store: StoreUrl = DEFAULT_STORE,
    form: AnswerFormat = "table",
    quiet: Quiet = False,
) -> None:
    """Have a Ray cluster run a search: begun in the store from here, driven there.

    What can be checked is checked here first; then the search is in the store, and a job of the
    same id drives it. The rows (up to 50 MB) and your own families' modules go along. Submit once
    more with --search-id to go on with a search whose job has died. Needs a store that both reach.

    With --kubernetes the search gets a Ray cluster of its own, by a RayJob. Nothing goes along: say
    where pods see the rows by --data.
    """
    check_format(form, None)
    only_there = namespace, image, workers, head_memory, queue, dry_run
    address = k8s.require_one_place(address, on_kubernetes=kubernetes, only_there=only_there)
    sending = Sending(spec, search_id, data, output, store, not skip_exports, not skip_training)
    if not kubernetes:
        cargo = working_dir, python, pip
        head = AtHead(address, allow_unauthenticated)
        _to_head(sending, head, *cargo, form=form, looks_on=look, quiet=quiet)
        return
    k8s.refuse_luggage(working_dir, python, pip)
    wanted = k8s.wanted_cluster(namespace, image, workers or (), head_memory, queue)
    if dry_run:
        k8s.print_objects(spec, wanted, search_id, data, output)
        return
    _to_kubernetes(sending, wanted, form=form, looks_on=look, quiet=quiet)


@dataclass(frozen=True, slots=True)
class Sending:
    """What is sent, wherever that is."""

    spec: Path
    search_id: str | None
    data: str | None
    output: str | None
    store: str
    exports: bool
    training: bool


def _to_head(
    sending: Sending,
    head: AtHead,
    working_dir: Path | None,
    python: str | None,
    pip: Path | None,
    *,
    form: Format,
    looks_on: bool,
    quiet: bool,
) -> None:
    from searcher.submitting import Cargo, submit

    note(f"reading {sending.spec} and its data, asking {head.address}", quiet=quiet)
    head.check(quiet=quiet)
    with progress(quiet=quiet) as observe:
        sent = submit(
            sending.spec,
            address=head.address,
            allow_unauthenticated=head.allow_unauthenticated,
            store=sending.store,
            search_id=sending.search_id,
            cargo=Cargo(working_dir, sending.data, sending.output, python, pip),
            try_exports=sending.exports,
            try_training=sending.training,
            on_step=None if observe is None else observe.step,
        )
    if looks_on:
        found = sent.search.search_id
        there = There(_job_is_over(found, head), head.options)
        look_on(found, sending.store, form=form, quiet=quiet, there=there)
        return
    _tell(sent, head, sending.store, form, quiet=quiet)


def _to_kubernetes(
    sending: Sending, wanted: "Wanted", *, form: Format, looks_on: bool, quiet: bool
) -> None:
    from searcher.submitting import Tries, submit_to_kubernetes

    note(f"reading {sending.spec} and its data, asking Kubernetes", quiet=quiet)
    with progress(quiet=quiet) as observe:
        sent = submit_to_kubernetes(
            sending.spec,
            store=sending.store,
            wanted=wanted,
            search_id=sending.search_id,
            data=sending.data,
            output=sending.output,
            tries=Tries(
                sending.exports, sending.training, None if observe is None else observe.step
            ),
        )
    if looks_on:
        found, where = sent.search.search_id, f"--kubernetes --namespace {wanted.namespace}"
        there = There(k8s.is_over(found, wanted.namespace), where)
        look_on(found, sending.store, form=form, quiet=quiet, there=there)
        return
    k8s.tell(sent, wanted.namespace, sending.store, form, quiet=quiet)


def _job_is_over(search_id: str, head: AtHead) -> Callable[[], bool]:
    def ask() -> bool:
        job = head.jobs().find(search_id)
        return job is None or job.is_over

    return ask


def _tell(sent: "Submitted", head: AtHead, store: str, form: Format, *, quiet: bool) -> None:
    search = sent.search
    told = {"search_id": search.search_id, "job": sent.job.state, "address": head.address}
    answer = Answer(
        document=lambda: told,
        rows=lambda: Rows.of([told]),
        table=lambda terminal: (
            f"{search.search_id}  submitted to {head.address}: {sent.job.state}\n"
        ),
    )
    deliver(answer, form)
    say_what_next(search.search_id, head.options, store, quiet=quiet)
