"""What a search is going to do, all worked out before anything starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cluster.session import Session
from searcher.candidates import DUMMY, Candidate, resolve_candidates
from searcher.checks import check_search
from searcher.data import Dataset, load_dataset
from searcher.demand import Demand, Demands, demand_of
from searcher.errors import DataError
from searcher.evaluation import Rows
from searcher.records import UNKNOWN, Fold, SearchStarted
from searcher.resources import unit_of
from searcher.room import Room, open_room
from searcher.spec import Spec, load_spec

if TYPE_CHECKING:  # SQLAlchemy takes half a second
    from searcher.store import StoredSearch


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a search is going to do, worked out before anything starts."""

    search_id: str
    spec: Spec
    dataset: Dataset
    metrics: tuple[str, ...]  # the first is optimised
    candidates: tuple[Candidate, ...]
    folds: tuple[Fold, ...]
    notices: tuple[str, ...]  # what was decided about data and spec, for people
    base: Path  # folder that the spec's relative data path starts at

    @property
    def outer(self) -> dict[str, Fold]:
        """Outer splits by name, the final one (all rows, no test) last."""
        return {fold.outer_fold: fold for fold in self.folds if fold.inner_fold is None}

    def inner_folds(self, outer_fold: str) -> tuple[Fold, ...]:
        """Inner folds of one outer fold, in the order every trial sees them."""
        return tuple(
            fold
            for fold in self.folds
            if fold.outer_fold == outer_fold and fold.inner_fold is not None
        )

    @property
    def demands(self) -> Demands:
        """What the trials of each family occupy; those of the dummy occupy no GPU."""
        hardware = self.spec.hardware
        asked = {
            c.name: demand_of(c.family, unit_of(c.family, self.spec), hardware)
            for c in self.candidates
        }
        return {DUMMY: Demand(cpus=hardware.cpus)} | asked

    @property
    def rows(self) -> Rows:
        """The dataset, as fits need it."""
        data = self.dataset
        return Rows(data.X, data.y, data.profile, data.target, data.classes)


def make_plan(search_id: str, spec: Spec, dataset: Dataset, *, base: Path) -> Plan:
    """Work out families, spaces, metrics and folds.

    Raises
    ------
    SpecError
        If spec and data don't go together; every problem at once, with the path of its field.
    """
    checked = check_search(spec, dataset)
    return Plan(
        search_id=search_id,
        spec=spec,
        dataset=dataset,
        metrics=checked.metrics,
        candidates=resolve_candidates(spec, dataset.profile),
        folds=checked.folds,
        notices=checked.notices,
        base=base,
    )


def plan_again(found: "StoredSearch", dataset: Dataset | None = None) -> Plan:
    """Make the plan of a stored search again, over the same rows and with the stored spec.

    Parameters
    ----------
    dataset
        The rows, if they are at hand; they are read if not.

    Raises
    ------
    DataError
        If the rows are gone, or are others by now.
    """
    if found.fingerprint == UNKNOWN:
        raise DataError(
            f"search {found.search_id} was taken over from another program, which does not say "
            "what its rows were: nothing of it can be run again"
        )
    spec = load_spec(found.spec)
    base = Path(found.environment.get("base", "."))
    dataset = dataset or load_dataset(spec.data, base=base)
    if dataset.fingerprint != found.fingerprint:
        raise DataError(
            f"the rows of {spec.data.path} are not those of search {found.search_id}: "
            f"fingerprint {dataset.fingerprint[:12]}, then {found.fingerprint[:12]}"
        )
    return make_plan(found.search_id, spec, dataset, base=base)


def open_room_for(plan: Plan, session: Session) -> Room:
    """Make sure that the plan's trials can run; a cluster that was joined may first have to grow.

    Raises
    ------
    SpecError
        If those of one family can't: Ray would wait for ever.
    """
    return open_room(plan.demands, plan.spec.hardware, session)


def started(plan: Plan, environment: Mapping[str, Any]) -> SearchStarted:
    """Record that opens a search."""
    return SearchStarted(
        search_id=plan.search_id,
        name=plan.spec.name,
        spec=plan.spec.model_dump(mode="json"),
        metric=plan.metrics[0],
        task=plan.dataset.task,
        fingerprint=plan.dataset.fingerprint,
        data=plan.dataset.describe() | {"notices": list(plan.notices)},
        environment=dict(environment),
        folds=plan.folds,
    )
