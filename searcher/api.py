"""Searcher from Python: search, and export once more what a search found."""

import re
import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from cluster.session import Session, connect
from searcher.conclusion import conclude, last_word
from searcher.data import load_dataset
from searcher.environment import describe_environment
from searcher.errors import (
    DataError,
    NotFoundError,
    SearchFailedError,
    SearchInterruptedError,
)
from searcher.nested import Outcome, refit_work, run_nested_search
from searcher.plan import Plan, count_slots, make_plan, started
from searcher.preflight import look_ahead, refuse, with_notices
from searcher.records import FINAL, Note, Record, utc_now
from searcher.refit import RefitJob, refit
from searcher.release import Released, release_card, release_model, release_report
from searcher.spec import Spec, load_spec
from searcher.store import DEFAULT_URL, Store, StoredSearch, StoredTrial, Writer

OUTPUT = Path("searcher-output")
SearchResult = StoredSearch

Source = str | Path | Mapping[str, Any] | Spec
Observer = Callable[[Record], None]


def search(
    spec: Source,
    *,
    store: str = DEFAULT_URL,
    output: str | Path | None = None,
    address: str | None = None,
    cpus: int | None = None,
    observe: Observer | None = None,
    report: bool = True,
    try_exports: bool = True,
) -> SearchResult:
    """Run a nested search and return what it found.

    Parameters
    ----------
    spec
        Path of a YAML file, the same as a mapping, or a ``Spec``. Relative data paths start at
        the file's folder, or at the current one.
    store
        URL of the database that keeps every trial.
    output
        Folder for ``model.onnx``, ``model_card.md``, ``model_card.json`` and ``report.html``;
        ``searcher-output/<search_id>`` if None.
    address
        Ray cluster to run on; None starts Ray on this machine for the time of the search.
    cpus
        Cores of a Ray that is started here; None for all that this process may use.
    observe
        Called with every record of what happens, in this thread.
    report
        Whether to write the model card and ``report.html``.
    try_exports
        Whether to try first, on a few rows, if every structural choice of the spaces can be
        exported; what can't be is refused by name.

    Returns
    -------
    SearchResult
        As the store has it. ``outer_scores``, ``outer_mean``, ``interval``: larger is better.
        ``model_path`` is None, and ``error`` says why, if the model did not pass the parity gate.

    Raises
    ------
    SpecError, DataError
        If the request can't work; nothing was started or stored.
    SearchInterruptedError
        After Ctrl-C or SIGTERM; everything up to then is stored.
    SearchFailedError
        If no trial of an inner search succeeded.
    StoreError
        If the store can't be written.
    """
    base = Path(spec).parent if isinstance(spec, str | Path) else Path()
    spec = load_spec(spec)
    dataset = load_dataset(spec.data, base=base)
    plan = make_plan(_new_search_id(spec.name), spec, dataset, base=base)
    folder = Path(output) if output is not None else OUTPUT / plan.search_id
    with _terminated_like_interrupted(), connect(address, cpus=cpus) as session:
        count_slots(spec, session)  # before anything takes long, or is stored
        ahead = look_ahead(plan, exports=try_exports)
        refuse(ahead)
        plan, notes = with_notices(plan, ahead), ahead.notes(plan.search_id)
        return _search(
            plan, folder, store, session=session, observe=observe, report=report, notes=notes
        )


def _search(
    plan: Plan,
    folder: Path,
    store: str,
    *,
    session: Session,
    observe: Observer | None,
    report: bool,
    notes: Sequence[Note],
) -> SearchResult:
    with Writer(store) as writer:

        def emit(record: Record) -> None:
            writer.add(record)
            if observe is not None:
                observe(record)

        def trials_of(outer_fold: str) -> tuple[StoredTrial, ...]:
            writer.flush()
            with Store(store) as reader:
                return reader.trials(plan.search_id, outer_fold=outer_fold, order="number")

        emit(started(plan, describe_environment(cpus=session.cpus, base=plan.base)))
        for note in notes:
            emit(note)
        with _interruption(plan.search_id), last_word(plan.search_id, emit):
            outcome = run_nested_search(plan, session=session, emit=emit, trials_of=trials_of)
            if outcome is None:
                raise SearchInterruptedError(plan.search_id)
            _finish(plan, outcome, folder, emit)
        writer.flush()
        if report:
            _write_documents(store, plan.search_id, folder, writer, emit)
    with Store(store) as reader:
        return reader.search(plan.search_id)


def _write_documents(
    store: str, search_id: str, folder: Path, writer: Writer, emit: Observer
) -> None:
    """Write model card and report, which shows the card."""
    try:
        for card in release_card(store, search_id, folder):
            emit(card)
        writer.flush()
        emit(release_report(store, search_id, folder))
    except OSError as error:  # a full disk must not cost the result
        emit(Note(search_id, "report", {"error": str(error)}))


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
    with Store(store) as reader:
        found = reader.search(search_id)
        wanted = trial_id or found.best_trial_id
        if wanted is None:
            raise NotFoundError(f"search {found.search_id} has no winner yet; name a trial")
        trial = reader.trial(wanted)
    if trial.search_id != found.search_id:
        raise NotFoundError(f"trial {wanted} is of search {trial.search_id}")
    plan = _plan_again(found)
    name = "model.onnx" if trial_id is None else f"{wanted}.onnx"
    path = Path(output) if output is not None else OUTPUT / found.search_id / name
    work = refit_work(plan)
    job = RefitJob(
        outer_fold=trial.outer_fold,
        roles=("winner",),
        trial_id=trial.trial_id,
        family=trial.family,
        configuration=trial.configuration,
        keep_model=True,
    )
    model = refit(work, job).model
    if model is None:
        raise SearchFailedError(f"trial {wanted} gave no model")
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


def _finish(plan: Plan, outcome: Outcome, folder: Path, emit: Observer) -> None:
    """Export the final model; say what the search amounts to."""
    ended = conclude(plan, outcome)
    (final,) = (choice for choice in outcome.chosen if choice.outer_fold == FINAL)
    path = folder / "model.onnx"
    released = release_model(
        plan,
        outcome.model,
        path,
        trial_id=final.trial_id,
        outer_fold=FINAL,
        outer_mean=ended.outer_mean,
    )
    for record in released.records:
        emit(record)
    emit(replace(ended, error=released.error, at=utc_now()))


def _plan_again(found: StoredSearch) -> Plan:
    """Make the plan of a stored search again, over the same rows.

    Raises
    ------
    DataError
        If the rows are others by now.
    """
    spec = load_spec(found.spec)
    base = Path(found.environment.get("base", "."))
    dataset = load_dataset(spec.data, base=base)
    if dataset.fingerprint != found.fingerprint:
        raise DataError(
            f"the rows of {spec.data.path} are not those of search {found.search_id}: "
            f"fingerprint {dataset.fingerprint[:12]}, then {found.fingerprint[:12]}"
        )
    return make_plan(found.search_id, spec, dataset, base=base)


@contextmanager
def _interruption(search_id: str) -> Iterator[None]:
    """Say Ctrl-C with the search's id, which the caller may not have seen yet."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise SearchInterruptedError(search_id) from error


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Treat SIGTERM, which would end the process on the spot, as Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals belong to the main thread
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _new_search_id(name: str) -> str:
    """Make a readable id that no other search has: ``churn-3f9a2c``."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-")
    return f"{slug or 'search'}-{secrets.token_hex(3)}"
