from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.columns import Column
from searcher.data import load_dataset
from searcher.data.fingerprint import fingerprint
from searcher.spec import DataSpec

COLUMNS = (Column("a", "numeric"), Column("b", "categorical", categories=("", "x", "y")))


def digest(X: Any, y: Any, **changes: Any) -> str:
    described: dict[str, Any] = {"columns": COLUMNS, "target": "t", "classes": ("n", "y")}
    return fingerprint(np.asarray(X), np.asarray(y), **{**described, **changes})


X = np.array([[0.0, 1.0], [np.nan, 2.0], [2.5, 0.0]])
y = np.array([0, 1, 1])


def test_a_fingerprint_is_64_hexadecimal_digits() -> None:
    assert len(digest(X, y)) == 64
    assert int(digest(X, y), 16) > 0


def test_minus_zero_and_every_nan_are_the_same_value() -> None:
    odd = X.copy()
    odd[0, 0] = -0.0
    odd[1, 0] = np.uint64(0xFFF8_0000_0000_1234).view(np.float64)

    assert digest(odd, y) == digest(X, y)


def test_byte_order_and_memory_layout_do_not_matter() -> None:
    assert digest(np.asfortranarray(X).astype(">f8"), y.astype(">i4")) == digest(X, y)


@given(
    row=st.integers(0, 2),
    column=st.integers(0, 1),
    value=st.floats(allow_nan=False).filter(lambda value: value not in X),
)
def test_one_changed_cell_changes_it(row: int, column: int, value: float) -> None:
    changed = X.copy()
    changed[row, column] = value

    assert digest(changed, y) != digest(X, y)


def test_changed_answers_and_their_order_change_it() -> None:
    assert digest(X, [0, 1, 0]) != digest(X, y)
    assert digest(X[::-1], y[::-1]) != digest(X, y)


@pytest.mark.parametrize(
    "changes",
    [
        {"columns": (Column("A", "numeric"), COLUMNS[1])},
        {"columns": (Column("a", "date"), COLUMNS[1])},
        {"columns": (COLUMNS[0], Column("b", "categorical", categories=("", "x", "z")))},
        {"target": "u"},
        {"classes": ("n", "z")},
        {"classes": (0, 1)},
        {"others": (np.array([0, 0, 1]), None)},
    ],
)
def test_whatever_else_makes_the_rows_what_they_are_changes_it(changes: dict[str, Any]) -> None:
    assert digest(X, y, **changes) != digest(X, y)


def test_groups_are_not_times() -> None:
    others = np.array([0, 0, 1])

    assert digest(X, y, others=(others, None)) != digest(X, y, others=(None, others))


def test_a_large_matrix_is_hashed_in_parts_like_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = digest(X, y)

    monkeypatch.setattr("searcher.data.fingerprint._CHUNK_BYTES", 1)

    assert digest(X, y) == whole


CELLS = {
    "number": st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)),
    "whole": st.one_of(st.none(), st.integers(-(2**40), 2**40)),
    "flag": st.booleans(),
    "moment": st.datetimes(
        min_value=pd.Timestamp("1900-01-01").to_pydatetime(),
        max_value=pd.Timestamp("2100-01-01").to_pydatetime(),
    ),
    "word": st.sampled_from(["red", "blue", "dark green", "a,b", '"', "None"]),
    "label": st.sampled_from(["p", "q", "r"]),
}


@settings(max_examples=30)
@given(rows=st.lists(st.tuples(*CELLS.values()), min_size=5, max_size=20))
def test_csv_and_parquet_of_the_same_rows_agree(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]
) -> None:
    folder: Path = tmp_path_factory.mktemp("rows")
    frame = pd.DataFrame(rows, columns=list(CELLS)).astype({"number": float, "whole": "Int64"})
    first = {"number": 0.5, "whole": 7, "flag": True, "word": "red", "label": "p"}
    second = {"number": 1.5, "whole": 8, "flag": False, "word": "blue", "label": "q"}
    anchors = [{**row, "moment": pd.Timestamp("2024-01-01")} for row in (first, second)]
    frame = pd.concat([frame, pd.DataFrame(anchors).astype(frame.dtypes)], ignore_index=True)
    frame.to_csv(folder / "rows.csv", index=False)
    frame.to_parquet(folder / "rows.parquet")

    csv, parquet = (
        load_dataset(DataSpec(path=f"rows.{end}", target="label"), base=folder)
        for end in ("csv", "parquet")
    )

    assert csv.columns == parquet.columns
    np.testing.assert_array_equal(csv.X, parquet.X)
    assert csv.fingerprint == parquet.fingerprint
