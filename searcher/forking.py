"""Search with a changed spec, taking over what another search has tried already."""

from collections.abc import Iterator
from pathlib import Path

from cluster.session import connect
from searcher.api import SearchResult, Source
from searcher.beginning import begin
from searcher.data import load_dataset
from searcher.driving import OUTPUT, Observer, Place, terminated_like_interrupted
from searcher.plan import Plan, make_plan
from searcher.preflight import OnStep
from searcher.records import Note, Record
from searcher.reuse import require_the_same_fits, reused
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
    allow_unauthenticated: bool = False,
    observe: Observer | None = None,
    report: bool = True,
    try_exports: bool = True,
    try_training: bool = True,
    on_step: OnStep | None = None,
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
        require_the_same_fits(plan, source, reader)

    def taken(plan: Plan) -> Iterator[Record]:
        with Store(store) as reader:
            found = reused(plan, source, reader)
        said = {"of": source.search_id, "reused": found.trials, "left": dict(found.left)}
        yield Note(plan.search_id, "forked", said)
        yield from found.records

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
            taken=taken,
        )
