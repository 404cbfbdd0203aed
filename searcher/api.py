"""Searcher from Python: search, and export once more what a search found."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cluster.session import connect
from searcher.beginning import begin
from searcher.data import load_dataset
from searcher.driving import OUTPUT, Observer, Place, terminated_like_interrupted
from searcher.errors import NotFoundError
from searcher.past import begun
from searcher.plan import make_plan, plan_again
from searcher.preflight import OnStep
from searcher.records import Note, Record
from searcher.release import Released, release_model
from searcher.remaking import remake
from searcher.resuming import resume
from searcher.search_ids import check_search_id, new_search_id
from searcher.spec import Spec, load_spec
from searcher.store import DEFAULT_URL, Store, StoredSearch, StoredTrial, Writer
from searcher.store.credentials import take_credentials

SearchResult = StoredSearch

Source = str | Path | Mapping[str, Any] | Spec


def search(
    spec: Source,
    *,
    store: str = DEFAULT_URL,
    search_id: str | None = None,
    output: str | Path | None = None,
    address: str | None = None,
    cpus: int | None = None,
    allow_unauthenticated: bool = False,
    observe: Observer | None = None,
    report: bool = True,
    try_exports: bool = True,
    try_training: bool = True,
    on_step: OnStep | None = None,
) -> SearchResult:
    """Run a nested search and return what it found.

    Parameters
    ----------
    spec
        Path of a YAML file, the same as a mapping, or a ``Spec``. Relative data paths start at
        the file's folder, or at the current one.
    store
        URL of the database that keeps every trial.
    search_id
        What to call the search; None makes up an id. If the store has one that is called so, it is
        gone on with (``resume``), or returned if it is completed: so whoever starts a program
        again after its death need not know how far it was.
    output
        Folder for ``model.onnx``, ``model_card.md``, ``model_card.json`` and ``report.html``;
        ``searcher-output/<search_id>`` if None.
    address
        Ray cluster to run on; None starts Ray on this machine for the time of the search.
    cpus
        Cores of a Ray that is started here; None for all that this process may use.
    allow_unauthenticated
        Whether to use a cluster that other machines reach and that asks for no token: anyone there
        may run code as its user.
    observe
        Called with every record of what happens, in this thread.
    report
        Whether to write the model card and ``report.html``.
    try_exports
        Whether to try first, on a few rows, if every structural choice of the spaces can be
        exported; what can't be is refused by name.
    try_training
        Whether to try first, on a few rows, which choices of networks can be trained, and at which
        learning rates; what can't be is left out.
    on_step
        Called with what is tried first, one thing after the other, in this thread.

    Returns
    -------
    SearchResult
        As the store has it. ``outer_scores``, ``outer_mean``, ``interval``: larger is better.
        ``model_path`` is None, and ``error`` says why, if the model did not pass the parity gate.

    Raises
    ------
    SpecError, DataError
        If the request can't work, or another spec began the search of this id; nothing was
        started or stored.
    LeaseHeldError
        If another live process drives the search of this id.
    SearchInterruptedError
        After Ctrl-C or SIGTERM; everything up to then is stored.
    SearchFailedError
        If no trial of an inner search succeeded.
    StoreError
        If the store can't be written.
    ClusterError
        If the cluster can't be joined, asks for no token, or runs a Ray with known holes.
    """
    base = Path(spec).parent if isinstance(spec, str | Path) else Path()
    spec = load_spec(spec)
    store = take_credentials(store)
    if search_id is not None and begun(check_search_id(search_id), spec, store):
        return resume(
            search_id,
            store=store,
            output=output,
            address=address,
            cpus=cpus,
            allow_unauthenticated=allow_unauthenticated,
            observe=observe,
            report=report,
        )
    dataset = load_dataset(spec.data, base=base)
    plan = make_plan(search_id or new_search_id(spec.name), spec, dataset, base=base)
    folder = Path(output) if output is not None else OUTPUT / plan.search_id
    place = Place(store, folder, observe, report)
    joining = connect(address, cpus=cpus, allow_unauthenticated=allow_unauthenticated)
    with terminated_like_interrupted(), joining as session:
        return begin(
            plan,
            place,
            session=session,
            exports=try_exports,
            training=try_training,
            on_step=on_step,
        )


def export_search(
    search_id: str,
    *,
    store: str = DEFAULT_URL,
    trial_id: str | None = None,
    output: str | Path | None = None,
) -> Released:
    """Refit a stored trial's configuration and export it, if it passes the parity gate.

    Parameters
    ----------
    search_id
        Or the beginning of one.
    trial_id
        Of any trial; refitted on the training rows of its own outer fold. None: the winner of the
        final inner search, refitted on all rows.
    output
        The file to write; ``searcher-output/<search_id>/model.onnx`` (or ``<trial_id>.onnx``).

    Raises
    ------
    NotFoundError
        If there is no such search or trial, or the search has no winner yet.
    DataError
        If the data are gone, or are not the rows that the search saw.
    """
    store = take_credentials(store)
    with Store(store) as reader:
        found = reader.search(search_id)
        wanted = trial_id or found.best_trial_id
        if wanted is None:
            raise NotFoundError(f"search {found.search_id} has no winner yet; name a trial")
        trial = reader.trial(wanted)
    if trial.search_id != found.search_id:
        raise NotFoundError(f"trial {wanted} is of search {trial.search_id}")
    plan = plan_again(found)
    name = "model.onnx" if trial_id is None else f"{wanted}.onnx"
    path = Path(output) if output is not None else OUTPUT / found.search_id / name
    with Store(store) as reader:
        model = remake(plan, trial, reader)
    released = release_model(
        plan,
        model,
        path,
        trial_id=trial.trial_id,
        outer_fold=trial.outer_fold,
        outer_mean=found.outer_mean,
    )
    with Writer(store) as writer:
        for record in _kept(released, found, trial):
            writer.add(record)
    return released


def _kept(released: Released, found: StoredSearch, trial: StoredTrial) -> Sequence[Record]:
    """Choose what the store keeps of an export: only the winner's file is the search's own."""
    if trial.trial_id == found.best_trial_id:
        return released.records
    payload = {
        "trial_id": trial.trial_id,
        "path": None if released.path is None else str(released.path),
        "error": released.error,
    }
    return (Note(found.search_id, "export", payload),)
