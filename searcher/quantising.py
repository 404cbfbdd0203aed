"""A search's winner as a smaller file of 8-bit weights, judged by the outer folds."""

from dataclasses import asdict, dataclass
from pathlib import Path

from searcher.api import export_search
from searcher.errors import ExportError, NotFoundError
from searcher.export.quantisation import (
    OuterFold,
    QuantisationError,
    QuantisedVerdict,
    export_quantised,
)
from searcher.plan import plan_again
from searcher.records import FINAL, Note
from searcher.release import Released
from searcher.remaking import remake
from searcher.store import DEFAULT_URL, Store, Writer
from searcher.store.credentials import take_credentials


@dataclass(frozen=True, slots=True)
class Quantised:
    """What came of it."""

    released: Released  # the file of 32-bit weights, with its parity verdict
    path: Path | None  # of the smaller one; None: it was not released
    verdict: QuantisedVerdict | None  # None: nothing could be compared
    error: str | None


def quantise_search(
    search_id: str, *, store: str = DEFAULT_URL, output: str | Path | None = None
) -> Quantised:
    """Export the winner again, and beside it a file with 8-bit weights if the outer folds bear it.

    Each outer fold's winner is refitted and quantised too: that is what its loss is measured on.

    Parameters
    ----------
    search_id, store, output
        As for ``export_search``; the smaller file is called ``<output>.int8.onnx``.

    Raises
    ------
    NotFoundError, DataError
        As ``export_search`` raises them, or if the search is not completed.
    """
    store = take_credentials(store)
    with Store(store) as reader:
        found = reader.search(search_id)
    if found.state != "completed":
        raise NotFoundError(f"search {found.search_id} is {found.state}, not completed")
    released = export_search(found.search_id, store=store, output=output)
    if released.path is None:
        return Quantised(released, None, None, released.error)
    path = released.path.with_suffix(".int8.onnx")
    made = _quantise(found.search_id, store, released, path)
    told = {
        "path": None if made.path is None else str(made.path),
        "error": made.error,
        "verdict": None if made.verdict is None else asdict(made.verdict),
    }
    with Writer(store) as writer:
        writer.add(Note(found.search_id, "quantised", told))
    return made


def _quantise(search_id: str, store: str, released: Released, path: Path) -> Quantised:
    if released.path is None:
        return Quantised(released, None, None, released.error)
    with Store(store) as reader:
        found = reader.search(search_id)
        plan = plan_again(found)
        winners = (reader.trial(winner.trial_id) for winner in found.winners)
        models = {trial.outer_fold: remake(plan, trial, reader) for trial in winners}
    data, folds = plan.dataset, plan.outer
    try:
        outer = [
            OuterFold.of(model, data.X[folds[name].test], data.y[folds[name].test])
            for name, model in models.items()
            if name != FINAL
        ]
        _, verdict = export_quantised(released.path, path, models[FINAL], data.X, outer=outer)
    except QuantisationError as error:
        return Quantised(released, None, error.verdict, str(error))
    except (ExportError, OSError) as error:
        return Quantised(released, None, None, str(error))
    return Quantised(released, path, verdict, None)
