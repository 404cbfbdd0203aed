"""Search with a changed spec, taking over what another search has tried already."""

from pathlib import Path

from cluster.session import connect
from searcher.api import SearchResult, Source
from searcher.beginning import begin
from searcher.data import load_dataset
from searcher.driving import OUTPUT, Observer, Place, terminated_like_interrupted
from searcher.plan import make_plan
from searcher.records import Note
from searcher.reuse import reused
from searcher.search_ids import new_search_id
from searcher.spec import load_spec
from searcher.store import DEFAULT_URL, Store
from searcher.store.credentials import take_credentials


def fork(
    search_id: str,
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
    """Search with a changed spec, taking over the trials of a search that are still good.

    Good are completed trials within the new space, if rows, folds and seed are the same. They
    count towards the budget, and the strategies learn from them.

    Raises
    ------
    SpecError
        If the spec is wrong, or no trial can be used because rows, folds or seed are others.
    """
    store = take_credentials(store)
    base = Path(spec).parent if isinstance(spec, str | Path) else Path()
    asked = load_spec(spec)
    dataset = load_dataset(asked.data, base=base)
    plan = make_plan(new_search_id(asked.name), asked, dataset, base=base)
    with Store(store) as reader:
        source = reader.search(search_id)
        taken = reused(plan, source, reader)
    folder = Path(output) if output is not None else OUTPUT / plan.search_id
    place = Place(store, folder, observe, report)
    with terminated_like_interrupted(), connect(address, cpus=cpus) as session:
        said = {"of": source.search_id, "reused": taken.trials, "left": dict(taken.left)}
        records = (Note(plan.search_id, "forked", said), *taken.records)
        return begin(plan, place, session=session, exports=try_exports, taken=records)
