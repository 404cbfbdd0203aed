"""Begin a search: look ahead, store that it is there, take its lease, and drive it."""

from collections.abc import Callable, Iterable

from cluster.session import Session
from searcher.driving import Driver, Place, drive
from searcher.environment import describe_environment
from searcher.nested import check_strategy
from searcher.past import past_of
from searcher.plan import Plan, open_room_for, started
from searcher.preflight import OnStep, look_ahead, refuse, with_notices
from searcher.records import Record
from searcher.store import StoredSearch, Writer
from searcher.store.spool import NAME as SPOOL


def begin(
    plan: Plan,
    place: Place,
    *,
    session: Session,
    exports: bool,
    training: bool,
    on_step: OnStep | None = None,
    taken: Callable[[Plan], Iterable[Record]] = lambda plan: (),
) -> StoredSearch:
    """Run a new search to its end.

    Parameters
    ----------
    exports
        Whether to try first if every structural choice can be exported.
    training
        Whether to try first if networks can be trained, and at which learning rates.
    on_step
        Told what is tried first, one thing after the other.
    taken
        Says what the plan, whose spaces may have been narrowed by then, begins with: trials of
        another search, and a note that says so.

    Raises
    ------
    SpecError, DataError
        If the request can't work; nothing was stored.
    SearchInterruptedError, SearchFailedError, StoreError
        As ``drive`` raises them.
    """
    check_strategy(plan)
    open_room_for(plan, session)  # before anything takes long, or is stored
    ahead = look_ahead(plan, exports=exports, training=training, on_step=on_step)
    refuse(ahead)
    plan = with_notices(plan, ahead)
    with Writer(place.store) as writer:
        driver = Driver(writer, place, plan.search_id)
        about = describe_environment(cpus=session.cpus, base=plan.base, output=place.folder)
        driver.emit(started(plan, about))
        writer.lead(plan.search_id, spool=place.folder / SPOOL)
        for record in (*taken(plan), *ahead.notes(plan.search_id)):
            driver.emit(record)
        driver.flush()
        past = past_of(place.store, plan.search_id)
        return drive(plan, place, driver, session=session, past=past)
