"""One nested search of rows in memory: in the session that is already warm, into a store."""

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cluster.session import stay_connected
from searcher.conclusion import conclude, last_word
from searcher.environment import describe_environment
from searcher.model import FittedModel
from searcher.nested import check_strategy, run_nested_search
from searcher.plan import Plan, open_room_for, started
from searcher.records import FINAL, FoldScore, Record, Replaced
from searcher.store import Store, StoredSearch, StoredTrial, Writer
from searcher.store.credentials import take_credentials

_ONE_AT_A_TIME = threading.Lock()  # Ray Tune keeps state in the process, the environment included


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A finished search, as the store has it, and its model."""

    search: StoredSearch
    trials: tuple[StoredTrial, ...]  # of the final inner search, in order of proposal
    fold_scores: tuple[FoldScore, ...]  # of all trials
    lineage: tuple[Replaced, ...]  # of all populations
    model: FittedModel  # the final winner, refitted on all rows


def run_search(
    plan: Plan, *, store: str | None, cpus: int | None, taken: Sequence[Record] = ()
) -> Found:
    """Run a plan in this process's warm Ray session.

    Parameters
    ----------
    store
        URL of the database that keeps the search; None for one that is gone afterwards.
    cpus
        Cores of a Ray that has to be started; see ``cluster.session.stay_connected``.
    taken
        What it begins with: notes of what was found before it.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C; what was found until then is in the store, if there is one to keep.
    SearchFailedError
        If no trial of an inner search succeeded.
    """
    with _ONE_AT_A_TIME, _store_url(store) as url:
        model = _run(plan, url, cpus, taken)
        with Store(url) as reader:
            return found_in(reader, plan.search_id, model)


def found_in(store: Store, search_id: str, model: FittedModel) -> Found:
    """Read what the store has of a search that has ended."""
    return Found(
        search=store.search(search_id),
        trials=store.trials(search_id, outer_fold=FINAL, sort="number"),
        fold_scores=store.fold_scores(search_id),
        lineage=store.lineage(search_id),
        model=model,
    )


def _run(plan: Plan, url: str, cpus: int | None, taken: Sequence[Record]) -> FittedModel:
    session = stay_connected(cpus=cpus)
    check_strategy(plan)
    open_room_for(plan, session)  # before anything is stored
    with Writer(url) as writer, tempfile.TemporaryDirectory(prefix="searcher-fit-") as folder:

        def trials_of(outer_fold: str) -> Sequence[StoredTrial]:
            writer.flush()
            with Store(url) as reader:
                return reader.trials(plan.search_id, outer_fold=outer_fold, sort="number")

        def lineage_of() -> Sequence[Replaced]:
            writer.flush()
            with Store(url) as reader:
                return reader.lineage(plan.search_id)

        writer.add(started(plan, describe_environment(cpus=session.cpus, base=plan.base)))
        writer.lead(plan.search_id)
        for record in taken:
            writer.add(record)
        with last_word(plan.search_id, writer.add):
            outcome = run_nested_search(
                plan,
                session=session,
                emit=writer.add,
                trials_of=trials_of,
                lineage_of=lineage_of,
                checkpoints=Path(folder) / "checkpoints",
            )
            if outcome is None:
                # SearchInterruptedError would be a fit that failed, to cross_val_score, say:
                # it would go on with the next one.
                raise KeyboardInterrupt
            writer.add(conclude(plan, outcome))
        return outcome.model


@contextmanager
def _store_url(store: str | None) -> Iterator[str]:
    if store is not None:
        yield take_credentials(store)
        return
    with tempfile.TemporaryDirectory(prefix="searcher-fit-") as folder:
        yield f"sqlite:///{Path(folder).resolve()}/store.db"
