"""How a search becomes Optuna studies, one for each inner search, that its tools can open."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row

from search_spaces.space import Space, join_family
from searcher.records import utc_now
from searcher.store.answers import StoredSearch
from searcher.store.transfer import optuna_storage
from searcher.store.transfer.distributions import Distributions, gather, simple
from searcher.store.transfer.progress import Progress, silent
from searcher.store.transfer.reading import Curve, Reading, first_configuration, reading

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial, TrialState

SpaceOf = Callable[[StoredSearch], Space | None]

ATTRIBUTES = (
    *("trial_id", "family", "origin", "state", "resource", "reason", "source_trial_id"),
    *("attempt", "fit_s", "cpu_s", "seconds", "unit"),
)
"""What of a trial Optuna has no place for, kept as ``searcher:<name>``.

Beside these, of a member of a population that changed: ``first_configuration``.
"""


@dataclass(frozen=True, slots=True)
class Studies:
    """What was written to Optuna."""

    names: tuple[str, ...]
    trials: int
    observed: tuple[str, ...]  # parameters whose range is only what was tried


def export_optuna(
    url: str,
    search_id: str,
    target: str,
    *,
    space_of: SpaceOf | None = None,
    progress: Progress = silent,
) -> Studies:
    """Write a search's inner searches as studies named ``<search_id>/<outer_fold>``.

    Parameters
    ----------
    search_id
        Or its beginning.
    target
        A URL of Optuna's RDBStorage (``sqlite:///optuna.db``, ``postgresql+psycopg://...``), or
        the path of a file for its JournalStorage.
    space_of
        Works out what was searched, as ``searcher.stored_space.space_of`` does; the store itself
        knows no families. Without it the range of a parameter is that of what was tried.

    Raises
    ------
    NotFoundError
        When there is no such search.
    StoreError
        When the studies exist already, or Optuna's storage can't be written.
    """
    with (
        reading(url, search_id) as (search, rows),
        optuna_storage.opened(target, create=True) as storage,
    ):
        names = {fold: f"{search.search_id}/{fold}" for fold in search.outer_folds}
        optuna_storage.refuse_known(storage, names.values())
        space = None if space_of is None else space_of(search)
        export = _Export(rows, search, space, progress)
        try:
            for outer_fold, name in names.items():
                export.write(storage, name, outer_fold, target)
        except BaseException:
            optuna_storage.take_back(storage, names.values())
            raise
        return Studies(tuple(names.values()), export.done, tuple(sorted(export.observed)))


class _Export:
    """One export under way."""

    def __init__(
        self, rows: Reading, search: StoredSearch, space: Space | None, progress: Progress
    ) -> None:
        self._rows, self._search, self._progress = rows, search, progress
        self._space, self._total = space, rows.count()
        self.done, self.observed = 0, set[str]()

    def write(self, storage: "BaseStorage", name: str, outer_fold: str, target: str) -> None:
        """Write one inner search as one study."""
        seen = gather(configuration_of(trial) for trial in self._rows.trials(outer_fold))
        distributions = Distributions(self._space, seen)
        self.observed |= set(distributions.observed)
        attributes = self._attributes(outer_fold)
        study = optuna_storage.create(storage, name, self._search.metric, attributes)
        optuna_storage.add_trials(study, target, self._frozen(outer_fold, distributions))

    def _frozen(self, outer_fold: str, distributions: Distributions) -> Iterator["FrozenTrial"]:
        for trial, curve in self._rows.with_curves(outer_fold):
            yield freeze(trial, distributions, curve)
            self.done += 1
            self._progress("trials", self.done, self._total)

    def _attributes(self, outer_fold: str) -> dict[str, Any]:
        search = self._search
        return {
            "searcher:search_id": search.search_id,
            "searcher:outer_fold": outer_fold,
            "searcher:name": search.name,
            "searcher:metric": search.metric,
            "searcher:larger_is_better": True,
            "searcher:task": search.task,
            "searcher:fingerprint": search.fingerprint,
            "searcher:state": search.outer_folds[outer_fold],
        }


def configuration_of(trial: Row[Any]) -> dict[str, Any]:
    """Return what a trial ended with in the joint space, where the family is a parameter."""
    return join_family(trial.family, trial.last_configuration)


def freeze(trial: Row[Any], distributions: Distributions, curve: Curve) -> "FrozenTrial":
    """Return a trial as Optuna keeps it: stopped is pruned, and failed has no value."""
    from optuna.trial import FrozenTrial

    params = {name: simple(value) for name, value in configuration_of(trial).items()}
    state = _state(trial.state)
    attributes = {f"searcher:{name}": getattr(trial, name) for name in ATTRIBUTES}
    attributes["searcher:first_configuration"] = first_configuration(trial)
    return FrozenTrial(
        number=trial.number,
        trial_id=-1,  # the storage gives one
        state=state,
        value=trial.score if state.name in ("COMPLETE", "PRUNED") else None,
        datetime_start=_local(trial.started_at),
        datetime_complete=_local(trial.ended_at or utc_now()) if state.is_finished() else None,
        params=params,
        distributions={name: distributions.of[name] for name in params},
        user_attrs={name: value for name, value in attributes.items() if value is not None},
        system_attrs={},
        intermediate_values=curve,
    )


def _state(state: str) -> "TrialState":
    from optuna.trial import TrialState

    ends = {
        "completed": TrialState.COMPLETE,
        "stopped": TrialState.PRUNED,
        "failed": TrialState.FAIL,
    }
    return ends.get(state, TrialState.RUNNING)


def _local(moment: datetime) -> datetime:
    """Return a time as Optuna has them: local and without a zone."""
    return moment.astimezone().replace(tzinfo=None)
