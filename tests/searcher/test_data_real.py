import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from searcher.data import Dataset, encode_rows, load_dataset
from searcher.folds import choose_splitter, make_folds
from searcher.spec import DataSpec, ValidationSpec

pytestmark = pytest.mark.shared_data

NAMES = [
    "abalone",
    "adult",
    "california_housing",
    "diamonds",
    "german_credit",
    "higgs7k",
    "mammography",
    "phoneme",
    "segment",
    "soybean",
    "telco_churn",
]


@pytest.fixture(scope="module")
def facts(shared_data: Path) -> dict[str, dict[str, Any]]:
    return {fact["name"]: fact for fact in json.loads((shared_data / "datasets.json").read_text())}


def load(folder: Path, name: str, target: str, **changes: Any) -> Dataset:
    return load_dataset(DataSpec(path=f"{name}.csv.gz", target=target, **changes), base=folder)


@pytest.mark.parametrize("name", NAMES)
def test_a_real_dataset_is_read_as_it_is_known_to_be(
    shared_data: Path, facts: dict[str, dict[str, Any]], name: str
) -> None:
    fact = facts[name]

    dataset = load(shared_data, name, fact["target"])

    described = dataset.describe()
    assert dataset.task == fact["task"]
    assert dataset.n_samples == fact["rows"]
    assert len(dataset.columns) == fact["columns"]
    assert len(dataset.profile.categoricals) == fact["categorical"]
    assert sum(column["missing"] for column in described["columns"]) == fact["missing_cells"]
    assert len(dataset.classes) == (fact["classes"] or 0)


@pytest.mark.parametrize("name", ["adult", "telco_churn", "soybean", "california_housing"])
def test_what_pandas_reads_of_a_file_is_coded_as_the_dataset_is(
    shared_data: Path, facts: dict[str, dict[str, Any]], name: str
) -> None:
    dataset = load(shared_data, name, facts[name]["target"])

    rows = pd.read_csv(shared_data / f"{name}.csv.gz")

    np.testing.assert_array_equal(encode_rows(rows, dataset.columns), dataset.X)


def test_adult_written_as_parquet_is_the_same_dataset(shared_data: Path, tmp_path: Path) -> None:
    pd.read_csv(shared_data / "adult.csv.gz").to_parquet(tmp_path / "adult.parquet")

    parquet = load_dataset(DataSpec(path="adult.parquet", target="income"), base=tmp_path)

    assert parquet.fingerprint == load(shared_data, "adult", "income").fingerprint


def test_adult_takes_little_more_memory_than_its_matrix(shared_data: Path) -> None:
    load(shared_data, "german_credit", "bad")  # imports are not what is measured

    tracemalloc.start()
    dataset = load(shared_data, "adult", "income")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 2.5 * dataset.X.nbytes


def test_mammography_has_few_positives_and_they_are_last(shared_data: Path) -> None:
    dataset = load(shared_data, "mammography", "y")

    assert dataset.classes == (-1, 1)
    assert dataset.class_counts == [10_923, 260]


def test_soybean_keeps_none_as_an_answer(shared_data: Path) -> None:
    dataset = load(shared_data, "soybean", "class")

    treatment = next(column for column in dataset.columns if column.name == "seed-tmt")
    assert treatment.categories == ("", "fungicide", "none", "other")


def test_hypothyroid_cannot_be_split_because_of_a_class_of_two(shared_data: Path) -> None:
    dataset = load(shared_data, "hypothyroid", "Class")

    with pytest.raises(ValueError, match=r"'secondary_hypothyroid' \(2\).*data\.drop_classes"):
        make_folds(dataset, ValidationSpec(), seed=0)


def test_hypothyroid_works_without_that_class(shared_data: Path) -> None:
    dataset = load(shared_data, "hypothyroid", "Class", drop_classes=("secondary_hypothyroid",))

    folds = make_folds(dataset, ValidationSpec(), seed=0)

    assert len(folds) == 6 * (1 + 4)
    assert dataset.n_samples == 3770
    assert "column 'TBG' is missing in all rows: left out" in dataset.notices
    assert "column 'TBG_measured' is the same in all rows: left out" in dataset.notices


def test_messages_of_sms_spam_are_text(shared_data: Path) -> None:
    dataset = load(shared_data, "sms_spam", "label")

    (column,) = dataset.columns
    assert (column.name, column.kind, len(column.categories)) == ("text", "text", 1 + 5160)
    assert "text of 15" in dataset.notices[0]


def test_beijing_pollution_is_split_in_time(shared_data: Path) -> None:
    dataset = load(shared_data, "beijing_pollution", "pm2.5", time=("year", "month", "day", "hour"))

    folds = make_folds(dataset, ValidationSpec(), seed=0)

    assert choose_splitter(dataset, ValidationSpec()) == "time"
    assert dataset.n_samples == 43_824 - 2_067
    assert dataset.times is not None
    for fold in folds:
        if len(fold.test):
            assert dataset.times[fold.train].max() < dataset.times[fold.test].min()


def test_telco_churns_total_charges_are_numbers_with_gaps(shared_data: Path) -> None:
    dataset = load(shared_data, "telco_churn", "Churn", positive="Yes")

    total = [column.name for column in dataset.columns].index("TotalCharges")
    assert dataset.columns[total].kind == "numeric"
    assert np.isnan(dataset.X[:, total]).sum() == 11
    assert dataset.classes == ("No", "Yes")
