"""Hand a search to Kubernetes: a RayJob of its own drives it."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from cluster.kubernetes.jobs import Job, RayJobs
from cluster.kubernetes.objects import Object, objects
from cluster.kubernetes.wanted import Wanted
from searcher.errors import SpecError
from searcher.past import begun
from searcher.search_ids import check_search_id, new_search_id
from searcher.shipping import pack
from searcher.spec import Spec, load_spec
from searcher.store import Store, StoredSearch
from searcher.store.credentials import take_credentials
from searcher.submitting.beginning import Sent, Tries, put_into_store

FILES, DATA = "/files", "/data"
"""Where pods see their search's own folder of the volume, and the one that all may read."""


@dataclass(frozen=True, slots=True)
class SubmittedToKubernetes:
    """A search, and the RayJob that drives it."""

    search: StoredSearch
    job: Job


def kubernetes_objects(
    spec: str | Path | dict[str, Any] | Spec,
    *,
    wanted: Wanted | None = None,
    search_id: str | None = None,
    data: str | None = None,
    output: str | None = None,
) -> list[Object]:
    """Return what ``submit_to_kubernetes`` would create; neither cluster nor store is asked.

    Raises
    ------
    SpecError
        If the request can't work there.
    """
    sent = _sent(spec, search_id, data, output)
    return objects(sent.search_id, wanted or Wanted())


def submit_to_kubernetes(
    spec: str | Path | dict[str, Any] | Spec,
    *,
    store: str,
    wanted: Wanted | None = None,
    search_id: str | None = None,
    data: str | None = None,
    output: str | None = None,
    tries: Tries | None = None,
) -> SubmittedToKubernetes:
    """Begin a search in the store, and have a RayJob of its own drive it to its end.

    A search that is there already is not begun again: a RayJob that is over makes way for a new
    one, which goes on with it (``resume``); one that is not is left alone.

    Parameters
    ----------
    store
        URL of the PostgreSQL that the installation's drivers use, as it is reached from here. The
        RayJob does not hold it: the drivers' own URL is in the ConfigMap ``store``, their
        password in the secret ``database-app``.
    wanted
        The Ray cluster: namespace, images, workers.
    data
        Where pods see the rows: a path in ``/data`` (the folder ``_data`` of the volume) or in
        ``/files`` (the search's own). Only what scikit-learn bundles needs none.
    output
        Folder for its files, in ``/files``; that itself if None.
    spec, search_id
        As for ``search``.

    Raises
    ------
    ClusterError
        If there is no way to Kubernetes, or it refuses.
    SpecError, DataError
        If the request can't work; nothing was stored or created.
    """
    wanted, store = wanted or Wanted(), _server(take_credentials(store))
    sent = _sent(spec, search_id, data, output)
    jobs = RayJobs(wanted.namespace)
    found = begun(sent.search_id, sent.spec, store)
    job = jobs.find(sent.search_id)
    if job is not None and not job.is_over:
        if found is None:
            raise SpecError(
                f"search_id: the RayJob {job.name} is {job.state} in the namespace "
                f"{wanted.namespace}, for a search that is not in this store; choose another id"
            )
    else:
        put_into_store(sent, store, tries or Tries(), is_there=found is not None)
    job = jobs.start(sent.search_id, objects(sent.search_id, wanted))
    with Store(store) as reader:
        return SubmittedToKubernetes(reader.search(sent.search_id), job)


def _sent(
    spec: str | Path | dict[str, Any] | Spec,
    search_id: str | None,
    data: str | None,
    output: str | None,
) -> Sent:
    """Look at what can be looked at here."""
    asked = load_spec(spec)
    base = Path(spec).parent if isinstance(spec, str | Path) else Path()
    own = new_search_id(asked.name) if search_id is None else check_search_id(search_id)
    _refuse_modules(asked, base)
    if output is not None and not _is_in(output, FILES):
        raise SpecError(f"output: found {output!r}; what pods write outside of {FILES} is lost")
    return Sent(own, asked, base, _rows(asked, data), output or FILES)


def _rows(asked: Spec, data: str | None) -> str | None:
    """Refuse rows that no pod could read."""
    if data is None and not str(asked.data.path).startswith("sklearn:"):
        raise SpecError(
            f"data: rows do not travel to Kubernetes. Copy {asked.data.path} into the folder _data "
            f"of the volume, and say where pods see it: --data {DATA}/NAME"
        )
    if data is not None and not (_is_in(data, DATA) or _is_in(data, FILES)):
        raise SpecError(
            f"data: found {data!r}; pods see {DATA} (the folder _data of the volume) and {FILES} "
            "(the search's own folder), and nothing leaves their namespace"
        )
    return data


def _is_in(path: str, folder: str) -> bool:
    pure = PurePosixPath(path)
    return pure.is_relative_to(folder) and ".." not in pure.parts


def _refuse_modules(asked: Spec, base: Path) -> None:
    """Refuse families that are not installed: what runs there is the image, and no more."""
    with TemporaryDirectory(prefix="searcher-submit-") as name:
        pack(asked, Path(name), base=base, ships=False)
        left = sorted(path.name for path in Path(name).iterdir())
    if left:
        raise SpecError(
            f"families: {', '.join(left)} would have to go along; on Kubernetes only what the "
            "image has installed is there. Install it here and in an image of your own (--image)"
        )


def _server(store: str) -> str:
    """Refuse a file, which no pod sees."""
    if not store.startswith("postgresql"):
        raise SpecError(
            f"store: {store} is a file of this machine, which no pod sees; use the installation's "
            "PostgreSQL (postgresql+psycopg://...), for example through `kubectl port-forward`"
        )
    return store
