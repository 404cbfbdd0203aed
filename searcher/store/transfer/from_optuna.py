"""How a study of Optuna's becomes a search of ours, with nothing in it that the study lacks."""

import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import update

from searcher.errors import NotFoundError, StoreError, near
from searcher.records import (
    FINAL,
    UNKNOWN,
    Fold,
    InnerSearchEnded,
    Note,
    Record,
    SearchEnded,
    SearchStarted,
    TrialEnded,
    TrialStarted,
)
from searcher.store.engine import masked, open_for_writing, parse_url
from searcher.store.schema import trials
from searcher.store.transfer import optuna_storage
from searcher.store.transfer.copying import copy_search
from searcher.store.transfer.progress import Progress, silent
from searcher.store.transfer.renaming import checked_id
from searcher.store.writer import Writer

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial

VALUES = "optuna_values"
"""Kind of the event that keeps a trial's intermediate values: they are no scores of inner folds."""

STUDY = "optuna_study"
"""Kind of the event that says where a search came from, and what of it did not come along."""

ENDS = {"COMPLETE": "completed", "PRUNED": "stopped", "FAIL": "failed"}


@dataclass(frozen=True, slots=True)
class Adopted:
    """What came out of a study."""

    search_id: str
    trials: int
    left_out: int  # trials that never ran


def import_optuna(
    url: str,
    source: str,
    study_name: str,
    *,
    new_id: str | None = None,
    progress: Progress = silent,
) -> Adopted:
    """Read a study into a store, as a search that has ended and has one inner search.

    It has no folds, no outer scores and no fingerprint, because a study has none; losses are
    negated, as everywhere.

    Parameters
    ----------
    source
        A URL of Optuna's RDBStorage, or the path of a file of its JournalStorage.
    new_id
        The id of the search; None makes one of the study's name.

    Raises
    ------
    NotFoundError
        When there is no such storage or study.
    StoreError
        When the study has several objectives, or the store can't be written.
    """
    with optuna_storage.opened(source, create=False) as storage:
        study = _load(storage, source, study_name)
        search_id = _make_id(study_name) if new_id is None else checked_id(new_id)
        adoption = _Adoption(study, source, search_id)
        with TemporaryDirectory(prefix="searcher-") as folder:
            scratch = f"sqlite:///{Path(folder) / 'study.db'}"
            with Writer(scratch) as writer:
                for done, record in enumerate(adoption.records()):
                    writer.add(record)
                    progress("records", done + 1, adoption.expected)
            _forget_seconds(scratch)
            copy_search(scratch, url, adoption.search_id)
    return Adopted(adoption.search_id, len(adoption.kept), adoption.left_out)


def _load(storage: "BaseStorage", source: str, name: str) -> "Study":
    import optuna

    known = [study.study_name for study in storage.get_all_studies()]
    if name not in known:
        raise NotFoundError(
            f"there is no study {name!r} in {masked(source)}; known: "
            f"{', '.join(known[:10]) or 'none'}.{near(name, known)}"
        )
    study = optuna.load_study(storage=storage, study_name=name)
    if len(study.directions) != 1:
        raise StoreError(
            f"study {name!r} has {len(study.directions)} objectives; a search has one metric"
        )
    return study


def _make_id(name: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-")
    return f"{slug or 'study'}-{secrets.token_hex(3)}"


class _Adoption:
    """One study that is being told as a search."""

    def __init__(self, study: "Study", source: str, search_id: str) -> None:
        self._study, self._source, self.search_id = study, source, search_id
        self._minimised = study.direction.name == "MINIMIZE"
        every = study.get_trials(deepcopy=False)
        self.kept = [trial for trial in every if trial.datetime_start is not None]
        self.left_out = len(every) - len(self.kept)
        curves = sum(bool(trial.intermediate_values) for trial in self.kept)
        self.expected = 3 + 2 * len(self.kept) + curves + (self._best() is not None)

    def records(self) -> Iterator[Record]:
        """Give the search from its beginning to its end."""
        moments = [m for t in self.kept for m in (t.datetime_start, t.datetime_complete) if m]
        began, ended = (
            (_utc(min(moments)), _utc(max(moments))) if moments else (datetime.now(UTC),) * 2
        )
        yield self._started(began)
        for trial in self.kept:
            yield from self._trial(trial, ended)
        best = self._best()
        if best is not None:
            score = self._score(best)
            yield InnerSearchEnded(self.search_id, FINAL, self._id(best), score or 0.0, at=ended)
        yield Note(self.search_id, STUDY, self._origin(), at=ended)
        yield SearchEnded(self.search_id, "completed", at=ended)

    def _started(self, at: datetime) -> SearchStarted:
        nothing = np.zeros(0, dtype=np.int64)
        return SearchStarted(
            search_id=self.search_id,
            name=self._study.study_name,
            spec={"name": self._study.study_name, "optuna": self._described()},
            metric=f"neg_{self._metric}" if self._minimised else self._metric,
            task=UNKNOWN,
            fingerprint=UNKNOWN,
            data={},
            environment={},
            # The inner search over all rows, whichever they were: none are known.
            folds=(Fold(FINAL, None, nothing, nothing),),
            at=at,
        )

    @property
    def _metric(self) -> str:
        names = self._study.metric_names
        return names[0] if names else "value"

    def _described(self) -> dict[str, Any]:
        return {
            "study": self._study.study_name,
            "storage": masked(self._source),
            "direction": self._study.direction.name.lower(),
            "user_attrs": _plain(self._study.user_attrs),
        }

    def _origin(self) -> dict[str, Any]:
        running = [trial.number for trial in self.kept if not trial.state.is_finished()]
        return {
            **self._described(),
            "trials": len(self.kept),
            "never_ran": self.left_out,
            "were_running": running,
            "lacks": ["folds", "fingerprint", "outer scores", "fit and CPU seconds"],
        }

    def _trial(self, trial: "FrozenTrial", end: datetime) -> Iterator[Record]:
        began = _utc(trial.datetime_start)
        family, configuration = _configuration(trial)
        yield TrialStarted(
            trial_id=self._id(trial),
            search_id=self.search_id,
            outer_fold=FINAL,
            number=trial.number,
            family=family,
            configuration=configuration,
            origin=_origin_of(trial),
            at=began,
        )
        if trial.intermediate_values:
            sign = -1.0 if self._minimised else 1.0
            values = {str(step): sign * v for step, v in trial.intermediate_values.items()}
            payload = {"trial_id": self._id(trial), "values": values}
            yield Note(self.search_id, VALUES, payload, at=began)
        at = _utc(trial.datetime_complete) if trial.datetime_complete else end
        state: Any = ENDS.get(trial.state.name, "stopped")
        yield TrialEnded(
            self._id(trial), state, self._score(trial), 0, reason=_reason(trial), at=at
        )

    def _score(self, trial: "FrozenTrial") -> float | None:
        """Return the value, larger is better; a pruned trial's is its last intermediate one."""
        if trial.values is None:
            return None
        return -float(trial.values[0]) if self._minimised else float(trial.values[0])

    def _best(self) -> "FrozenTrial | None":
        scored = [
            (score, -trial.number, trial)
            for trial in self.kept
            if trial.state.name == "COMPLETE"
            and (score := self._score(trial)) is not None
            and np.isfinite(score)
        ]
        return max(scored, key=lambda found: found[:2])[2] if scored else None

    def _id(self, trial: "FrozenTrial") -> str:
        return f"{self.search_id}.{FINAL}.{trial.number}"


def _reason(trial: "FrozenTrial") -> str | None:
    if trial.state.name == "RUNNING":
        return "was running in Optuna when it was read"
    if trial.state.name == "PRUNED":
        return "pruned in Optuna"
    if trial.state.name == "FAIL":
        return str(
            trial.user_attrs.get("searcher:reason") or "failed in Optuna, which keeps no why"
        )
    return None


def _configuration(trial: "FrozenTrial") -> tuple[str, dict[str, Any]]:
    """Return family and parameters; of a study that searcher wrote they are told apart again."""
    family = trial.user_attrs.get("searcher:family")
    if not isinstance(family, str) or trial.params.get("family") != family:
        return UNKNOWN, dict(trial.params)
    begin = f"{family}."
    return family, {
        name.removeprefix(begin): value
        for name, value in trial.params.items()
        if name.startswith(begin)
    }


def _origin_of(trial: "FrozenTrial") -> Any:
    told = trial.user_attrs.get("searcher:origin")
    return told if told in ("default", "dummy") else "strategy"


def _forget_seconds(url: str) -> None:
    """Take back what adding up no fits gave: 0 seconds, of which nothing is known."""
    engine = open_for_writing(parse_url(url))
    try:
        with engine.begin() as connection:
            connection.execute(update(trials).values(fit_s=None, cpu_s=None))
    finally:
        engine.dispose()


def _plain(attributes: dict[str, Any]) -> dict[str, Any]:
    return {str(key): value for key, value in attributes.items()}


def _utc(moment: datetime | None) -> datetime:
    """Read one of Optuna's times, which are local and without a zone."""
    if moment is None:
        raise StoreError("a trial of the study ran without having begun")
    return moment.astimezone(UTC)
