from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from search_spaces.columns import Column
from searcher.data import Dataset, Table, build_dataset
from searcher.data.spellings import ALWAYS_MISSING, MISSING_QUANTITY
from searcher.errors import DataError
from searcher.spec import DataSpec


def build(cells: Any, **changes: Any) -> Dataset:
    """Dataset of one column ``x``, and one that keeps it company."""
    n_rows = len(cells)
    arrays = {
        "x": cells if isinstance(cells, pa.Array) else pa.array(cells),
        "other": pa.array(np.arange(n_rows)),
        "label": pa.array(["a", "b"] * (n_rows // 2) + ["a"] * (n_rows % 2)),
    }
    return build_dataset(Table("t", arrays), DataSpec(path="t.csv", target="label", **changes))


def x_of(cells: Any, **changes: Any) -> tuple[Column, list[float]]:
    dataset = build(cells, **changes)
    assert dataset.columns[0].name == "x"
    return dataset.columns[0], dataset.X[:, 0].tolist()


def refusal(cells: Any, **changes: Any) -> str:
    with pytest.raises(DataError) as caught:
        build(cells, **changes)
    return str(caught.value)


def test_numbers_in_every_plain_notation_are_numeric() -> None:
    column, values = x_of(["1", " 2 ", "+3", "-4.5", "5.", ".5", "1e3", "2E-2"])

    assert (column.kind, column.has_missing) == ("numeric", False)
    assert values == [1, 2, 3, -4.5, 5, 0.5, 1000, 0.02]


def test_numbers_are_read_to_the_last_bit() -> None:
    written = ["0.1", "0.30000000000000004", "5e-324", "1.7976931348623157e308", "9007199254740993"]

    assert x_of(written)[1] == [float(text) for text in written]


@pytest.mark.parametrize("text", ["1,000", "1_000", "0x1F", "1.234,5", "12%", "$5", "1 000"])
def test_other_notations_of_numbers_are_not_guessed(text: str) -> None:
    column, _ = x_of([text, "a", "b", "a"])

    assert column.kind == "categorical"
    assert text in column.categories


@pytest.mark.parametrize("spelling", sorted(ALWAYS_MISSING))
def test_missing_is_missing_in_words_and_numbers(spelling: str) -> None:
    written = f" {spelling.upper()} "

    words, codes = x_of(["red", written, "blue", "red"])
    numbers, values = x_of(["1", written, "2", "3"])

    assert (words.categories, codes) == (("", "blue", "red"), [2, 0, 1, 2])
    assert (words.has_missing, numbers.has_missing) == (True, True)
    assert numbers.kind == "numeric"
    assert np.isnan(values[1])


@pytest.mark.parametrize("spelling", sorted(MISSING_QUANTITY))
def test_some_words_are_missing_among_numbers_and_an_answer_among_words(spelling: str) -> None:
    numbers, values = x_of(["1", spelling.title(), "2", "3"])
    words, _ = x_of(["red", spelling.title(), "blue", "red"])

    assert numbers.kind == "numeric"
    assert np.isnan(values[1])
    assert spelling.title() in words.categories
    assert not words.has_missing


def test_words_read_as_missing_among_numbers_are_said() -> None:
    dataset = build(["1", "unknown", "2", "unknown"])

    assert dataset.notices == (
        "column 'x' is numeric; read as missing: 'unknown' (row 2 and 1 more)",
    )


def test_further_spellings_of_missing_come_from_the_spec() -> None:
    _, values = x_of(["1", "Refused", "-9", "-9.0"], missing=["refused", "-9"])
    column, codes = x_of(["red", "refused", "blue", "-9.0"], missing=["refused", "-9"])

    assert values[0] == 1
    assert np.isnan(values[1:]).all()
    assert (column.categories, codes) == (("", "blue", "red"), [2, 0, 1, 0])


def test_further_spellings_hold_for_stored_numbers_too() -> None:
    assert np.isnan(x_of([1.0, -9.0, 2.0], missing=["-9"])[1]).tolist() == [False, True, False]


def test_nulls_of_every_stored_type_are_missing() -> None:
    columns = [x_of(cells)[0] for cells in ([1, None, 2], ["a", None, "b"], [True, None, False])]

    assert [column.has_missing for column in columns] == [True, True, True]
    assert [column.kind for column in columns] == ["numeric", "categorical", "boolean"]


@pytest.mark.parametrize("cells", [["true", "FALSE", "True", ""], [True, False, True, None]])
def test_truth_values_are_boolean(cells: Any) -> None:
    column, values = x_of(cells)

    assert column.kind == "boolean"
    assert values[:3] == [1, 0, 1]
    assert np.isnan(values[3])


@pytest.mark.parametrize("pair", [("yes", "no"), ("t", "f"), ("0x", "1x")])
def test_other_pairs_of_words_stay_words(pair: tuple[str, str]) -> None:
    assert x_of([*pair, *pair])[0].kind == "categorical"


@pytest.mark.parametrize(
    "cells",
    [["Yes", "no", "?", "YES"], ["t", "F", "", "T"], ["1", "0", "-", "1.0"], [1, 0, None, 1]],
)
def test_pairs_of_words_are_boolean_when_the_spec_says_so(cells: Any) -> None:
    column, values = x_of(cells, kinds={"x": "boolean"})

    assert column.kind == "boolean"
    assert values[:2] + values[3:] == [1, 0, 1]
    assert np.isnan(values[2])


def test_dates_are_days_since_1970_in_utc() -> None:
    column, values = x_of(
        ["1970-01-02", "1969/12/31", "1970-01-01T06:00", "1970-01-01 12:00:00+12:00", "NaT"]
    )

    assert (column.kind, column.has_missing) == ("date", True)
    assert values[:4] == [1.0, -1.0, 0.25, 0.0]


def test_dates_of_any_century_are_read() -> None:
    assert x_of(["0001-01-01", "9999-12-31", "2000-01-01T00:00:00.123456789"])[1][:2] == [
        -719162.0,
        2932896.0,
    ]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_moment_has_the_same_value_however_it_is_stored(unit: str) -> None:
    moments = [datetime(2024, 2, 29, 13, 7, 31, tzinfo=UTC), datetime(1969, 7, 20, 20, tzinfo=UTC)]
    stored = pa.array(moments, pa.timestamp(unit, tz="UTC"))
    abroad = [m.astimezone(timezone(timedelta(hours=-5))).isoformat() for m in moments]

    assert x_of(stored)[1] == x_of(abroad)[1]


def test_days_are_dates_too() -> None:
    days = [date(1970, 1, 3), None, date(1969, 12, 31)]

    for stored in (pa.array(days, pa.date32()), pa.array(days, pa.date64())):
        column, values = x_of(stored)

        assert (column.kind, column.has_missing) == ("date", True)
        assert (values[0], values[2]) == (2, -1)


def test_a_day_that_does_not_exist_is_refused_with_its_row() -> None:
    assert "'x' is date, but has '2023-02-29' (row 2)" in refusal(["2024-02-29", "2023-02-29"])


@pytest.mark.parametrize("text", ["31.12.2024", "12/31/2024", "20241231", "Dec 31"])
def test_other_notations_of_dates_are_refused_as_dates(text: str) -> None:
    message = refusal([text, "2024-01-01"], kinds={"x": "date"})

    assert f"'{text}' (row 1)" in message
    assert "2024-12-31" in message


def test_integer_codes_stay_numeric_unless_the_spec_says_otherwise() -> None:
    codes = [3, 1, 2, 3]

    assert x_of(codes)[0].kind == "numeric"
    assert x_of(codes, kinds={"x": "categorical"})[0].categories == ("", "1", "2", "3")


@pytest.mark.parametrize(
    "cells", [[3, 1, None], [3.0, 1.0, float("nan")], ["3", "1", ""], ["3.0", "1.0", "nan"]]
)
def test_codes_have_one_text_however_they_are_stored(cells: Any) -> None:
    column, codes = x_of(cells, kinds={"x": "categorical"})

    assert column.categories == ("", "1", "3")
    assert codes == [2, 1, 0]


def test_leading_zeros_of_codes_are_kept() -> None:
    column, _ = x_of(["01", "1", "02", "007"], kinds={"x": "categorical"})

    assert column.categories == ("", "007", "01", "02", "1")


def test_strings_are_sorted_by_code_point_and_keep_their_case() -> None:
    assert x_of(["b", "B", "é", "a", "Z"])[0].categories == ("", "B", "Z", "a", "b", "é")


def test_stored_categories_that_no_row_has_are_no_categories() -> None:
    stored = pa.DictionaryArray.from_arrays(pa.array([0, 2, 0]), pa.array(["a", "unused", "c"]))

    assert x_of(stored)[0].categories == ("", "a", "c")


def test_stray_words_among_numbers_are_named_with_their_rows() -> None:
    cells = [str(i) for i in range(60)]
    cells[10] = cells[20] = "12,5"
    cells[30] = "n/k"

    message = refusal(cells)

    assert "'x' is numeric in 57 rows, but not in 3" in message
    assert "'12,5' (row 11 and 1 more), 'n/k' (row 31)" in message
    assert "data.missing" in message


def test_stray_words_are_categories_when_the_spec_says_so() -> None:
    cells = [str(i) for i in range(60)] + ["odd"]

    assert x_of(cells, kinds={"x": "categorical"})[0].categories[-1] == "odd"


def test_a_few_numbers_and_words_are_categories_and_said_to_be() -> None:
    dataset = build(["1", "2", "3+", "1", "2", "3+"])

    assert dataset.columns[0].categories == ("", "1", "2", "3+")
    assert dataset.notices == (
        "column 'x' has words among numbers: '3+' (row 3 and 1 more); categorical",
    )


def test_words_in_a_column_said_to_be_numeric_are_refused_with_their_rows() -> None:
    message = refusal(["1", "two", "3", "two"], kinds={"x": "numeric"})

    assert "'x' is numeric, but has 'two' (row 2 and 1 more)" in message


@pytest.mark.parametrize("cells", [["1", "inf", "2"], ["1", "-Infinity", "2"], [1.0, np.inf, 2.0]])
def test_infinity_is_refused_with_its_row(cells: Any) -> None:
    assert "'x' is infinite in row 2" in refusal(cells)


def test_a_number_too_large_for_a_float_is_refused_as_infinite() -> None:
    assert "'x' is infinite in row 2" in refusal(["1", "1e999", "2"])


@pytest.mark.parametrize(
    "shape", ["a{}", "a-b-{}", "31.12.{}", "two words-{}", "\u65e5 \u672c \u8a9e {}"]
)
def test_identifiers_are_refused_with_what_to_do(shape: str) -> None:
    message = refusal([shape.format(i) for i in range(101)])

    assert f"'x' has 101 different strings in 101 rows, such as {shape.format(0)!r}" in message
    assert "an identifier" in message
    assert "data.drop" in message
    assert "data.kinds" in message


def test_many_different_sentences_are_text_and_said_to_be() -> None:
    dataset = build([*(f" Some wörds, No. {i}" for i in range(101)), "", "n/a"])

    column = dataset.columns[0]
    assert (column.kind, column.has_missing) == ("text", True)
    assert column.categories[:2] == ("", "Some wörds, No. 0")
    assert dataset.X[-2:, 0].tolist() == [0.0, 0.0]
    assert dataset.notices == (
        "column 'x' is text of 4.0 words on average: its words become features",
    )


def test_sentences_that_repeat_are_text_where_they_are_too_many_for_categories() -> None:
    assert x_of([f"some words {i % 1001}" for i in range(4000)])[0].kind == "text"


def test_a_hundred_different_sentences_are_categories_unless_the_spec_says_text() -> None:
    cells = [f"some words {i}" for i in range(100)]

    assert x_of(cells)[0].kind == "categorical"
    assert x_of(cells, kinds={"x": "text"})[0].kind == "text"


def test_text_that_has_no_word_that_is_read_is_left_out() -> None:
    arrays = {
        "x": pa.array(["\u65e5\u672c", "\u8a9e", "\u65e5\u672c"]),
        "kept": pa.array([1, 2, 3]),
        "label": pa.array(["a", "b", "a"]),
    }
    spec = DataSpec(path="t.csv", target="label", kinds={"x": "text"})

    dataset = build_dataset(Table("t", arrays), spec)

    assert [column.name for column in dataset.columns] == ["kept"]
    assert "column 'x' is text without any word" in dataset.notices[0]


def test_a_description_of_the_data_counts_texts_and_quotes_none() -> None:
    described = build([f"some secret words {i}" for i in range(200)]).describe()

    assert described["columns"][0] == {
        "name": "x",
        "kind": "text",
        "missing": 0,
        "categories": 200,
    }
    assert "secret" not in str(described)


def test_as_many_strings_are_categories_when_the_spec_says_so() -> None:
    column, _ = x_of([f"some words {i}" for i in range(101)], kinds={"x": "categorical"})

    assert len(column.categories) == 102


def test_a_hundred_different_strings_are_still_categories() -> None:
    assert len(x_of([f"v{i}" for i in range(100)])[0].categories) == 101


def test_more_categories_than_can_be_encoded_are_refused() -> None:
    cells = [f"v{i % 1001}" for i in range(4000)]

    assert "more than 1,000 categories" in refusal(cells)


def test_constant_and_empty_columns_are_left_out_with_a_notice() -> None:
    arrays = {
        "same": pa.array(["a", "a", "a"]),
        "zero": pa.array([0.0, -0.0, 0.0]),
        "empty": pa.array(["", None, "NA"]),
        "null": pa.nulls(3),
        "kept": pa.array([1, 2, 3]),
        "label": pa.array(["a", "b", "a"]),
    }

    dataset = build_dataset(Table("t", arrays), DataSpec(path="t.csv", target="label"))

    assert [column.name for column in dataset.columns] == ["kept"]
    assert dataset.X.flags.c_contiguous
    assert dataset.notices == (
        "2 columns are missing in all rows: left out: 'empty', 'null'",
        "2 columns are the same in all rows: left out: 'same', 'zero'",
    )


def test_one_value_and_missing_ones_are_not_constant() -> None:
    assert x_of(["yes", "", "yes"])[0].categories == ("", "yes")


def test_data_without_any_usable_column_are_refused() -> None:
    arrays = {"same": pa.array([1, 1]), "label": pa.array(["a", "b"])}

    with pytest.raises(DataError, match="every column is constant or empty"):
        build_dataset(Table("t", arrays), DataSpec(path="t.csv", target="label"))
    with pytest.raises(DataError, match="no column is left"):
        build_dataset(Table("t", arrays), DataSpec(path="t.csv", target="label", drop=("same",)))


def test_every_column_that_cannot_be_used_is_named() -> None:
    arrays = {
        "a": pa.array([np.inf, 1.0]),
        "b": pa.array([[1], [2]]),
        "label": pa.array(["a", "b"]),
    }

    with pytest.raises(DataError) as caught:
        build_dataset(Table("t", arrays), DataSpec(path="t.csv", target="label"))

    first, second = str(caught.value).splitlines()
    assert "'a' is infinite in row 1" in first
    assert "'b' has the type list" in second


def test_words_stored_as_numbers_cannot_be_dates() -> None:
    assert "'x' holds numbers, which can't be read as dates" in refusal([1, 2], kinds={"x": "date"})
    assert "holds dates, which can't be read as numbers" in refusal(
        [date(2024, 1, 1), date(2024, 1, 2)], kinds={"x": "numeric"}
    )
    assert "'x' is boolean, but has 2 in row 2" in refusal([1, 2], kinds={"x": "boolean"})


def test_decimals_and_short_floats_are_numbers() -> None:
    decimal = pa.array([1, 2, None], pa.decimal128(5, 2))
    short = pa.array(np.array([1.5, 2.5, np.nan], dtype=np.float32))

    assert x_of(decimal)[1][:2] == [1, 2]
    assert x_of(short)[1][:2] == [1.5, 2.5]
