import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from searcher.data import Dataset, load_dataset, read_table
from searcher.data.table import MAX_COLUMNS, MAX_NAME, check_names
from searcher.errors import DataError
from searcher.spec import DataSpec

ROWS = "age,colour,label\n1,red,a\n2,blue,b\n3,red,a\n4,blue,b\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rows.csv").write_text(ROWS)
    return tmp_path


def load(folder: Path, path: str, **changes: Any) -> Dataset:
    return load_dataset(DataSpec(path=path, target="label", **changes), base=folder)


def refusal(folder: Path, name: str, content: str | bytes) -> str:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        load(folder, name)
    return str(caught.value)


def test_every_format_gives_the_same_rows(folder: Path) -> None:
    frame = pd.read_csv(folder / "rows.csv")
    with gzip.open(folder / "rows.csv.gz", "wt") as file:
        file.write(ROWS)
    frame.to_parquet(folder / "rows.parquet")

    fingerprints = {load(folder, f"rows.{end}").fingerprint for end in ("csv", "csv.gz", "parquet")}

    assert len(fingerprints) == 1


def test_a_path_may_be_absolute(folder: Path) -> None:
    assert load(Path("elsewhere"), str(folder / "rows.csv")).n_samples == 4


def test_a_dataset_is_called_like_its_file(folder: Path) -> None:
    with gzip.open(folder / "Churn.2024.csv.gz", "wt") as file:
        file.write(ROWS)

    assert load(folder, "Churn.2024.csv.gz").name == "Churn.2024"
    assert load(folder, "rows.csv").name == "rows"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("row.csv", r"row\.csv: no such file\. Did you mean 'rows\.csv'\?"),
        ("nowhere/rows.csv", r"no such file \(there is no folder .*nowhere\)"),
        ("rows.xlsx", r"can't tell the format.*names end in \.csv, \.csv\.gz, \.parquet, \.npz"),
        ("rows.tsv", "Tab-separated text must be saved with commas"),
        ("folder.csv", "a folder, not a file"),
        ("empty.csv", "empty, not even a header"),
        ("sklearn:irises", r"no bundled dataset sklearn:irises; there are .*Did you mean 'iris'"),
        ("sklearn:fetch_openml", "no bundled dataset"),
    ],
)
def test_what_is_not_there_is_refused_in_plain_words(folder: Path, path: str, message: str) -> None:
    (folder / "folder.csv").mkdir()
    (folder / "empty.csv").touch()

    with pytest.raises(DataError, match=message):
        load(folder, path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("blank.csv", "\n\n", "empty, not even a header"),
        ("header.csv", "age,label\n", "there are columns, but no rows"),
        ("one.csv", "age,label\n1,a\n", "'label' has a value in one row only"),
        ("long.csv", "age,label\n1,a\n1,b,c\n3,a\n", "2 columns, but line 3 has 3. A cell with a"),
        ("short.csv", "age,label\n1\n2,b\n", "2 columns, but line 2 has 1"),
        ("semicolon.csv", "age;label\n1;a\n", "are cells separated by ';'?"),
        ("plain.csv.gz", ROWS, "not a gzip file, although its name ends in .gz"),
        (
            "cut.csv.gz",
            gzip.compress(ROWS.encode() * 99, mtime=0)[:-20],
            "the compressed data end too",
        ),
        ("latin.csv", "age,label\n1,é\n2,b\n".encode("latin-1"), "not UTF-8 text"),
        ("latin2.csv", "âge,label\n1,a\n2,b\n".encode("latin-1"), "the header is not UTF-8 text"),
        ("nameless.csv", ",label\n0,a\n1,b\n", "column 1 of 2 has no name"),
        ("twice.csv", "a,label,a\n1,b,2\n", "'a' is there 2 times (columns 1, 3)"),
        ("fat.csv", f"{'x' * 201},label\n1,a\n", "has more than 200 characters"),
        ("fake.parquet", ROWS, "not a parquet file"),
        ("fake.npz", ROWS, "not an npz file"),
    ],
)
def test_a_damaged_file_is_refused_in_plain_words(
    folder: Path, name: str, content: str | bytes, message: str
) -> None:
    assert message in refusal(folder, name, content)


def test_only_some_of_many_ragged_rows_are_named(folder: Path) -> None:
    message = refusal(folder, "ragged.csv", "age,label\n" + "1\n" * 10)

    assert "line 2 has 1; line 3 has 1; line 4 has 1; and 7 more" in message


def test_quotes_line_breaks_blanks_and_a_byte_order_mark_are_read(folder: Path) -> None:
    text = '\ufeff"first\nname", label \r\n"a, b", x \r\n"say ""hi""",y\r\n"two\nlines", x\r\n'
    (folder / "quoted.csv").write_bytes(text.encode())

    dataset = load(folder, "quoted.csv")

    assert [column.name for column in dataset.columns] == ["first\nname"]
    assert dataset.columns[0].categories == ("", "a, b", 'say "hi"', "two\nlines")
    assert dataset.classes == ("x", "y")


def test_nothing_but_missing_cells_makes_a_row_too(folder: Path) -> None:
    (folder / "gaps.csv").write_text("a,b,label\n1,x,p\n,,q\n3,y,p\n")

    dataset = load(folder, "gaps.csv")

    assert np.isnan(dataset.X[1, 0])
    assert dataset.X[1, 1] == 0


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a", "b", "a", "a"], r"'a' is there 3 times \(columns 1, 3, 4\)"),
        (["a", "  "], "column 2 of 2 has no name"),
        (["a" * (MAX_NAME + 1)], "more than 200 characters"),
        ([str(i) for i in range(MAX_COLUMNS + 1)], "10,001 columns; at most 10,000"),
    ],
)
def test_impossible_column_names_are_refused(names: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_names(names)


def test_parquet_with_a_name_twice_is_refused(folder: Path) -> None:
    table = pa.table([pa.array([1, 2]), pa.array([3, 4])], names=["label", "label"])
    pq.write_table(table, folder / "twice.parquet")

    with pytest.raises(DataError, match="'label' is there 2 times"):
        load(folder, "twice.parquet")


def test_an_index_that_pandas_stored_is_left_out_with_a_notice(folder: Path) -> None:
    frame = pd.read_csv(folder / "rows.csv")
    frame.index = pd.Index([7, 5, 3, 1])
    frame.to_parquet(folder / "indexed.parquet")

    dataset = load(folder, "indexed.parquet")

    assert [column.name for column in dataset.columns] == ["age", "colour"]
    assert dataset.notices == (
        "column '__index_level_0__' is an index that pandas stored: left out",
    )


def test_npz_holds_features_and_answers(folder: Path) -> None:
    X = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]])
    np.savez(folder / "arrays.npz", X=X, y=np.array(["a", "b", "a"]))

    dataset = load_dataset(DataSpec(path="arrays.npz"), base=folder)

    np.testing.assert_array_equal(dataset.X, X)
    assert [column.name for column in dataset.columns] == ["x0", "x1"]
    assert (dataset.target, dataset.classes) == ("y", ("a", "b"))


def test_npz_may_name_its_columns_and_hold_further_ones(folder: Path) -> None:
    np.savez(
        folder / "arrays.npz",
        X=np.arange(8).reshape(4, 2),
        columns=np.array(["a", "b"]),
        answer=np.array([0.5, 1.5, 2.5, 0.0]),
        patient=np.array(["p", "q", "p", "q"]),
    )
    spec = DataSpec(path="arrays.npz", target="answer", groups="patient")

    dataset = load_dataset(spec, base=folder)

    assert [column.name for column in dataset.columns] == ["a", "b"]
    assert dataset.groups is not None
    np.testing.assert_array_equal(dataset.groups, [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"y": np.arange(3)}, "has no array 'X'; there are y"),
        ({"X": np.ones((3, 2)), "Y": np.arange(3)}, "has no array 'y'"),
        ({"X": np.ones(3), "y": np.arange(3)}, "X must have two dimensions"),
        ({"X": np.ones((3, 2)), "y": np.arange(4)}, r"y has the shape \(4,\), and X has 3 rows"),
        ({"X": np.ones((3, 2)), "y": np.ones((3, 1))}, r"y has the shape \(3, 1\)"),
        ({"X": np.ones((3, 2)), "y": np.arange(3), "columns": ["a"]}, "1 names in 'columns'"),
        ({"X": np.ones((3, 2), dtype=complex), "y": np.arange(3)}, "x0 holds complex128"),
        ({"X": np.ones((3, 2)), "y": np.array([1, "a", None])}, "holds Python objects"),
    ],
)
def test_npz_of_other_shapes_is_refused(folder: Path, arrays: dict[str, Any], message: str) -> None:
    np.savez(folder / "arrays.npz", **arrays)

    with pytest.raises(DataError, match=message):
        load_dataset(DataSpec(path="arrays.npz"), base=folder)


@pytest.mark.parametrize(
    ("name", "task", "classes"),
    [
        ("iris", "multiclass", ("setosa", "versicolor", "virginica")),
        ("wine", "multiclass", ("class_0", "class_1", "class_2")),
        ("breast_cancer", "binary", ("benign", "malignant")),
        ("digits", "multiclass", tuple(range(10))),
        ("diabetes", "regression", ()),
    ],
)
def test_bundled_datasets_need_no_file_and_no_target(
    name: str, task: str, classes: tuple[Any, ...]
) -> None:
    dataset = load_dataset(DataSpec(path=f"sklearn:{name}"), base=Path("nowhere"))

    assert (dataset.name, dataset.task, dataset.classes) == (name, task, classes)


def test_a_table_has_the_columns_of_its_file(folder: Path) -> None:
    table = read_table("rows.csv", base=folder)

    assert list(table.arrays) == ["age", "colour", "label"]
    assert table.n_rows == 4
