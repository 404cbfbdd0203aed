"""How rows and answers become a dataset."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import DataConversionWarning

from searcher.errors import DataError
from searcher.estimator import ConfiguredModel
from searcher.estimator.rows import Answers, check_rows, read_answers, read_dataset
from tests.searcher.estimator.frames import make_answers, make_frame

MODEL = ConfiguredModel("dummy")
X = np.arange(12.0).reshape(6, 2)


def answers(y: object, wanted: str = "auto") -> Answers:
    return read_answers(MODEL, y, wanted=wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("y", "task", "names"),
    [
        (["b", "a", "b"], "binary", ("a", "b")),
        ([True, False, True], "binary", ("False", "True")),
        ([0.0, 2.0, 1.0], "multiclass", (0, 1, 2)),
        ([3, 1, 3], "binary", (1, 3)),
        ([0.5, 1.0, 2.0], "regression", ()),
        (list(range(21)), "regression", ()),
    ],
)
def test_what_is_learnt_follows_from_the_answers(
    y: list[object], task: str, names: tuple[object, ...]
) -> None:
    found = answers(y)

    assert (found.task, found.names) == (task, names)
    if found.classes is not None:
        assert np.array_equal(found.classes[found.values], np.asarray(y))


def test_a_wanted_task_overrules_what_the_answers_look_like() -> None:
    assert answers([0, 1, 1], "regression").task == "regression"
    assert answers(list(range(21)) * 2, "classification").task == "multiclass"


@pytest.mark.parametrize(
    ("y", "wanted", "message"),
    [
        (None, "auto", "requires y to be passed, but the target y is None"),
        ([[1, 2], [3, 4]], "auto", "y should be a 1d array"),
        ([1.0, np.nan], "auto", "Input y contains NaN"),
        ([1.0, np.inf], "auto", "Input y contains infinity"),
        (["a", None], "auto", "Input y contains None"),
        ([0.5, 1.5, 2.5], "classification", "Unknown label type: continuous"),
        ([1j, 2j], "regression", "Complex data not supported"),
        (["a", "b"], "regression", "could not convert string to float"),
    ],
)
def test_answers_that_cannot_be_used_are_refused(y: object, wanted: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        answers(y, wanted)


def test_a_column_of_answers_is_flattened_with_sklearns_warning() -> None:
    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        assert answers([[1], [2], [1]]).values.shape == (3,)


def test_a_frame_keeps_its_types() -> None:
    frame = make_frame()
    y = make_answers(frame)

    data = read_dataset(check_rows(MODEL, frame, reset=True), y, answers(y))

    kinds = {column.name: column.kind for column in data.columns}
    assert kinds == {
        "size": "numeric",
        "colour": "categorical",
        "grade": "categorical",  # numbers, but pandas says that they are categories
        "member": "boolean",
        "joined": "date",
    }
    assert data.columns[2].categories == ("", "1", "2", "3")
    assert np.isnan(data.X[:5, 0]).all()
    assert data.target == "bought"
    assert data.notices == ("column 'constant' is the same in all rows: left out",)


def test_equal_rows_have_equal_fingerprints_and_groups_are_part_of_them() -> None:
    y = [0, 1, 0, 1, 0, 1]

    first, again = (read_dataset(X, y, answers(y)) for _ in range(2))
    grouped = read_dataset(X, y, answers(y), groups=list("aabbcc"))

    assert first.fingerprint == again.fingerprint != grouped.fingerprint
    assert grouped.groups is not None
    assert grouped.groups.tolist() == [0, 0, 1, 1, 2, 2]


def test_a_target_never_has_the_name_of_a_column() -> None:
    frame = pd.DataFrame({"y": range(6), "y_": range(6)})
    y = [0, 1, 0, 1, 0, 1]

    assert read_dataset(frame, y, answers(y)).target == "y__"


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (sparse.csr_array(X), TypeError, "Sparse data was passed"),
        (np.full((6, 2), np.inf), ValueError, "contains infinity"),
        (X[:1], ValueError, "1 sample"),
        (X[:, :0], ValueError, "0 feature"),
        (X[:, 0], ValueError, "Expected 2D array"),
        ([["a", "b"]] * 6, ValueError, "not compatible with arrays of bytes/strings"),
        (make_frame(1), ValueError, "1 sample"),
        (make_frame(3)[[]], ValueError, "0 feature"),
    ],
)
def test_rows_that_cannot_be_used_are_refused_as_scikit_learn_does(
    rows: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        check_rows(ConfiguredModel("dummy"), rows, reset=True)


@pytest.mark.parametrize(
    ("rows", "y", "message"),
    [
        (X, [0] * 6, "y has one class in all rows"),
        (X, [0.5] * 6, "y has one value in all rows"),
        (X, [0, 1], "inconsistent numbers of samples"),
        (np.ones((6, 2)), [0, 1] * 3, "every column is constant"),
        (pd.DataFrame({"a": [1, np.inf, 0, 1, 0, 1.0]}), [0, 1] * 3, "'a' is infinite in row 2"),
        (pd.DataFrame({"a": [1, 2] * 3, 1: 0, "1": 2}), [0, 1] * 3, "'1' is there 2 times"),
    ],
)
def test_what_the_data_layer_refuses_is_a_value_error(
    rows: object, y: list[object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_dataset(rows, y, answers(y))


@pytest.mark.parametrize(("names", "message"), [(["a", "a"], "there 2 times"), ([" ", "b"], "no")])
def test_a_column_without_a_name_of_its_own_is_refused_not_lost(
    names: list[str], message: str
) -> None:
    frame = pd.DataFrame(np.arange(12.0).reshape(6, 2), columns=names)

    with pytest.raises(DataError, match=message):
        read_dataset(frame, [0, 1] * 3, answers([0, 1] * 3))
