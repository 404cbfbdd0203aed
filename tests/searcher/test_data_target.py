from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from searcher.data import Dataset, Table, build_dataset
from searcher.errors import DataError
from searcher.spec import load_spec


def build(answers: Any, **changes: Any) -> Dataset:
    array = answers if isinstance(answers, pa.Array) else pa.array(answers)
    arrays = {"x": pa.array(np.arange(len(array))), "label": array}
    spec = load_spec(
        {"name": "t", "data": {"path": "t.csv", "target": "label", **changes}, "seed": 0}
    )
    return build_dataset(Table("t", arrays), spec.data)


def refusal(answers: Any, **changes: Any) -> str:
    with pytest.raises(DataError) as caught:
        build(answers, **changes)
    return str(caught.value)


@pytest.mark.parametrize(
    ("answers", "task", "classes"),
    [
        (["no", "yes", "no"], "binary", ("no", "yes")),
        ([">50K", "<=50K", ">50K"], "binary", ("<=50K", ">50K")),
        (["a", "b", "c"], "multiclass", ("a", "b", "c")),
        ([True, False, True], "binary", ("False", "True")),
        (["true", "false", "true"], "binary", ("false", "true")),
        ([1, 0, 1], "binary", (0, 1)),
        (["1", "-1", "1"], "binary", (-1, 1)),
        ([1.0, 2.0, np.nan], "binary", (1, 2)),
        (["01", "2", "1"], "binary", (1, 2)),
        (["10", "9", "3+"], "multiclass", ("10", "3+", "9")),
        (list(range(20)), "multiclass", tuple(range(20))),
        (list(range(21)), "regression", ()),
        ([0.5, 1.0, 0.5], "regression", ()),
        (["0.5", "1.5", "?"], "regression", ()),
    ],
)
def test_the_task_follows_from_the_target(
    answers: Any, task: str, classes: tuple[Any, ...]
) -> None:
    dataset = build(answers)

    assert (dataset.task, dataset.classes) == (task, classes)
    assert dataset.y.dtype == (np.float64 if task == "regression" else np.int64)


def test_codes_are_positions_in_classes() -> None:
    dataset = build(["b", "a", "c", "a"])

    assert [dataset.classes[code] for code in dataset.y] == ["b", "a", "c", "a"]
    assert dataset.class_counts == [2, 1, 1]


@pytest.mark.parametrize(
    ("answers", "task", "classes"),
    [
        ([1, 2, 3, 2], "regression", ()),
        (["1", "2", "unknown", "2"], "regression", ()),
        (list(range(30)), "multiclass", tuple(range(30))),
        ([0.5, 1.5, 0.5], "binary", ("0.5", "1.5")),
    ],
)
def test_the_spec_may_say_what_the_task_is(
    answers: Any, task: str, classes: tuple[Any, ...]
) -> None:
    dataset = build(answers, task=task)

    assert (dataset.task, dataset.classes) == (task, classes)


@pytest.mark.parametrize(
    ("positive", "classes"),
    [("No", ("Yes", "No")), ("Yes", ("No", "Yes")), (None, ("No", "Yes"))],
)
def test_the_positive_class_is_last(positive: str | None, classes: tuple[str, ...]) -> None:
    answers = ["No", "Yes", None, "No"]

    dataset = build(answers, positive=positive)

    assert dataset.classes == classes
    assert [dataset.classes[code] for code in dataset.y] == ["No", "Yes", "No"]


@pytest.mark.parametrize(
    ("answers", "positive", "last"),
    [
        ([0, 1, 0], 0, 0),
        ([0, 1, 0], "0", 0),
        (["0", "1", "0"], 0, 0),
        ([True, False], False, "False"),
        (["TRUE", "FALSE"], False, "FALSE"),
    ],
)
def test_the_positive_class_is_found_however_it_is_written(
    answers: Any, positive: Any, last: Any
) -> None:
    assert build(answers, positive=positive).classes[-1] == last


def test_an_unknown_positive_class_has_a_near_name() -> None:
    message = refusal(["good", "bad"], positive="goood")

    assert message == (
        "data.positive: the target has no class 'goood'; its classes are 'bad', 'good'. "
        "Did you mean 'good'?"
    )


def test_only_a_binary_target_has_a_positive_class() -> None:
    assert "only a binary target has a positive class" in refusal(["a", "b", "c"], positive="a")


def test_rows_without_an_answer_are_left_out_and_counted() -> None:
    dataset = build(["a", None, "b", "", "?", "a"])

    assert dataset.X[:, 0].tolist() == [0, 2, 5]
    assert dataset.notices == ("3 rows without a value of the target 'label' left out",)


def test_row_numbers_in_errors_count_the_rows_that_were_left_out() -> None:
    arrays = {
        "x": pa.array(["1", "2", "3", "inf"]),
        "label": pa.array(["a", None, "b", "a"]),
    }
    spec = load_spec({"name": "t", "data": {"path": "t.csv", "target": "label"}, "seed": 0})

    with pytest.raises(DataError, match="'x' is infinite in row 4"):
        build_dataset(Table("t", arrays), spec.data)


def test_classes_can_be_left_out() -> None:
    dataset = build(["a", "b", "c", "rare", "a"], drop_classes=["rare", "c"])

    assert dataset.classes == ("a", "b")
    assert dataset.X[:, 0].tolist() == [0, 1, 4]
    assert dataset.notices == (
        "class 'c' of 'label': 1 row left out (data.drop_classes)",
        "class 'rare' of 'label': 1 row left out (data.drop_classes)",
    )


def test_categories_that_only_left_out_rows_have_are_unknown() -> None:
    arrays = {"x": pa.array(["p", "q", "r", "p"]), "label": pa.array(["a", "b", None, "a"])}
    spec = load_spec({"name": "t", "data": {"path": "t.csv", "target": "label"}, "seed": 0})

    assert build_dataset(Table("t", arrays), spec.data).columns[0].categories == ("", "p", "q")


@pytest.mark.parametrize(
    ("answers", "changes", "message"),
    [
        ([None, None, ""], {}, "'label' is missing in all rows"),
        ([np.nan, np.nan], {}, "'label' is missing in all rows"),
        (["a", None, None], {}, "'label' has a value in one row only"),
        (["a", "a", "a"], {}, "'label' has one class, 'a', in all rows"),
        ([1, 1, 1], {}, "'label' has one class, 1, in all rows"),
        ([0.5, 0.5], {}, "'label' is 0.5 in all rows"),
        ([1, 1], {"task": "regression"}, "'label' is 1 in all rows"),
        (["a", "b", "a"], {"drop_classes": ["b"]}, "has one class, 'a'"),
        (["a", "b"], {"drop_classes": ["a", "b"]}, "data.drop_classes: leaves no class"),
        (["a", "b"], {"drop_classes": ["bb"]}, "no class 'bb'; its classes are 'a', 'b'"),
        (["a", "b", "c"], {"task": "binary"}, "data.task: binary, but 'label' has 3 classes"),
        (["a", "b"], {"task": "multiclass"}, "multiclass, but 'label' has two classes"),
        (["low", "high"], {"task": "regression"}, "is numeric, but has 'low' (row 1)"),
        ([0.5, np.inf, 1.5], {}, "'label' is infinite in row 2"),
        (["2024-01-01", "2024-01-02"], {}, "holds dates, which can't be predicted"),
        ([0.5, 1.5], {"positive": 1}, "data.positive: 1, but 'label' is a quantity"),
        ([0.5, 1.5], {"drop_classes": [1]}, "data.drop_classes: (1,), but 'label' is a quantity"),
        ([f"name {i}" for i in range(200)], {}, "Set data.task to say what it is"),
        (list(range(1500)), {"task": "multiclass"}, "has 1,500 classes; at most 1,000"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_refused(
    answers: Any, changes: dict[str, Any], message: str
) -> None:
    assert message in refusal(answers, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "lable"}, r"data\.target: no column 'lable'.*Did you mean 'label'\?"),
        ({"target": None}, r"data\.target: required; the columns of 't' are 'x', 'label'"),
        ({"drop": ["y"]}, r"data\.drop: no column 'y'"),
        ({"groups": "y"}, r"data\.groups: no column 'y'"),
        ({"time": "y"}, r"data\.time: no column 'y'"),
        ({"kinds": {"y": "date"}}, r"data\.kinds: no column 'y'"),
    ],
)
def test_columns_that_are_not_there_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        build(["a", "b"], **changes)


def test_groups_are_codes_and_no_feature() -> None:
    arrays = {
        "x": pa.array([1, 2, 3, 4]),
        "patient": pa.array(["q", "p", "q", "p"]),
        "label": pa.array(["a", "b", "a", "b"]),
    }
    spec = load_spec(
        {"name": "t", "data": {"path": "t", "target": "label", "groups": "patient"}, "seed": 0}
    )

    dataset = build_dataset(Table("t", arrays), spec.data)

    assert dataset.groups is not None
    assert dataset.groups.tolist() == [1, 0, 1, 0]
    assert [column.name for column in dataset.columns] == ["x"]


def times_of(arrays: dict[str, Any], time: Any, **changes: Any) -> Dataset:
    table = Table("t", {**arrays, "label": pa.array(["a", "b", "a"])})
    data = {"path": "t", "target": "label", "time": time, **changes}
    return build_dataset(table, load_spec({"name": "t", "data": data, "seed": 0}).data)


def test_one_column_of_times_keeps_its_values_and_is_a_feature() -> None:
    arrays = {"x": pa.array([1, 2, 3]), "day": pa.array(["1970-01-03", "1970-01-01", "1970-01-02"])}

    dataset = times_of(arrays, "day")

    assert dataset.times is not None
    assert dataset.times.tolist() == [2, 0, 1]
    assert [column.name for column in dataset.columns] == ["x", "day"]
    assert "'day' orders the rows and is a feature too" in dataset.notices[0]


def test_a_dropped_column_still_orders_the_rows() -> None:
    arrays = {"x": pa.array([1, 2, 3]), "day": pa.array([3, 1, 2])}

    dataset = times_of(arrays, "day", drop=["day"])

    assert dataset.times is not None
    assert dataset.times.tolist() == [3, 1, 2]
    assert [column.name for column in dataset.columns] == ["x"]
    assert dataset.notices == ()


def test_several_columns_of_times_order_from_coarse_to_fine() -> None:
    arrays = {"year": pa.array([2011, 2010, 2010]), "month": pa.array([1, 12, 2])}

    dataset = times_of(arrays, ["year", "month"])

    assert dataset.times is not None
    assert dataset.times.tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("arrays", "changes", "message"),
    [
        ({"t": pa.array([1, None, 3])}, {"time": "t"}, "'t' is missing in row 2; every row"),
        ({"t": pa.array(["a", "b", "c"])}, {"time": "t"}, "'t' is categorical; rows are ordered"),
        ({"g": pa.array(["a", None, None])}, {"groups": "g"}, "missing in row 2 and 1 more"),
        ({"g": pa.array(["a", "a", "a"])}, {"groups": "g"}, "'g' is 'a' in all rows: one group"),
    ],
)
def test_groups_and_times_must_be_complete_and_different(
    arrays: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        times_of({"x": pa.array([1, 2, 3]), **arrays}, **{"time": None, **changes})
