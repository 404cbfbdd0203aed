"""One configuration as an estimator, without Ray."""

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_estimator,
)

from searcher.estimator import ConfiguredModel
from tests.searcher.estimator.frames import make_answers, make_frame


@pytest.mark.parametrize(
    "model",
    [
        ConfiguredModel("decision_tree"),
        ConfiguredModel("logistic_regression", task="classification"),
        ConfiguredModel("ridge", task="regression"),
    ],
    ids=lambda model: model.family,
)
def test_scikit_learns_checks_pass(model: ConfiguredModel) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # checks of what is not installed are skipped with one
        results = check_estimator(model, on_fail=None, on_skip=None)

    found = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert found == {}
    skipped = {r["check_name"] for r in results if r["status"] == "skipped"}
    assert all("array_api" in name for name in skipped)
    assert sum(r["status"] == "passed" for r in results) >= 39


def test_names_of_columns_are_held_to() -> None:
    check_dataframe_column_names_consistency("ConfiguredModel", ConfiguredModel("decision_tree"))


@pytest.mark.parametrize("family", ["logistic_regression", "decision_tree"])
def test_a_frame_of_many_types_is_learnt_and_strange_cells_are_answered(family: str) -> None:
    frame = make_frame()
    y = make_answers(frame)

    model = ConfiguredModel(family).fit(frame, y)

    assert model.classes_.tolist() == ["no", "yes"]
    assert model.score(frame, y) > 0.75
    assert model.feature_names_in_.tolist() == list(frame.columns)
    assert model.notices_ == ("column 'constant' is the same in all rows: left out",)
    strange = frame.assign(colour="violet", size=np.nan)
    assert np.allclose(model.predict_proba(strange).sum(axis=1), 1)
    assert set(model.predict(strange)) <= {"no", "yes"}


def test_words_of_texts_that_were_not_there_at_the_fit_count() -> None:
    rng = np.random.default_rng(3)
    words = np.array(["good", "bad", "film", "story", "actor", "scene", "light", "sound"])
    texts = [" ".join(rng.choice(words, 6)) for _ in range(200)]
    y = np.array([text.count("good") > text.count("bad") for text in texts])
    model = ConfiguredModel("logistic_regression")

    model.fit(pd.DataFrame({"review": texts}), y)

    assert model.model_.profile.columns[0].kind == "text"
    new = pd.DataFrame({"review": ["good good good film never seen", "bad bad bad film unseen"]})
    assert model.predict(new).tolist() == [True, False]


@pytest.mark.parametrize(
    ("y", "dtype"),
    [
        (np.array(["b", "a"] * 20), "U"),
        (np.array(["b", "a"] * 20, dtype=object), "O"),
        (np.array([True, False] * 20), "b"),
        (np.array([7, 3] * 20, dtype=np.int8), "i"),
        (np.array([1.0, -1.0] * 20), "f"),
        (pd.Series(["b", "a"] * 20, dtype="category"), "O"),
    ],
)
def test_answers_come_back_as_they_were_given(y: Any, dtype: str) -> None:
    X = np.array([[1.0, 2.0], [3.0, 5.0]] * 20)

    model = ConfiguredModel("decision_tree").fit(X, y)

    assert np.array_equal(model.predict(X), np.asarray(y))
    assert model.classes_.dtype.kind in (dtype, "T")  # pandas' own strings come as such


def test_the_task_decides_what_it_is() -> None:
    auto, regressor = ConfiguredModel("ridge"), ConfiguredModel("ridge", task="regression")

    assert (is_classifier(auto), is_regressor(auto)) == (False, False)
    assert is_regressor(regressor)
    assert not hasattr(regressor, "predict_proba")
    auto.fit(np.arange(50.0)[:, None], np.arange(50) / 7)
    assert is_regressor(auto)
    assert not hasattr(auto, "predict_proba")
    assert is_classifier(ConfiguredModel("decision_tree").fit([[1], [2], [3], [4]], list("abab")))


def test_a_refit_on_other_answers_forgets_the_first() -> None:
    model = ConfiguredModel("decision_tree").fit(np.arange(40.0)[:, None], ["a", "b"] * 20)

    model.fit(np.arange(40.0)[:, None], np.arange(40) / 3)

    assert not hasattr(model, "classes_")
    assert model.task_ == "regression"


def test_the_same_seed_gives_the_same_model_and_pickling_keeps_it() -> None:
    frame = make_frame()
    model = ConfiguredModel("random_forest", random_state=4).fit(frame, make_answers(frame))

    again = clone(model).fit(frame, make_answers(frame))
    loaded = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own

    for other in (again, loaded):
        assert np.array_equal(other.predict_proba(frame), model.predict_proba(frame))


def test_it_works_in_pipelines_and_cross_validation() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    model = ConfiguredModel("logistic_regression", task="classification")

    scores = cross_val_score(make_pipeline(StandardScaler(), model), X, X[:, 0] > 0, cv=3)

    assert scores.mean() > 0.9


def test_an_unknown_task_and_an_unfitted_model_are_refused() -> None:
    with pytest.raises(ValueError, match="task must be 'auto'"):
        ConfiguredModel("dummy", task="regresion").fit([[1], [2]], [1, 2])
    with pytest.raises(NotFittedError):
        ConfiguredModel("dummy").predict([[1]])


def test_the_onnx_file_answers_like_the_model(tmp_path: Path) -> None:
    from searcher.export.predict import predict_rows

    frame = make_frame()
    frame["joined"] = frame["joined"].astype(str)  # as the csv file has them
    model = ConfiguredModel("decision_tree").fit(frame, make_answers(frame))
    frame.to_csv(tmp_path / "rows.csv", index=False)

    path = model.export_onnx(tmp_path / "model.onnx", frame)

    predicted = predict_rows(path, tmp_path / "rows.csv")
    assert list(predicted.labels) == model.predict(frame).tolist()
