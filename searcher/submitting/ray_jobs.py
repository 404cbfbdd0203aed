"""Hand a search to a Ray cluster: its job server starts what drives it."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cluster.head import is_here
from cluster.jobs import Job, Jobs
from searcher.errors import SpecError
from searcher.past import begun
from searcher.preflight import OnStep
from searcher.search_ids import check_search_id, new_search_id
from searcher.shipping import pack
from searcher.spec import Spec, load_spec
from searcher.store import Store, StoredSearch
from searcher.store.credentials import STORE, take_credentials
from searcher.submitting.beginning import Sent, Tries, put_into_store
from searcher.submitting.cargo import Cargo, interpreter, require_readable, runtime_environment


@dataclass(frozen=True, slots=True)
class Submitted:
    """A search, and the job that drives it."""

    search: StoredSearch
    job: Job


def submit(
    spec: str | Path | dict[str, Any] | Spec,
    *,
    address: str,
    store: str,
    allow_unauthenticated: bool = False,
    search_id: str | None = None,
    cargo: Cargo | None = None,
    try_exports: bool = True,
    try_training: bool = True,
    on_step: OnStep | None = None,
) -> Submitted:
    """Begin a search in the store, and have a job of a cluster drive it to its end.

    The id of the search is the id of the job. A search that is there already is not begun again: a
    job whose process is over is started once more, and goes on with it (``resume``), with the cargo
    of this time. A job that runs is left alone.

    Parameters
    ----------
    address
        Of the head's dashboard, ``http://HOST:8265``.
    store
        URL of a database that the head reaches, too. A password in it is used here and not sent:
        the driver finds its own in ``PGPASSWORD`` or ``~/.pgpass`` of the head.
    allow_unauthenticated
        As for ``cluster.head.Head``.
    spec, search_id, try_exports, try_training, on_step
        As for ``search``.

    Raises
    ------
    ClusterError
        If the cluster can't be reached, refuses, or asks for no token.
    SpecError, DataError
        If the request can't work; nothing was stored or sent.
    """
    cargo, asked = cargo or Cargo(), load_spec(spec)
    jobs = Jobs(address, allow_unauthenticated=allow_unauthenticated)
    store = _reachable(take_credentials(store), jobs.address)
    base = Path(spec).parent if isinstance(spec, str | Path) else Path()
    found = None
    if search_id is not None:
        found = begun(check_search_id(search_id), asked, store)
        job = jobs.find(search_id)
        if job is not None and not job.is_over:
            return Submitted(_required(found, job, jobs), job)
    search_id = search_id or new_search_id(asked.name)
    tries = Tries(try_exports, try_training, on_step)
    with TemporaryDirectory(prefix="searcher-submit-") as name:
        ships = cargo.data is None
        packed = pack(asked, Path(name), base=base, working_dir=cargo.working_dir, ships=ships)
        sent = Sent(search_id, asked, base, cargo.data or packed, cargo.output)
        runtime_env = runtime_environment(cargo, folder=name)
        python = interpreter(cargo, jobs.address)
        if cargo.data is not None:
            require_readable(cargo.data, jobs, search_id, python, runtime_env)
        put_into_store(sent, store, tries, is_there=found is not None)
        job = jobs.start(
            search_id,
            f"{python} -m searcher.cli.job {search_id}",
            runtime_env=runtime_env | {"env_vars": {STORE: store}},
            metadata={"searcher": "search"},
        )
    with Store(store) as reader:
        return Submitted(reader.search(search_id), job)


def _required(found: StoredSearch | None, job: Job, jobs: Jobs) -> StoredSearch:
    """Refuse an id whose job drives a search that is kept elsewhere."""
    if found is None:
        raise SpecError(
            f"search_id: a job {job.job_id} runs on the cluster at {jobs.address}, for a search "
            "that is not in this store; choose another id"
        )
    return found


def _reachable(store: str, address: str) -> str:
    """Refuse a file that the head can't see."""
    if not store.startswith("sqlite"):
        return store
    if not is_here(address):
        raise SpecError(
            f"store: {store} is a file on this machine, which the cluster at {address} can't "
            "see; use PostgreSQL (postgresql+psycopg://...), or a head on this machine"
        )
    prefix, path = store.split(":///", 1)
    return f"{prefix}:///{Path(path).resolve()}"
