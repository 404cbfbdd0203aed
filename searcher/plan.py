"""What a search is going to do, all worked out before anything starts."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cluster.ranks import TooManyRanksError, await_room, count_room, require_room
from cluster.session import Session
from searcher.candidates import Candidate, resolve_candidates
from searcher.checks import check_search
from searcher.data import Dataset, load_dataset
from searcher.errors import DataError, SpecError
from searcher.evaluation import Rows
from searcher.records import UNKNOWN, Fold, SearchStarted
from searcher.spec import Spec, load_spec
from searcher.spec.models import HardwareSpec

if TYPE_CHECKING:  # SQLAlchemy takes half a second
    from searcher.store import StoredSearch


PATIENCE_S = 600.0
"""Seconds that a search waits for nodes with room for its first trial, on a cluster it joined."""

_log = logging.getLogger(__name__)


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


def count_slots(spec: Spec, session: Session) -> int:
    """How many trials can run at once; a cluster that was joined may first have to grow.

    Raises
    ------
    SpecError
        If not even one can: Ray would wait for ever.
    """
    hardware = spec.hardware
    if session.joined:
        _await_room(hardware)
    else:
        _require_all(hardware, session)
    try:
        require_room(hardware.workers, cpus=hardware.cpus, gpus=hardware.gpus)
    except TooManyRanksError as error:
        field = "hardware.workers" if hardware.workers > 1 else "hardware"
        raise SpecError(f"{field}: {error}") from error
    return slots_now(spec)


def slots_now(spec: Spec) -> int:
    """How many trials there is room for on the nodes that the cluster has by now."""
    hardware = spec.hardware
    return count_room(cpus=hardware.cpus, gpus=hardware.gpus) // hardware.workers


def _await_room(hardware: HardwareSpec) -> None:
    """Wait for nodes that can hold a trial: workers start later, or when somebody wants them."""
    asked = {"cpus": hardware.cpus, "gpus": hardware.gpus}
    if count_room(**asked) >= hardware.workers:
        return
    what = ", ".join(f"hardware.{name}: {wanted:g}" for name, wanted in asked.items() if wanted)
    _log.warning(
        "the cluster has no room for a trial yet (%s, hardware.workers: %d); "
        "waiting up to %g s for nodes",
        what,
        hardware.workers,
        PATIENCE_S,
    )
    await_room(hardware.workers, **asked, patience_s=PATIENCE_S)


def _require_all(hardware: HardwareSpec, session: Session) -> None:
    asked = {"cpus": hardware.cpus, "gpus": hardware.gpus}
    there = {"cpus": session.cpus, "gpus": session.gpus}
    for name, wanted in asked.items():
        if wanted * hardware.workers > there[name]:
            whom = f"each of {hardware.workers} workers" if hardware.workers > 1 else "each trial"
            raise SpecError(
                f"hardware.{name}: found {wanted:g} for {whom}; there are {there[name]}"
            )


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
