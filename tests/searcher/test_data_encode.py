import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from search_spaces.columns import Column
from searcher.data import encode_rows, load_dataset
from searcher.errors import DataError
from searcher.spec import DataSpec

SIZE = Column("size", "numeric", has_missing=True)
COLOUR = Column("colour", "categorical", categories=("", "blue", "red"))
FLAG = Column("flag", "boolean")
DAY = Column("day", "date")
CODE = Column("code", "categorical", categories=("", "1", "2"))


def encode(rows: Any, *columns: Column, **options: Any) -> list[list[float]]:
    X: list[list[float]] = encode_rows(rows, columns, **options).tolist()
    return X


def test_rows_become_the_columns_in_the_models_order() -> None:
    rows = {"flag": ["true", "false"], "unused": [0, 0], "size": ["2", "3.5"]}

    assert encode(rows, SIZE, FLAG) == [[2, 1], [3.5, 0]]


def test_strings_that_the_dataset_did_not_have_are_unknown() -> None:
    rows = {"colour": ["red", " blue ", "green", "", None, "RED"]}

    assert encode(rows, COLOUR) == [[2], [1], [-1], [0], [0], [-1]]


@pytest.mark.parametrize(
    "cells",
    [
        [1, 2, 3],
        [1.0, 2.0, 3.0],
        ["1", "2.0", "3"],
        np.array([1, 2, 3], dtype=np.int32),
        pd.Series([1, 2, 3], dtype="Int64"),
        pd.Series(["1", "2", "3"], dtype="category"),
        pd.Series([1, "2", 3.0], dtype=object),
    ],
)
def test_codes_are_recognised_however_they_are_given(cells: Any) -> None:
    assert encode({"code": cells}, CODE) == [[1], [2], [-1]]


@pytest.mark.parametrize(
    "cells", [[1, 0, None], [True, False, None], ["Yes", "no", ""], pd.array([True, False, pd.NA])]
)
def test_truth_values_are_recognised_however_they_are_given(cells: Any) -> None:
    X = encode_rows({"flag": cells}, (FLAG,))

    np.testing.assert_array_equal(X, [[1], [0], [np.nan]])


@pytest.mark.parametrize(
    "cells",
    [
        ["1970-01-02", "NaT"],
        [datetime(1970, 1, 2), None],
        pd.to_datetime(pd.Series(["1970-01-02", None])),
        pd.Series([datetime(1970, 1, 2), None], dtype=object),
        np.array(["1970-01-02", "NaT"], dtype="datetime64[D]"),
    ],
)
def test_dates_are_recognised_however_they_are_given(cells: Any) -> None:
    X = encode_rows({"day": cells}, (DAY,))

    np.testing.assert_array_equal(X, [[1], [np.nan]])


@pytest.mark.parametrize(
    "cells", [["1", "unknown", "?"], [1, None, float("nan")], pd.Series([1, pd.NA, None])]
)
def test_missing_numbers_are_recognised_however_they_are_given(cells: Any) -> None:
    np.testing.assert_array_equal(encode_rows({"size": cells}, (SIZE,)), [[1], [np.nan], [np.nan]])


def test_a_column_of_nothing_is_missing_in_every_kind() -> None:
    nothing: dict[str, Any] = {name: [None, None] for name in ("size", "colour", "flag", "day")}

    X = encode_rows(nothing, (SIZE, COLOUR, FLAG, DAY))

    np.testing.assert_array_equal(X, [[np.nan, 0, np.nan, np.nan]] * 2)


def test_the_specs_further_spellings_can_be_given() -> None:
    rows = {"size": ["1", "-9"], "colour": ["red", "refused"]}

    X = encode_rows(rows, (SIZE, COLOUR), missing=("-9", "refused"))

    np.testing.assert_array_equal(X, [[1, 2], [np.nan, 0]])


def test_no_rows_are_no_rows() -> None:
    assert encode_rows({"size": [], "colour": []}, (SIZE, COLOUR)).shape == (0, 2)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"sise": [1]}, r"the rows have no column 'size'\. Did you mean 'sise'\?"),
        ({"size": ["1", "big"]}, r"'size' is numeric, but has 'big' \(row 2\)"),
        ({"size": [1.0, np.inf]}, "'size' is infinite in row 2"),
        ({"size": 3}, "'size' must be a sequence of cells; found 3"),
        ({"size": "12"}, "'size' must be a sequence of cells; found '12'"),
        ({"size": [[1], [2]]}, "'size' has the type list"),
    ],
)
def test_rows_that_cannot_be_coded_are_refused(rows: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        encode_rows(rows, (SIZE,))


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="different numbers of rows"):
        encode_rows({"size": [1, 2], "flag": [True]}, (SIZE, FLAG))


def test_the_datasets_own_rows_are_coded_as_they_were(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "size": [1.5, None, 3.0, 4.0],
            "colour": ["red", "blue", None, "red"],
            "flag": [True, False, True, True],
            "day": pd.to_datetime(
                ["2024-01-01 12:30", "2024-01-02 00:00", None, "1999-12-31 06:15"]
            ),
            "code": [1, 2, 2, 1],
            "label": ["a", "b", "a", "b"],
        }
    )
    frame.to_csv(tmp_path / "rows.csv", index=False)
    spec = DataSpec(path="rows.csv", target="label", kinds={"code": "categorical"})

    dataset = load_dataset(spec, base=tmp_path)

    as_text = pd.read_csv(tmp_path / "rows.csv", dtype=str, keep_default_na=False)
    for rows in (frame, as_text, pd.read_csv(tmp_path / "rows.csv"), as_text.to_dict("list")):
        np.testing.assert_array_equal(encode_rows(rows, dataset.columns), dataset.X)


def test_a_dataset_describes_itself_as_json(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b,same,label\n1,x,0,n\n?,,0,p\n3,y,0,n\n4,x,0,\n")

    described = load_dataset(DataSpec(path="rows.csv", target="label"), base=tmp_path).describe()

    assert json.loads(json.dumps(described)) == described
    assert described["columns"] == [
        {"name": "a", "kind": "numeric", "missing": 1, "categories": 0},
        {"name": "b", "kind": "categorical", "missing": 1, "categories": 2},
    ]
    assert described["classes"] == [{"name": "n", "rows": 2}, {"name": "p", "rows": 1}]
    assert (described["name"], described["rows"], described["task"]) == ("rows", 3, "binary")
    assert len(described["notices"]) == 2


def test_a_profile_tells_shapes_and_no_values(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b,label\n1,x,n\n?,,p\n3,y,n\n")

    profile = load_dataset(DataSpec(path="rows.csv", target="label"), base=tmp_path).profile

    assert (profile.task, profile.n_samples, profile.n_classes) == ("binary", 3, 2)
    assert profile.has_missing_quantities
    assert profile.categoricals == [1]
