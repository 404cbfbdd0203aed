"""How Optuna and MLflow keep the same trial: writing it, filling in bulk, reading it back."""

import json
import random
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import MetaData, create_engine, insert, make_url

from benchmarks.store_trials import BOOSTERS, FOLDS, draw

START = datetime(2026, 1, 31, 12)  # Optuna keeps naive UTC
CHUNK = 2_000


def has_mlflow() -> bool:
    """Whether MLflow with its SQL store is installed; mlflow-skinny alone may lack parts of it."""
    try:
        return find_spec("mlflow.store.tracking.sqlalchemy_store") is not None
    except ImportError:
        return False


def rdb_storage(url: str, synchronous: Literal["NORMAL", "FULL"] | None = "NORMAL") -> Any:
    """Optuna's SQL storage; on SQLite with the write-ahead log that ours has, or as it comes."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or synchronous is None:
        return optuna.storages.RDBStorage(url)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(parsed.database or "", timeout=60, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        return connection

    return optuna.storages.RDBStorage(url, engine_kwargs={"creator": connect})


@contextmanager
def optuna_rdb(
    url: str, number: int, *, synchronous: Literal["NORMAL", "FULL"] | None = "NORMAL"
) -> Iterator[Callable[[], int]]:
    """Optuna's ``RDBStorage``, each writer with a study of its own."""
    with _study(rdb_storage(url, synchronous), number) as step:
        yield step


@contextmanager
def optuna_journal(url: str, number: int) -> Iterator[Callable[[], int]]:
    """Optuna's ``JournalStorage``: one file that each process appends to and syncs."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    file = Path(make_url(url).database or "").with_suffix(".log")
    with _study(JournalStorage(JournalFileBackend(str(file))), number) as step:
        yield step


@contextmanager
def _study(storage: Any, number: int) -> Iterator[Callable[[], int]]:
    """Ask, report five times, tell; the random sampler decides nothing and costs little."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=storage,
        study_name=f"study-{number}",
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=number),
        pruner=optuna.pruners.NopPruner(),
    )
    rng = random.Random(number)  # noqa: S311

    def step() -> int:
        trial = study.ask()
        trial.suggest_float("learning_rate", 1e-4, 1, log=True)
        trial.suggest_int("max_depth", 2, 12)
        trial.suggest_float("subsample", 0.5, 1.0)
        trial.suggest_categorical("booster", BOOSTERS)
        _, scores = draw(rng)
        for fold, score in enumerate(scores):
            trial.report(score, fold)
        study.tell(trial, sum(scores) / FOLDS)
        return 1

    yield step


@contextmanager
def mlflow_tracking(url: str, number: int) -> Iterator[Callable[[], int]]:
    """MLflow's tracking store on the same database: a run, its parameters, six metrics."""
    from mlflow import MlflowClient
    from mlflow.entities import Param

    warnings.simplefilter("ignore")
    client = MlflowClient(tracking_uri=url)
    experiment = client.create_experiment(f"experiment-{number}", artifact_location="unused")
    rng = random.Random(number)  # noqa: S311

    def step() -> int:
        configuration, scores = draw(rng)
        run = client.create_run(experiment).info.run_id
        client.log_batch(run, params=[Param(k, str(v)) for k, v in configuration.items()])
        for fold, score in enumerate(scores):
            client.log_metric(run, "roc_auc", score, step=fold)
        client.log_metric(run, "score", sum(scores) / FOLDS)
        client.set_terminated(run)
        return 1

    yield step


def fill_optuna(url: str, n_trials: int) -> None:
    """Put completed trials into a study, straight into Optuna's tables.

    Through its own ``create_new_trial(template_trial=...)`` 100,000 trials would take an hour.
    """
    import optuna

    study = optuna.create_study(storage=rdb_storage(url), study_name="study", direction="maximize")
    study_id = study._study_id
    engine = create_engine(url)
    tables = MetaData()
    tables.reflect(engine)
    rng = random.Random(0)  # noqa: S311
    with engine.begin() as connection:
        for first in range(0, n_trials, CHUNK):
            rows: dict[str, list[dict[str, Any]]] = {}
            for number in range(first, min(first + CHUNK, n_trials)):
                for table, row in _optuna_rows(study_id, number, rng):
                    rows.setdefault(table, []).append(row)
            for table, found in rows.items():
                connection.execute(insert(tables.tables[table]), found)
    engine.dispose()


def _optuna_rows(
    study_id: int, number: int, rng: random.Random
) -> Iterator[tuple[str, dict[str, Any]]]:
    configuration, scores = draw(rng)
    owner, at = {"trial_id": number + 1}, START + timedelta(seconds=number)
    times = {"datetime_start": at, "datetime_complete": at}
    yield "trials", owner | {"number": number, "study_id": study_id, "state": "COMPLETE"} | times
    value = {"objective": 0, "value": sum(scores) / FOLDS, "value_type": "FINITE"}
    yield "trial_values", owner | value
    for name, value in configuration.items():
        number = BOOSTERS.index(value) if name == "booster" else value
        cells = {"param_name": name, "param_value": number, "distribution_json": RANGES[name]}
        yield "trial_params", owner | cells
    for step, score in enumerate(scores):
        cells = {"intermediate_value": score, "intermediate_value_type": "FINITE"}
        yield "trial_intermediate_values", owner | {"step": step} | cells


def _range(kind: str, **attributes: Any) -> str:
    return json.dumps({"name": f"{kind}Distribution", "attributes": attributes})


RANGES = {
    "learning_rate": _range("Float", low=1e-4, high=1.0, log=True, step=None),
    "max_depth": _range("Int", low=2, high=12, log=False, step=1),
    "subsample": _range("Float", low=0.5, high=1.0, log=False, step=None),
    "booster": _range("Categorical", choices=BOOSTERS),
}
"""Optuna's JSON of the space that ``draw`` draws from."""
