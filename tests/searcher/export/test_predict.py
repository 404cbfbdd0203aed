"""New rows are read as the training rows were, by a reader that has numpy and onnxruntime only."""

import csv
import gzip
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.columns import Column, Profile
from searcher.data import encode_rows
from searcher.errors import DataError
from searcher.export import predict
from searcher.export.columns import to_feeds
from searcher.export.convert import serialise
from searcher.export.metadata import describe
from searcher.export.predict import predict_rows
from searcher.export.raw_cells import Spellings, read_cells
from tests.searcher.export.models import export, fit, make_data

MISSING = '["-999", "Weiß Nicht"]'
SPELLINGS = Spellings.from_json(
    describe(fit(make_data(), "dummy"), {"missing": MISSING})["spellings"]
)
CATEGORIES = ("", "3", "a", "none", "yes")


def save(path, data, family="random_forest", **metadata):
    model = fit(data, family)
    path.write_bytes(serialise(export(model, metadata)))
    return model


def write_csv(path, data, X, *, names=None):
    """Write rows as a person would have them: text for categories, dates and booleans."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names or [column.name for column in data.columns])
        for row in X:
            writer.writerow([_text(c, x) for c, x in zip(data.columns, row, strict=True)])


def _text(column, value):
    if column.is_categorical:
        return column.categories[int(value)]
    if np.isnan(value):
        return "NA"
    if column.kind == "boolean":
        return "yes" if value else "No"
    if column.kind == "date":
        moment = np.datetime64(0, "s") + np.timedelta64(int(value * 86400), "s")
        return f"{moment}Z".replace("T", " ")
    return repr(float(value))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_csv_file_is_answered_as_the_model_answers(tmp_path, task, packed):
    data = make_data(task)
    model = save(tmp_path / "m.onnx", data)
    rows = tmp_path / "rows.csv"
    write_csv(rows, data, data.X)
    if packed:
        rows = tmp_path / "rows.csv.gz"
        rows.write_bytes(gzip.compress((tmp_path / "rows.csv").read_bytes()))

    got = predict_rows(tmp_path / "m.onnx", rows)

    assert got.target == "target"
    if task == "regression":
        np.testing.assert_array_equal(got.values, model.predict(data.X))
        assert got.labels is None
    else:
        assert got.classes == data.classes
        labels = [data.classes[code] for code in model.predict(data.X)]
        assert got.labels.tolist() == labels
        np.testing.assert_array_equal(got.probabilities, model.predict_proba(data.X))


def test_columns_are_found_by_name_in_any_order_and_further_ones_are_ignored(tmp_path):
    data = make_data().only(1, 9)
    model = save(tmp_path / "m.onnx", data)
    rows = {"id": ["x", "y"], "many": ["stufe 3 é", None], "n1": [0.5, float("nan")]}

    got = predict_rows(tmp_path / "m.onnx", rows)

    code = data.columns[1].categories.index("stufe 3 é")
    X = np.array([[0.5, code], [np.nan, 0.0]])
    np.testing.assert_array_equal(got.probabilities, model.predict_proba(X))


def test_more_rows_than_one_batch_keep_their_order(tmp_path, monkeypatch):
    data = make_data("regression").only(1, 2)
    model = save(tmp_path / "m.onnx", data)
    write_csv(tmp_path / "rows.csv", data, data.X)
    monkeypatch.setattr(predict, "BATCH_ROWS", 7)

    got = predict_rows(tmp_path / "m.onnx", tmp_path / "rows.csv")

    np.testing.assert_array_equal(got.values, model.predict(data.X))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", r"rows.csv is empty"),
        ("n1,few\n", r"has a header and no row"),
        ("n11,few\n1,a\n", r"no column 'n1'\. Did you mean 'n11'"),
        ("n1,few,n1\n1,a,2\n", r"2 columns called 'n1'"),
        ("n1,few\n1,a\n2,a,b\n", r"row 2 has 3 cells; the header 2"),
        ("n1,few\n1,a\n\n12x,a\n", r"column 'n1', row 2: '12x' is no number"),
        ("n1,few\n1_000,a\n", r"column 'n1', row 1: '1_000' is no number"),
        ('n1,few\n"1,5",a\n', r"column 'n1', row 1: '1,5' is no number"),
        ("n1,few\n-inf,a\n", r"column 'n1', row 1: '-inf' is infinite"),
        ("n1,few\n1e999,a\n", r"column 'n1', row 1: '1e999' is infinite"),
        ('n1,few\n1,"a\n', r"rows.csv is no csv file"),
    ],
)
def test_a_file_that_can_not_be_read_is_explained(tmp_path, content, reason):
    save(tmp_path / "m.onnx", make_data().only(1, 8))
    (tmp_path / "rows.csv").write_text(content, encoding="utf-8")

    with pytest.raises(DataError, match=reason):
        predict_rows(tmp_path / "m.onnx", tmp_path / "rows.csv")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("none.csv", None, "can't be read"),
        ("rows.csv", b"n1,few\n1,\xff\n", "not UTF-8"),
        ("rows.csv.gz", gzip.compress(b"n1,few\n1,a\n", mtime=0)[:-9], "can't be read"),
    ],
)
def test_a_damaged_file_is_explained(tmp_path, name, content, reason):
    save(tmp_path / "m.onnx", make_data().only(1, 8))
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError, match=reason):
        predict_rows(tmp_path / "m.onnx", tmp_path / name)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ({"n1": [1.0], "few": []}, "different numbers of rows"),
        ({"n1": [], "few": []}, "no row"),
        ({"n1": [1.0], "fewer": ["a"]}, "no column 'few'. Did you mean 'fewer'"),
        ({"n1": [float("inf")], "few": ["a"]}, "'inf' is infinite"),
    ],
)
def test_rows_that_can_not_be_used_are_explained(tmp_path, rows, reason):
    save(tmp_path / "m.onnx", make_data().only(1, 8))

    with pytest.raises(DataError, match=reason):
        predict_rows(tmp_path / "m.onnx", rows)


def test_a_file_that_is_no_model_of_ours_is_refused(tmp_path):
    data = make_data().only(1)
    proto = export(fit(data, "dummy"))
    del proto.metadata_props[:]
    (tmp_path / "foreign.onnx").write_bytes(serialise(proto))
    (tmp_path / "broken.onnx").write_bytes(b"nothing")

    for name, reason in [
        ("foreign.onnx", "not written by searcher"),
        ("broken.onnx", "can't be loaded"),
        ("absent.onnx", "no model file"),
    ]:
        with pytest.raises(DataError, match=reason):
            predict_rows(tmp_path / name, {"n1": [1.0]})


def test_predicting_imports_neither_training_nor_search_libraries(tmp_path):
    data = make_data().only(1, 8)
    save(tmp_path / "m.onnx", data)
    write_csv(tmp_path / "rows.csv", data, data.X[:5])
    heavy = ("onnx", "pandas", "pyarrow", "pydantic", "ray", "scipy", "sklearn", "xgboost")
    code = (
        "import json, sys; from pathlib import Path; "
        "from searcher.export.predict import predict_rows; "
        "got = predict_rows(Path(sys.argv[1]), Path(sys.argv[2])); "
        f"loaded = [name for name in {heavy} if name in sys.modules]; "
        "print(json.dumps([len(got.labels), loaded]))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "m.onnx", tmp_path / "rows.csv"],
        capture_output=True,
        check=True,
    )

    assert json.loads(done.stdout) == [5, []]


CELLS = {
    "numeric": [
        *("1", " 1.50 ", "+2", "-0.0", ".5", "5.", "1e5", "1E-5", "007", "4.9e-324", "1.7e308"),
        *("0.1000000000000000055511151231257827", "9007199254740993", "-999", "-999.0", "-9.99e2"),
    ],
    "boolean": ["true", "FALSE", "Yes", "n", " t", "0", "1.0", "1e0", "-999"],
    "date": [
        *("2024-12-31", "2024/1/5", "1969-12-31T23:59:59.999999", "1500-02-28 00:00"),
        *("2024-02-29T12:30:15.123456789Z", "2024-06-01 10:00 +0530", "2024-06-01T10:00-08"),
    ],
    "categorical": ["a", " a ", "A", "3", "3.0", "03.0", "3.5", "none", "None", "-", "true", "YES"],
}
NOTHING = ["", " ", "NA", "nan", "?", "NULL", "weiß nicht", "#N/A"]
NO_QUANTITY = ["-", "none", "Unknown", "not available", "NaT"]


@pytest.mark.parametrize("kind", sorted(CELLS))
def test_cells_are_read_as_the_data_of_a_search_are(kind):
    column = Column("c", kind, categories=CATEGORIES if kind == "categorical" else ())
    texts = CELLS[kind] + NOTHING + (NO_QUANTITY if kind != "categorical" else [])

    assert_read_alike(column, texts)


def assert_read_alike(column, texts):
    native = encode_rows({"c": texts}, [column], missing=json.loads(MISSING))
    got = read_cells("c", column.kind, texts, SPELLINGS)
    if column.is_categorical:
        known = {name: float(code) for code, name in enumerate(column.categories)}
        codes = [[known.get(text, -1.0)] for text in got[:, 0]]
        np.testing.assert_array_equal(codes, native)
        fed = to_feeds(Profile("binary", (column,), len(native), 2), native)["c"]
        assert set(fed.ravel()) >= set(got.ravel()) & set(CATEGORIES)
    else:
        np.testing.assert_array_equal(got, native)
        np.testing.assert_array_equal(np.signbit(got), np.signbit(native))


WRONG = {
    "numeric": ["x", "1,5", "1 000", "0x10", "1e", "true", "١٢", "1e999", "Infinity"],
    "boolean": ["2", "ja", "on", "0.5"],
    "date": ["2024-13-01", "31.12.2024", "2024-12-31T25:00", "20241231", "12:00", "2023-02-29"],
}


@pytest.mark.parametrize(("kind", "text"), [(k, t) for k, ts in sorted(WRONG.items()) for t in ts])
def test_what_the_data_of_a_search_refuse_is_refused(kind, text):
    column = Column("c", kind)

    with pytest.raises(DataError, match="'c'"):
        encode_rows({"c": [text]}, [column])
    with pytest.raises(DataError, match=r"column 'c', row 1: "):
        read_cells("c", kind, [text], SPELLINGS)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(allow_infinity=False), min_size=1, max_size=5))
def test_any_number_is_read_to_the_last_bit(numbers):
    texts = [repr(number) for number in numbers]

    got = read_cells("c", "numeric", texts, SPELLINGS).ravel()

    expected = [np.nan if number == -999 else number for number in numbers]
    np.testing.assert_array_equal(got, expected)
    assert_read_alike(Column("c", "numeric"), texts)


@settings(max_examples=150, deadline=None)
@given(
    st.datetimes(timezones=st.timezones() | st.none()).filter(
        lambda t: t.utcoffset() is None or t.utcoffset().seconds % 60 == 0
    )
)
def test_any_date_is_read_to_the_last_bit(moment):
    assert_read_alike(Column("c", "date"), [moment.isoformat(), moment.isoformat(" ")])


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=["C"]), max_size=5) | st.sampled_from(CATEGORIES))
def test_any_text_is_the_same_category(text):
    assert_read_alike(Column("c", "categorical", categories=CATEGORIES), [text, f" {text}\t"])
