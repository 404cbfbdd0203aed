"""Which rows a trial is in Optuna's own tables (5.0, schema v3.2.0.a and those like it).

Optuna has no way to add many trials at once; one at a time takes three minutes for 10,000.
"""

import json
import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, MetaData, insert, select

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial

CHUNK = 1_000

COLUMNS = {
    "trials": {"trial_id", "number", "study_id", "state", "datetime_start", "datetime_complete"},
    "trial_values": {"trial_value_id", "trial_id", "objective", "value", "value_type"},
    "trial_params": {"param_id", "trial_id", "param_name", "param_value", "distribution_json"},
    "trial_user_attributes": {"trial_user_attribute_id", "trial_id", "key", "value_json"},
    "trial_intermediate_values": {
        *("trial_intermediate_value_id", "trial_id", "step"),
        *("intermediate_value", "intermediate_value_type"),
    },
}
"""Tables that are written; with other columns than these nothing is inserted."""

Row = dict[str, Any]


def can_insert(study: "Study") -> bool:
    """Whether the study is in a database whose tables are those that are known here."""
    engine = _engine(study)
    if engine is None:
        return False
    tables = _tables(engine).tables
    return all(
        name in tables and set(tables[name].columns.keys()) == columns
        for name, columns in COLUMNS.items()
    )


def insert_trials(study: "Study", trials: Iterable["FrozenTrial"]) -> None:
    """Insert trials, in one transaction: all of them or none."""
    engine = _engine(study)
    if engine is None:
        raise TypeError("no database")
    metadata = _tables(engine)
    study_id = study._storage.get_study_id_from_name(study.study_name)
    remaining, number = iter(trials), 0
    with engine.begin() as connection:
        while some := list(islice(remaining, CHUNK)):
            _insert(connection, metadata, study_id, number, some)
            number += len(some)


def _insert(
    connection: Connection,
    metadata: MetaData,
    study_id: int,
    first: int,
    trials: list["FrozenTrial"],
) -> None:
    table = metadata.tables["trials"]
    rows = [_trial(study_id, first + i, trial) for i, trial in enumerate(trials)]
    connection.execute(insert(table), rows)
    given = select(table.c.trial_id).where(
        table.c.study_id == study_id, table.c.number.between(first, first + len(trials) - 1)
    )
    ids = list(connection.scalars(given.order_by(table.c.number)))
    for name, rows_of in ROWS.items():
        found = [
            {"trial_id": trial_id, **row}
            for trial_id, trial in zip(ids, trials, strict=True)
            for row in rows_of(trial)
        ]
        if found:
            connection.execute(insert(metadata.tables[name]), found)


def _trial(study_id: int, number: int, trial: "FrozenTrial") -> Row:
    return {
        "study_id": study_id,
        "number": number,
        "state": trial.state.name,
        "datetime_start": _utc(trial.datetime_start),
        "datetime_complete": _utc(trial.datetime_complete),
    }


def _values(trial: "FrozenTrial") -> Iterator[Row]:
    if trial.value is not None:
        value, kind = _stored(trial.value)
        yield {"objective": 0, "value": value, "value_type": kind}


def _parameters(trial: "FrozenTrial") -> Iterator[Row]:
    from optuna.distributions import distribution_to_json

    for name, value in trial.params.items():
        distribution = trial.distributions[name]
        yield {
            "param_name": name,
            "param_value": distribution.to_internal_repr(value),
            "distribution_json": distribution_to_json(distribution),
        }


def _attributes(trial: "FrozenTrial") -> Iterator[Row]:
    for key, value in trial.user_attrs.items():
        yield {"key": key, "value_json": json.dumps(value)}


def _intermediate(trial: "FrozenTrial") -> Iterator[Row]:
    for step, value in trial.intermediate_values.items():
        stored, kind = _stored(value)
        yield {"step": step, "intermediate_value": stored, "intermediate_value_type": kind}


ROWS = {
    "trial_values": _values,
    "trial_params": _parameters,
    "trial_user_attributes": _attributes,
    "trial_intermediate_values": _intermediate,
}


def _stored(value: float) -> tuple[float | None, str]:
    if math.isnan(value):
        return None, "NAN"
    if math.isinf(value):
        return None, "INF_POS" if value > 0 else "INF_NEG"
    return value, "FINITE"


def _utc(moment: datetime | None) -> datetime | None:
    """Return a local time as the tables have it: UTC and without a zone."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)


def _engine(study: "Study") -> Engine | None:
    backend = getattr(study._storage, "_backend", study._storage)
    engine = getattr(backend, "engine", None)
    return engine if isinstance(engine, Engine) else None


def _tables(engine: Engine) -> MetaData:
    metadata = MetaData()
    metadata.reflect(engine, only=lambda name, _: name in COLUMNS)
    return metadata
