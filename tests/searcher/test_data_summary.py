"""What a summary of the data says, and what it keeps to itself."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import searcher.data.summary
from search_spaces.columns import Column, Kind
from searcher.data.summary import summarise, summarise_target

NAN = float("nan")


def of_column(kind: Kind, values: list[float], categories: tuple[str, ...] = ()) -> dict[str, Any]:
    X: NDArray[np.float64] = np.array(values)[:, None]
    (found,) = summarise(X, [Column("x", kind, categories=categories)])
    assert json.loads(json.dumps(found)) == found
    return found


def test_numbers_have_a_range_and_quartiles() -> None:
    assert of_column("numeric", [1, 2, 3, 4, 5, NAN, 5]) == {
        **{"distinct": 5, "low": 1.0, "lower_quartile": 2.25, "median": 3.5},
        **{"upper_quartile": 4.75, "high": 5.0},
    }


def test_dates_read_as_dates() -> None:
    found = of_column("date", [0.0, 1.5, 365.0])

    assert (found["low"], found["median"]) == ("1970-01-01T00:00", "1970-01-02T12:00")
    assert found["high"] == "1971-01-01T00:00"


def test_booleans_have_a_share() -> None:
    assert of_column("boolean", [1, 0, 0, NAN, 0]) == {"distinct": 2, "share": 0.25}


def test_nothing_known_is_nothing_said() -> None:
    assert of_column("numeric", [NAN, NAN]) == {"distinct": 0}


def test_frequent_categories_are_named_and_rare_ones_are_not() -> None:
    codes = [1.0] * 9 + [2.0] * 20 + [3.0] * 4 + [0.0] * 3

    found = of_column("categorical", codes, ("", "red", "green", "Jane Doe, 12 May Street"))

    assert found == {"distinct": 3, "top": [["green", 20], ["red", 9]]}


def test_texts_are_counted_and_never_quoted() -> None:
    found = of_column("text", [1.0, 2.0, 2.0, 0.0] * 10, ("", "a private letter", "another"))

    assert found == {"distinct": 2}


def test_large_data_are_summarised_from_a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searcher.data.summary, "MAX_CELLS", 100)

    found = of_column("numeric", [float(i) for i in range(1000)])

    assert found["distinct"] == 100
    assert (found["low"], found["median"], found["high"]) == (0, 495, 990)


def test_a_target_has_a_histogram_that_counts_every_row() -> None:
    found = summarise_target(np.array([1.0, 2.0, 2.0, 10.0]))

    assert sum(found["histogram"]["counts"]) == 4
    assert len(found["histogram"]["edges"]) == len(found["histogram"]["counts"]) + 1
    assert (found["low"], found["high"], found["mean"]) == (1, 10, 3.75)


def test_a_constant_target_has_a_histogram_too() -> None:
    assert sum(summarise_target(np.full(7, 3.0))["histogram"]["counts"]) == 7
