"""Go on with a search after its driver died, or with a larger budget; or have it stop."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cluster.session import connect
from searcher.data import load_dataset
from searcher.driving import (
    OUTPUT,
    Driver,
    Observer,
    Place,
    drive,
    hand_over,
    terminated_like_interrupted,
)
from searcher.errors import SpecError, StoreError
from searcher.following import records_of
from searcher.lifecycle import require
from searcher.past import past_of
from searcher.plan import Plan, open_room_for, plan_again, started
from searcher.records import Record, SearchEnded, SearchExtended, SearchResumed
from searcher.reuse import same_folds
from searcher.spec import load_spec
from searcher.store import DEFAULT_URL, Store, StoredSearch, Writer
from searcher.store.credentials import take_credentials
from searcher.store.leases import Standing, request_stop
from searcher.store.spool import NAME as SPOOL


def resume(
    search_id: str,
    *,
    store: str = DEFAULT_URL,
    output: str | Path | None = None,
    address: str | None = None,
    cpus: int | None = None,
    allow_unauthenticated: bool = False,
    observe: Observer | None = None,
    report: bool = True,
    data: str | None = None,
) -> StoredSearch:
    """Go on with a search that was interrupted, failed, or lost its driver.

    One that is completed is returned as it is; card and report are written if they are missing.

    What the store has is neither run nor counted again: the strategies are rebuilt from it, what
    was running goes on after its last finished inner fold, and the next proposals are those of a
    search that nothing had happened to.

    Parameters
    ----------
    search_id
        Or the beginning of one.
    output
        Folder for its files; the one that it was begun with if None.
    data
        Where its rows are now, if they were moved: a path, from the current folder.
    store, address, cpus, allow_unauthenticated, observe, report
        As for ``search``.

    Raises
    ------
    LeaseHeldError
        If another live process drives it; says which, and since when.
    DataError
        If the rows are gone, or others by now.
    """
    return _go_on(
        "resume",
        search_id,
        lambda found: [SearchResumed(found.search_id)],
        store=take_credentials(store),
        output=output,
        address=address,
        cpus=cpus,
        allow_unauthenticated=allow_unauthenticated,
        observe=observe,
        report=report,
        data=data,
    )


def extend(
    search_id: str,
    *,
    trials: int | None = None,
    time_s: float | None = None,
    store: str = DEFAULT_URL,
    output: str | Path | None = None,
    address: str | None = None,
    cpus: int | None = None,
    allow_unauthenticated: bool = False,
    observe: Observer | None = None,
    report: bool = True,
) -> StoredSearch:
    """Give a search a larger budget, and go on with it.

    Every inner search goes on from its trials and chooses anew; the outer folds judge the new
    choices. The outer scores of the old choices go, and the events say that they were there.

    Parameters
    ----------
    trials
        Further trials of each inner search.
    time_s
        Further seconds of each inner search; only where the budget has a time.
    search_id, store, output, address, cpus, allow_unauthenticated, observe, report
        As for ``resume``.

    Raises
    ------
    SpecError
        If there is nothing to add, or it does not go together with the spec.
    LeaseHeldError, NotAllowedError, DataError
        As for ``resume``.
    """

    def records(found: StoredSearch) -> list[Record]:
        _require_growth(found, trials)
        before = found.spec["budget"]
        budget = _enlarged(before, trials=trials, time_s=time_s)
        return [SearchExtended(found.search_id, before, budget)]

    return _go_on(
        "extend",
        search_id,
        records,
        store=take_credentials(store),
        output=output,
        address=address,
        cpus=cpus,
        allow_unauthenticated=allow_unauthenticated,
        observe=observe,
        report=report,
    )


def _require_growth(found: StoredSearch, trials: int | None) -> None:
    """Refuse further trials where those that are there have been trained without them."""
    strategy = load_spec(found.spec).strategy
    if trials and not strategy.can_grow:
        raise SpecError(
            f"search {found.search_id} evolves a population ({strategy.kind}), which can't grow "
            "after it has begun; `searcher run` begins another one"
        )


def stop(search_id: str, *, store: str = DEFAULT_URL) -> Standing | None:
    """Ask the driver of a search to stop, as Ctrl-C would; it does within seconds.

    Returns
    -------
    standing
        Who was asked; None if no live driver had it: then it is marked as interrupted at once.

    Raises
    ------
    NotAllowedError
        If it does not run.
    """
    store = take_credentials(store)
    with Store(store) as reader:
        found = reader.search(search_id)
    require("stop", found.search_id, found.state)
    with Writer(store) as writer:
        asked = writer.ask(lambda connection: request_stop(connection, found.search_id))
        if asked is None:
            writer.lead(found.search_id)
            writer.add(
                SearchEnded(found.search_id, "interrupted", error="stopped without a live driver")
            )
    return asked


def _go_on(
    action: Any,
    search_id: str,
    begin: Callable[[StoredSearch], list[Record]],
    *,
    store: str,
    output: str | Path | None,
    address: str | None,
    cpus: int | None,
    allow_unauthenticated: bool,
    observe: Observer | None,
    report: bool,
    data: str | None = None,
) -> StoredSearch:
    with Store(store) as reader:
        found = reader.search(search_id)
        is_over = action == "resume" and found.state == "completed"
        if is_over and (found.report_path is not None or not report):
            return found  # whoever starts drivers again may ask once too often
        if not is_over:
            require(action, found.search_id, found.state)
        folds, driven = reader.folds(found.search_id), reader.driver(found.search_id)
    begin(found)  # before anything is taken
    folder = Path(output or found.environment.get("output") or OUTPUT / found.search_id)
    place = Place(store, folder, observe, report)
    with terminated_like_interrupted(), Writer(store) as writer:
        writer.lead(found.search_id, spool=folder / SPOOL)
        driver = Driver(writer, place, found.search_id)
        # Only now does nobody else change it; and the spool may have had its end.
        found = driver.ask(lambda reader: reader.search(found.search_id))
        if action == "resume" and found.state == "completed":
            return hand_over(place, found.search_id, driver)
        plan = _planned(found, folds, data)
        with connect(address, cpus=cpus, allow_unauthenticated=allow_unauthenticated) as session:
            open_room_for(plan, session)
            for record in _retold(found, plan, store):
                driver.show(record)
            for record in begin(found):
                driver.emit(record)
            driver.flush()
            with Store(store) as reader:
                plan = plan_again(reader.search(found.search_id), plan.dataset)
            seen_at = None if driven is None else driven.seen_at
            past = past_of(store, found.search_id, seen_at=seen_at)
            return drive(plan, place, driver, session=session, past=past)


def _retold(found: StoredSearch, plan: Plan, store: str) -> Iterator[Record]:
    """Say again what has happened, for who looks on."""
    yield replace(started(plan, found.environment), data=found.data)
    with Store(store) as reader:
        trials = reader.trials(found.search_id, sort="number")
    for trial in trials:
        yield from records_of(trial)


def _planned(found: StoredSearch, folds: Any, data: str | None) -> Plan:
    """Make the plan of a stored search again; its folds must be those that are stored."""
    rows = None
    if data is not None:
        moved = load_spec(found.spec).data.model_copy(update={"path": data})
        rows = load_dataset(moved, base=Path())
    plan = plan_again(found, rows)
    if not same_folds(plan.folds, folds):
        raise StoreError(
            f"search {found.search_id}: the same rows are split into other folds now (another "
            f"scikit-learn than {found.environment.get('versions', {}).get('scikit-learn')}?), "
            "so its scores can't go on"
        )
    return plan


def _enlarged(
    before: dict[str, Any], *, trials: int | None, time_s: float | None
) -> dict[str, Any]:
    if trials is None and time_s is None:
        raise SpecError("nothing to add: say how many trials, or how many seconds")
    if time_s is not None and before.get("time_s") is None:
        raise SpecError("the search's budget has no time_s, so there is none to add to")
    budget = dict(before)
    if trials is not None:
        if trials < 1:
            raise SpecError(f"trials: {trials} can't be added; at least 1")
        budget["trials"] = before["trials"] + trials
    if time_s is not None:
        if not 0 < time_s < float("inf"):
            raise SpecError(f"time: {time_s:g} s can't be added; more than 0")
        budget["time_s"] = before["time_s"] + time_s
    return budget
