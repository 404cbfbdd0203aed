import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from searcher.checks import Finding, inspect_data
from searcher.data import load_dataset
from searcher.folds import make_folds
from searcher.metrics import resolve_metrics
from tests.searcher.checks.cases import N, case, dataset, numbers, spec

CLEAN = ("adult", "telco_churn", "german_credit", "higgs7k", "california_housing", "abalone")


def inspect(asked: Any, rows: Any) -> tuple[Finding, ...]:
    folds = make_folds(rows, asked.validation, seed=asked.seed)
    return inspect_data(asked, rows, metrics=resolve_metrics(asked.metric, rows.task), folds=folds)


def test_rows_with_nothing_wrong_give_no_finding() -> None:
    assert inspect(spec(), dataset(numbers())) == ()


def test_warnings_come_before_notes_and_nothing_is_changed() -> None:
    columns = {**numbers(), "id": np.arange(N) * 1.0}
    columns["x0"][:300] = np.nan
    rows = dataset(columns)
    before = rows.X.copy()

    found = inspect(spec(), rows)

    assert [(f.kind, f.severity) for f in found] == [
        ("identifier", "warning"),
        ("mostly_missing", "note"),
    ]
    np.testing.assert_array_equal(rows.X, before)


def test_the_same_rows_and_seed_give_the_same_findings() -> None:
    rows = dataset({**numbers(25_000), "id": np.arange(25_000) * 1.0})

    assert inspect(spec(), rows) == inspect(spec(), rows)


def test_many_rows_and_many_columns_are_sampled() -> None:
    assert len(case(dataset(numbers(25_000))).sample) == 20_000
    assert len(case(dataset(numbers(3000, n_columns=1000))).sample) == 2000


def of_file(folder: Path, name: str, **changes: Any) -> tuple[Finding, ...]:
    fact = next(f for f in json.loads((folder / "datasets.json").read_text()) if f["name"] == name)
    asked = spec(data={"path": fact["file"], "target": fact["target"], **changes})
    return inspect(asked, load_dataset(asked.data, base=folder))


@pytest.mark.shared_data
@pytest.mark.slow
@pytest.mark.parametrize("name", CLEAN)
def test_real_rows_that_are_known_to_be_sound_give_no_false_alarm(
    shared_data: Path, name: str
) -> None:
    assert of_file(shared_data, name) == ()


@pytest.mark.shared_data
@pytest.mark.slow
def test_the_hours_of_beijing_are_seen_to_be_in_order(shared_data: Path) -> None:
    (undeclared,) = of_file(shared_data, "beijing_pollution")
    declared = of_file(shared_data, "beijing_pollution", time=["year", "month", "day", "hour"])

    assert (undeclared.kind, undeclared.columns) == ("time_undeclared", ("year",))
    assert "time_undeclared" not in {finding.kind for finding in declared}


@pytest.mark.shared_data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "twins"), [("segment", 360), ("mammography", 3338), ("diamonds", 557)]
)
def test_copies_in_well_known_files_are_found(shared_data: Path, name: str, twins: int) -> None:
    found = {finding.kind: finding for finding in of_file(shared_data, name)}

    assert found["duplicates"].numbers["twins"] == twins


@pytest.mark.shared_data
@pytest.mark.slow
def test_adult_takes_less_than_five_seconds(shared_data: Path) -> None:
    asked = spec(data={"path": "adult.csv.gz", "target": "income"})
    rows = load_dataset(asked.data, base=shared_data)
    folds = make_folds(rows, asked.validation, seed=asked.seed)

    started = time.perf_counter()
    inspect_data(asked, rows, metrics=("roc_auc",), folds=folds)

    assert time.perf_counter() - started < 5.0
