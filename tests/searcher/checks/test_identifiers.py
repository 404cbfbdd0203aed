import numpy as np
import pytest

from searcher.checks.identifiers import check_identifiers
from tests.searcher.checks.cases import N, case, category, dataset, numbers

SHUFFLED = np.random.default_rng(5).permutation(N) + 1000.0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.arange(N) + 1.0, "follows the row number"),
        (np.linspace(9, 2, N), "follows the row number"),
        (SHUFFLED, "is a whole number"),
        (np.where(SHUFFLED < 1010, 1000.0, SHUFFLED), "is a whole number"),
    ],
    ids=["counts", "falls", "shuffled", "nearly unique"],
)
def test_a_number_for_each_row_is_named(values: np.ndarray, words: str) -> None:
    rows = dataset({**numbers(), "id": values})

    (finding,) = check_identifiers(case(rows))

    assert finding.columns == ("id",)
    assert finding.severity == "warning"
    assert finding.numbers["distinct_share"] >= 0.95
    assert words in finding.sentence
    assert "data.drop: [id]" in finding.advice


def test_measurements_and_counts_are_no_identifiers() -> None:
    rng = np.random.default_rng(0)
    rows = dataset(
        {**numbers(), "age": rng.integers(0, 90, N) * 1.0, "cents": rng.gamma(2, size=N)}
    )

    assert list(check_identifiers(case(rows))) == []


def test_a_category_of_single_rows_is_named() -> None:
    codes = np.where(np.arange(N) < 150, np.arange(N) + 1, 151) * 1.0
    rows = dataset({**numbers(), "who": codes}, kinds={"who": category("who", 151)})

    (finding,) = check_identifiers(case(rows))

    assert finding.numbers["single"] == 150
    assert "151 categories in 400 rows, and 150 of them a single row" in finding.sentence


def test_a_category_with_few_single_rows_is_fine() -> None:
    codes = np.where(np.arange(N) < 30, np.arange(N) + 1, 31) * 1.0
    rows = dataset({**numbers(), "who": codes}, kinds={"who": category("who", 31)})

    assert list(check_identifiers(case(rows))) == []


def test_a_column_that_is_the_time_is_no_identifier() -> None:
    rows = dataset({**numbers(), "t": np.arange(N) * 1.0}, times=np.arange(N) * 1.0)

    assert list(check_identifiers(case(rows, data={"time": "t"}))) == []


def test_few_rows_are_all_different_by_chance() -> None:
    assert list(check_identifiers(case(dataset({"n": np.arange(40) * 1.0})))) == []
