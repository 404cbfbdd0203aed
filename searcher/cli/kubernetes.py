"""What the commands for submitted searches say and ask when these run on Kubernetes."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from searcher.cli.exits import RequestError
from searcher.cli.output import Answer, Format, Rows, deliver
from searcher.cli.submitted import say_what_next
from searcher.errors import SpecError

if TYPE_CHECKING:
    from cluster.kubernetes.wanted import Wanted, Workers
    from searcher.submitting import SubmittedToKubernetes

OnKubernetes = Annotated[
    bool, typer.Option("--kubernetes", help="On Kubernetes (k8s/README.md), not at --address.")
]
Namespace = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Of the installation.", show_default="searcher"),
]
Image = Annotated[
    str | None,
    typer.Option(metavar="IMAGE", help="What its pods run.", show_default="searcher:VERSION"),
]
WorkerGroups = Annotated[
    list[str] | None,
    typer.Option(
        "--workers",
        metavar="GROUP",
        help="name=, number=, cpus=, memory=, gpus=, image= with commas between; can be repeated.",
        show_default="2 with 2 CPU, 4Gi",
    ),
]
HeadMemory = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="Of the driver's pod.", show_default="4Gi"),
]
Queue = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Queue of Kueue to wait in.", show_default="none"),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Print what would be created, and neither create nor store."),
]

COUNTED = ("number", "gpus")
KEYS = ("name", "number", "cpus", "memory", "gpus", "image")


def require_one_place(
    address: str | None, *, on_kubernetes: bool, only_there: Iterable[Any]
) -> str:
    """Return the address of a head; "" on Kubernetes.

    Parameters
    ----------
    only_there
        Values of options that mean something on Kubernetes only.
    """
    if on_kubernetes:
        return ""
    if any(only_there):
        raise RequestError(
            "--namespace, --image, --workers, --head-memory, --queue and --dry-run go with "
            "--kubernetes"
        )
    if address is None:
        raise RequestError("say where: --address URL of a Ray cluster's head, or --kubernetes")
    return address


def refuse_luggage(working_dir: Path | None, python: str | None, pip: Path | None) -> None:
    """Refuse what can't be done with pods."""
    if working_dir is not None or python is not None or pip is not None:
        raise RequestError(
            "--working-dir, --python and --pip do not go with --kubernetes: its pods run what the "
            "image has; name an image of your own by --image"
        )


def wanted_cluster(
    namespace: str | None,
    image: str | None,
    workers: Iterable[str],
    head_memory: str | None,
    queue: str | None,
) -> "Wanted":
    """Read what is asked for of a search's Ray cluster.

    Raises
    ------
    SpecError
        If Kubernetes could not read it.
    """
    from cluster.kubernetes.wanted import NAMESPACE, Wanted

    try:
        groups = tuple(_group(one) for one in workers)
        return Wanted(
            NAMESPACE if namespace is None else namespace, image, groups, head_memory, queue
        )
    except ValueError as error:
        raise SpecError(str(error)) from error


def _group(text: str) -> "Workers":
    """Read ``name=gpu,number=1,gpus=1``."""
    from cluster.kubernetes.wanted import Workers

    given: dict[str, Any] = {}
    for part in text.split(","):
        key, equals, value = part.strip().partition("=")
        if key not in KEYS or not equals or key in given:
            raise ValueError(
                f"workers: found {part.strip()[:80]!r} in {text[:200]!r}; allowed, each once: "
                f"{', '.join(f'{name}=' for name in KEYS)}"
            )
        if key in COUNTED and not value.isdecimal():
            raise ValueError(f"workers: {key}: found {value[:80]!r}; must be a whole number")
        given[key] = int(value) if key in COUNTED else value
    return Workers(**given)


def tell(
    sent: "SubmittedToKubernetes", namespace: str, store: str, form: Format, *, quiet: bool
) -> None:
    """Answer with the search and its RayJob, and say which commands go on from here."""
    search, job = sent.search, sent.job
    told = {
        "search_id": search.search_id,
        "job": job.state,
        "rayjob": job.name,
        "namespace": namespace,
        "created": job.is_new,
    }
    verb = "created" if job.is_new else "is there already, and was left alone"
    line = f"{search.search_id}  RayJob {job.name} in {namespace} {verb}: {job.state}\n"
    answer = Answer(
        document=lambda: told,
        rows=lambda: Rows.of([told]),
        table=lambda terminal: line,
    )
    deliver(answer, form)
    where = f"--kubernetes --namespace {namespace}"
    say_what_next(search.search_id, where, store, quiet=quiet)


def print_objects(
    spec: Path, wanted: "Wanted", search_id: str | None, data: str | None, output: str | None
) -> None:
    """Print what would be created, as YAML."""
    from cluster.kubernetes.objects import as_yaml
    from searcher.submitting import kubernetes_objects

    found = kubernetes_objects(spec, wanted=wanted, search_id=search_id, data=data, output=output)
    sys.stdout.write(as_yaml(found))


def print_logs(search_id: str, namespace: str | None) -> None:
    """Print what the driver of a search has written so far."""
    from cluster.kubernetes.jobs import RayJobs

    jobs = RayJobs(wanted_cluster(namespace, None, (), None, None).namespace)
    sys.stdout.write(jobs.logs(search_id))


def state_of(search_id: str, namespace: str | None) -> str:
    """Say what has become of a search's RayJob."""
    from cluster.kubernetes.jobs import RayJobs

    jobs = RayJobs(wanted_cluster(namespace, None, (), None, None).namespace)
    job = jobs.find(search_id)
    return "none" if job is None else f"RayJob {job.name}, {job.state}"


def is_over(search_id: str, namespace: str) -> Callable[[], bool]:
    """Return what asks whether nobody goes on with a search's RayJob."""
    from cluster.kubernetes.jobs import RayJobs

    def ask() -> bool:
        job = RayJobs(namespace).find(search_id)
        return job is None or job.is_over

    return ask
