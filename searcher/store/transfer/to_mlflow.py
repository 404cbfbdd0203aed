"""How a search becomes MLflow runs: one for the search, and below it one for each trial."""

import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from searcher.errors import StoreError
from searcher.store.answers import StoredSearch
from searcher.store.engine import explained, masked
from searcher.store.transfer.progress import Progress, silent
from searcher.store.transfer.reading import Curve, Reading, first_configuration, reading
from searcher.store.types import dumps

NEEDED = "MLflow is not installed; run `pip install 'searcher[tracking]'`"

LONGEST = 5_000
"""Characters of a tag or parameter; MLflow 3 takes 6,000 of a parameter, 8,000 of a tag."""

AT_ONCE = 100
"""Parameters in one request: what MLflow's servers take."""

STATUSES = {"completed": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}

SEARCH_TAG = "searcher.search_id"


@dataclass(frozen=True, slots=True)
class Runs:
    """What was written to MLflow."""

    experiment_id: str
    run_id: str  # of the search
    trials: int


def export_mlflow(
    url: str,
    search_id: str,
    tracking: str,
    *,
    experiment: str | None = None,
    progress: Progress = silent,
) -> Runs:
    """Write a search as an MLflow run, with a child run for each trial.

    Parameters
    ----------
    tracking
        MLflow's tracking URI: ``http://...``, ``sqlite:///mlflow.db``.
    experiment
        Name of MLflow's experiment, made if need be; the search's name if None.

    Raises
    ------
    NotFoundError
        When there is no such search.
    StoreError
        When MLflow is not installed, can't be reached, or has the search already.
    """
    _require()
    with _plain(tracking), reading(url, search_id) as (search, rows):
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=tracking)
        where = _experiment(client, experiment or search.name)
        _refuse_known(client, where, search)
        return _Export(client, where, search, progress).run(rows)


class _Export:
    """One export under way."""

    def __init__(
        self, client: Any, experiment_id: str, search: StoredSearch, progress: Progress
    ) -> None:
        self._client, self._where = client, experiment_id
        self._search, self._progress = search, progress

    def run(self, rows: Reading) -> Runs:
        parent = self._start(self._search.search_id, self._search.started_at, self._tags())
        total, done = rows.count(), 0
        for trial, curve in rows.with_curves():
            self._trial(parent, trial, curve)
            done += 1
            self._progress("trials", done, total)
        self._log(parent, self._parameters(), self._metrics())
        self._end(parent, self._search.state, self._search.ended_at)
        return Runs(self._where, parent, done)

    def _trial(self, parent: str, trial: Row[Any], curve: Curve) -> None:
        from mlflow.entities import Metric

        tags = {
            "mlflow.parentRunId": parent,
            SEARCH_TAG: self._search.search_id,
            "searcher.trial_id": trial.trial_id,
            "searcher.outer_fold": trial.outer_fold,
            "searcher.family": trial.family,
            "searcher.origin": trial.origin,
            "searcher.state": trial.state,
            "searcher.reason": trial.reason or "",
        }
        if (began := first_configuration(trial)) is not None:
            tags["searcher.first_configuration"] = dumps(began)
        name = trial.trial_id.removeprefix(f"{self._search.search_id}.")
        run_id = self._start(name, trial.started_at, tags)
        at = _milliseconds(trial.ended_at or trial.started_at)
        metrics = [
            Metric(_name(self._search.metric), mean, at, resource)
            for resource, mean in curve.items()
        ]
        if trial.score is not None:
            metrics.append(Metric("score", trial.score, at, trial.resource))
        self._log(run_id, {"family": trial.family, **trial.last_configuration}, metrics)
        self._end(run_id, trial.state, trial.ended_at)

    def _start(self, name: str, at: datetime, tags: dict[str, Any]) -> str:
        told = {key: str(value)[:LONGEST] for key, value in tags.items() if value not in (None, "")}
        run = self._client.create_run(
            self._where, start_time=_milliseconds(at), tags=told, run_name=name
        )
        return str(run.info.run_id)

    def _log(self, run_id: str, parameters: dict[str, Any], metrics: list[Any]) -> None:
        from mlflow.entities import Param

        told = [Param(_name(key), str(value)[:LONGEST]) for key, value in parameters.items()]
        self._client.log_batch(run_id, metrics=metrics[:1000], params=told[:AT_ONCE])
        for begin in range(AT_ONCE, len(told), AT_ONCE):
            self._client.log_batch(run_id, params=told[begin : begin + AT_ONCE])

    def _end(self, run_id: str, state: str, at: datetime | None) -> None:
        if at is not None:
            status = STATUSES.get(state, "KILLED")
            self._client.set_terminated(run_id, status, _milliseconds(at))

    def _tags(self) -> dict[str, Any]:
        search = self._search
        return {
            SEARCH_TAG: search.search_id,
            "searcher.name": search.name,
            "searcher.state": search.state,
            "searcher.fingerprint": search.fingerprint,
            "searcher.best_trial_id": search.best_trial_id,
            "searcher.error": search.error,
        }

    def _parameters(self) -> dict[str, Any]:
        best = self._search.best_configuration or {}
        chosen = {f"best.{name}": value for name, value in best.items()}
        return {"metric": self._search.metric, "task": self._search.task} | chosen

    def _metrics(self) -> list[Any]:
        from mlflow.entities import Metric

        search = self._search
        low, high = search.interval or (None, None)
        known = {
            "outer_mean": search.outer_mean,
            "interval_low": low,
            "interval_high": high,
            "optimism": search.optimism,
            "default_difference": search.default_difference,
            "cpu_s": search.cpu_s,
        }
        at = _milliseconds(search.ended_at or search.started_at)
        return [Metric(name, value, at, 0) for name, value in known.items() if value is not None]


def _require() -> None:
    # MLflow tells its makers what is used as soon as it is imported, unless this says no.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow  # noqa: F401

            logging.getLogger("mlflow").setLevel(logging.WARNING)
    except ImportError as error:
        raise StoreError(NEEDED) from error


@contextmanager
def _plain(tracking: str) -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (MlflowException, SQLAlchemyError) as error:
        raise StoreError(f"MLflow at {masked(tracking)}: {explained(error)}") from error


def _experiment(client: Any, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(client.create_experiment(name) if found is None else found.experiment_id)


def _refuse_known(client: Any, experiment_id: str, search: StoredSearch) -> None:
    wanted = f"tags.`{SEARCH_TAG}` = '{search.search_id}'"
    if client.search_runs([experiment_id], wanted, max_results=1):
        raise StoreError(
            f"MLflow has search {search.search_id} already; delete its runs there, or name "
            "another --experiment"
        )


def _name(name: str) -> str:
    """Return a name as MLflow takes it: letters, digits, and _ - . / :."""
    return re.sub(r"[^\w\-./: ]", "_", name, flags=re.ASCII)[:250]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
