"""Trials, curves and queries as Arrow tables and pandas frames."""

import subprocess
import sys
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pytest

from searcher.store import QueryResult, TrialPage
from searcher.store.columns import Columns

COMPLETED = "20260131-120000-a1b2c3"
WORDS = pa.dictionary(pa.int32(), pa.string())


def test_trials_are_a_table_with_a_column_for_each_parameter(store):
    trials = store.trials(COMPLETED)

    table = trials.to_arrow()

    assert table.num_rows == len(trials) == 32
    assert table.column("score").to_pylist() == [trial.score for trial in trials]
    assert table.column("started_at").to_pylist() == [trial.started_at for trial in trials]
    for name in ("C", "learning_rate", "max_depth", "bootstrap"):
        given = [trial.configuration.get(name) for trial in trials]
        assert table.column(f"param.{name}").to_pylist() == given


def test_columns_of_trials_have_types_of_their_own(store):
    schema = store.trials(COMPLETED).to_arrow().schema

    moment = pa.timestamp("us", tz="UTC")
    expected = {
        **dict.fromkeys(("family", "state", "origin", "outer_fold", "search_id"), WORDS),
        **dict.fromkeys(("started_at", "ended_at"), moment),
        **dict.fromkeys(("score", "cpu_s", "param.C", "param.learning_rate"), pa.float64()),
        **dict.fromkeys(("number", "resource", "attempt", "param.max_depth"), pa.int64()),
        **dict.fromkeys(("trial_id", "reason", "param.penalty"), pa.string()),
        "param.bootstrap": pa.bool_(),
    }
    assert {name: schema.field(name).type for name in expected} == expected
    assert TrialPage().to_arrow().schema.field("score").type == pa.float64()


def test_a_frame_has_times_with_a_zone_and_families_as_categories(store):
    frame = store.trials(COMPLETED, where="score > 0.5").to_pandas()

    assert isinstance(frame, pd.DataFrame)
    assert str(frame["started_at"].dtype) == "datetime64[us, UTC]"
    assert isinstance(frame["family"].dtype, pd.CategoricalDtype)
    best = frame.groupby("family", observed=True)["score"].max()
    (expected,) = store.trials(COMPLETED, where="family = 'xgboost'", limit=1)
    assert best["xgboost"] == expected.score


def test_learning_curves_are_a_frame_with_a_row_for_each_point(store):
    curves = store.learning_curves(COMPLETED, best=3, metric="roc_auc")

    frame = curves.to_pandas()

    assert len(frame) == len(curves) == 9
    last = frame.groupby("trial_id", sort=False)["score"].last()
    best = store.trials(COMPLETED, limit=3)
    assert last.to_dict() == pytest.approx({trial.trial_id: trial.score for trial in best})


def test_the_answer_to_a_query_is_a_table(store):
    sql = "SELECT family, count(*) AS n, avg(score) AS mean, 1 AS n FROM v_trials GROUP BY family"

    table = store.query(sql).to_arrow()

    assert table.column_names == ["family", "n", "mean", "n_2"]
    assert table.schema.types == [pa.string(), pa.int64(), pa.float64(), pa.int64()]
    counted = sum(sum(search.trials.values()) for search in store.searches())
    assert store.query(sql).to_pandas()["n"].sum() == counted


def test_a_column_has_the_one_type_that_fits_all_of_it():
    cells = {
        "whole": ([1, None, 2], pa.int64()),
        "number": ([1, 0.5, None], pa.float64()),
        "mixed": ([1, "auto", True], pa.string()),
        "list": ([[1, 2], None, [3]], pa.string()),
        "long": ([2**70, 1, None], pa.string()),
        "flag": ([True, None, False], pa.bool_()),
        "nothing": ([None, None, None], pa.null()),
        "bytes": ([b"a", None, b"b"], pa.binary()),
        "time": ([datetime(2026, 1, 31, tzinfo=UTC), None, None], pa.timestamp("us", tz="UTC")),
    }
    rows = list(zip(*(column for column, _ in cells.values()), strict=True))

    table = QueryResult(list(cells), rows, truncated=False).to_arrow()

    assert dict(zip(table.column_names, table.schema.types, strict=True)) == {
        name: kind for name, (_, kind) in cells.items()
    }
    assert table.column("mixed").to_pylist() == ["1", "auto", "true"]
    assert table.column("list").to_pylist() == ["[1, 2]", None, "[3]"]
    assert table.column("long").to_pylist() == [str(2**70), "1", None]


def test_columns_that_come_later_are_known_too():
    columns = Columns(["a"])

    columns.see([("a", 1)])
    columns.see([("b", "x"), ("a", 0.5)])

    assert columns.schema() == pa.schema([("a", pa.float64()), ("b", pa.string())])


def test_pandas_and_arrow_are_imported_when_they_are_used():
    code = "import sys, searcher.store; assert not {'pandas', 'pyarrow'} & set(sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
