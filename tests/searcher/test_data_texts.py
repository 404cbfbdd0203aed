"""Columns of text in csv, parquet and npz files, and in new rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from search_spaces.columns import Column
from searcher.data import Dataset, Table, add_new_texts, build_dataset, encode_rows, load_dataset
from searcher.errors import DataError
from searcher.spec import DataSpec

TEXT = Column("note", "text", categories=("", "call me", "see you"))
SIZE = Column("size", "numeric")
TEXTS = [f"Note {i}: it's 日本, «née» \U0001f600\t{'x' * i}." for i in range(150)]
LABELS = ["a", "b", "b"] * 50


def load(folder: Path, name: str) -> Dataset:
    return load_dataset(DataSpec(path=name, target="label"), base=folder)


def test_texts_are_the_same_dataset_from_csv_and_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame({"note": TEXTS, "label": LABELS})
    frame.to_csv(tmp_path / "t.csv.gz", index=False)
    frame.to_parquet(tmp_path / "t.parquet")

    csv, parquet = load(tmp_path, "t.csv.gz"), load(tmp_path, "t.parquet")

    assert csv.columns == parquet.columns
    assert csv.columns[0].kind == "text"
    assert csv.columns[0].categories == ("", *sorted(TEXTS))
    assert csv.fingerprint == parquet.fingerprint


def test_texts_are_read_from_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", X=np.array(TEXTS)[:, None], label=np.array(LABELS))

    assert load(tmp_path, "t.npz").columns[0].categories == ("", *sorted(TEXTS))


def test_a_text_of_new_rows_would_be_lost_and_is_refused() -> None:
    with pytest.raises(DataError, match=r"'note' has texts.*'at home'.*add_new_texts"):
        encode_rows({"note": ["call me", "at home"]}, (TEXT,))


def test_texts_of_new_rows_are_appended_and_keep_every_position() -> None:
    rows = {"note": ["at home", " see you ", None, "n/a", "Call me", "at home"], "size": range(6)}

    columns = add_new_texts(rows, (TEXT, SIZE))

    assert columns == (
        replace(TEXT, categories=("", "call me", "see you", "Call me", "at home")),
        SIZE,
    )
    assert encode_rows(rows, columns)[:, 0].tolist() == [4, 2, 0, 0, 3, 4]


def test_a_further_spelling_of_missing_is_no_new_text() -> None:
    rows = {"note": ["not given"]}

    assert add_new_texts(rows, (TEXT,), missing=["Not given"]) == (TEXT,)


def test_the_texts_are_no_part_of_how_a_column_is_shown() -> None:
    assert "see you" not in repr(TEXT)


def test_text_as_the_target_is_refused() -> None:
    arrays = {"x": pa.array(range(150)), "y": pa.array(TEXTS)}

    with pytest.raises(DataError, match=r"data.target: 'y' holds text.*data.task"):
        build_dataset(Table("t", arrays), DataSpec(path="t.csv", target="y"))
