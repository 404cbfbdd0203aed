"""Search with a changed spec, taking over what another search has tried already."""

from pathlib import Path

from cluster.session import connect
from searcher.api import OUTPUT, SearchResult, Source, new_search_id
from searcher.data import load_dataset
from searcher.driving import Driver, Observer, Place, drive, terminated_like_interrupted
from searcher.environment import describe_environment
from searcher.plan import count_slots, make_plan, started
from searcher.preflight import look_ahead, refuse, with_notices
from searcher.records import Note
from searcher.resuming import past_of
from searcher.reuse import reused
from searcher.spec import load_spec
from searcher.store import DEFAULT_URL, Store, Writer
from searcher.store.credentials import take_credentials
from searcher.store.spool import NAME as SPOOL


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
        count_slots(plan.spec, session)
        ahead = look_ahead(plan, exports=False)  # the search that it forks from has tried them
        refuse(ahead)
        plan = with_notices(plan, ahead)
        with Writer(store) as writer:
            driver = Driver(writer, place, plan.search_id)
            about = describe_environment(cpus=session.cpus, base=plan.base, output=folder)
            driver.emit(started(plan, about))
            writer.lead(plan.search_id, spool=folder / SPOOL)
            said = {"of": source.search_id, "reused": taken.trials, "left": dict(taken.left)}
            notes = (Note(plan.search_id, "forked", said), *ahead.notes(plan.search_id))
            for record in (*notes, *taken.records):
                driver.emit(record)
            driver.flush()
            past = past_of(store, plan.search_id)
            return drive(plan, place, driver, session=session, past=past)
