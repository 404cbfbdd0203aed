"""Hand a search to a Ray cluster: begun in the store from here, driven there."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cluster.jobs import Job, Jobs
from searcher.data import load_dataset
from searcher.environment import describe_environment
from searcher.errors import NotFoundError, SpecError
from searcher.nested import check_strategy
from searcher.plan import Plan, make_plan, started
from searcher.preflight import OnStep, look_ahead, refuse, with_notices
from searcher.records import Note
from searcher.search_ids import check_search_id, new_search_id
from searcher.shipping import pack
from searcher.spec import Spec, load_spec
from searcher.store import Store, StoredSearch, Writer
from searcher.store.credentials import STORE, take_credentials

SUBMITTED = "submitted"
"""Kind of the note that says where a search was sent, and what its driver needs to know."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A search, and the job that drives it."""

    search: StoredSearch
    job: Job


@dataclass(frozen=True, slots=True)
class Cargo:
    """What a search takes along, and where things are on the cluster."""

    working_dir: Path | None = None  # goes along whole
    data: str | None = None  # path that all nodes can read; None: the rows travel
    output: str | None = None  # folder for its files; None: one under the home of the driver's user
    python: str | None = None  # interpreter; None: ``python``, or this one if the head is here


def submit(
    spec: str | Path | dict[str, Any] | Spec,
    *,
    address: str,
    store: str,
    search_id: str | None = None,
    cargo: Cargo | None = None,
    try_exports: bool = True,
    try_training: bool = True,
    on_step: OnStep | None = None,
) -> Submitted:
    """Begin a search in the store, and have a job of a cluster drive it to its end.

    The id of the search is the id of the job. A search that is there already is not begun again: a
    job whose process is over is started once more, and goes on with it (``resume``).

    Parameters
    ----------
    address
        Of the head's dashboard, ``http://HOST:8265``.
    store
        URL of a database that the head reaches, too. A password in it is used here and not sent:
        the driver finds its own in ``PGPASSWORD`` or ``~/.pgpass`` of the head.
    spec, search_id, try_exports, try_training, on_step
        As for ``search``.

    Raises
    ------
    ClusterError
        If the cluster can't be reached, or refuses.
    SpecError, DataError
        If the request can't work; nothing was stored or sent.
    """
    cargo = cargo or Cargo()
    jobs = Jobs(address)
    store = _reachable(take_credentials(store), jobs)
    base = Path(spec).parent if isinstance(spec, str | Path) else Path()
    asked = load_spec(spec)
    with TemporaryDirectory(prefix="searcher-submit-") as name:
        folder = Path(name)
        packed = pack(asked, folder, base=base, working_dir=cargo.working_dir, ships=not cargo.data)
        found = None if search_id is None else _begun(check_search_id(search_id), asked, store)
        if found is None:
            dataset = load_dataset(asked.data, base=base)
            plan = make_plan(search_id or new_search_id(asked.name), asked, dataset, base=base)
            check_strategy(plan)
            ahead = look_ahead(plan, exports=try_exports, training=try_training, on_step=on_step)
            refuse(ahead)
            notes = ahead.notes(plan.search_id)
            _begin(with_notices(plan, ahead), store, cargo, notes, packed)
            search_id = plan.search_id
        job = jobs.start(
            str(search_id),
            f"{_interpreter(cargo, jobs)} -m searcher.cli.job {search_id}",
            runtime_env={"working_dir": name, "env_vars": {STORE: store}},
            metadata={"searcher": "search"},
        )
    with Store(store) as reader:
        return Submitted(reader.search(str(search_id)), job)


def _begin(
    plan: Plan, store: str, cargo: Cargo, notes: tuple[Note, ...], packed: str | None
) -> None:
    """Write a search into the store, for a driver to go on with."""
    about = describe_environment(cpus=0, base=plan.base)
    said = {"data": cargo.data or packed, "output": cargo.output, "versions": _versions(about)}
    with Writer(store) as writer:
        writer.add(started(plan, about))
        writer.lead(plan.search_id)
        for note in (*notes, Note(plan.search_id, SUBMITTED, said)):
            writer.add(note)
        writer.flush()


def _versions(about: dict[str, Any]) -> dict[str, str]:
    """Pick out what must be the same where the search was planned and where it is driven."""
    versions = about["versions"]
    python = ".".join(about["python"].split(".")[:2])
    return {"python": python, "ray": versions["ray"], "searcher": versions["searcher"]}


def _begun(search_id: str, spec: Spec, store: str) -> StoredSearch | None:
    """Return the search of this id if it was begun by this spec."""
    try:
        with Store(store) as reader:
            found = reader.search(search_id)
    except NotFoundError:
        return None
    if found.search_id != search_id:
        return None
    if found.spec != spec.model_dump(mode="json"):
        raise SpecError(f"search {search_id} was begun by another spec")
    return found


def _reachable(store: str, jobs: Jobs) -> str:
    """Refuse a file that the head can't see."""
    if not store.startswith("sqlite"):
        return store
    if not jobs.is_here:
        raise SpecError(
            f"store: {store} is a file on this machine, which the cluster at {jobs.address} can't "
            "see; use PostgreSQL (postgresql+psycopg://...), or a head on this machine"
        )
    prefix, path = store.split(":///", 1)
    return f"{prefix}:///{Path(path).resolve()}"


def _interpreter(cargo: Cargo, jobs: Jobs) -> str:
    if cargo.python is not None:
        return cargo.python
    return shlex.quote(sys.executable) if jobs.is_here else "python"
