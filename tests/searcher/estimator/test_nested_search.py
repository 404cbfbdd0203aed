"""The nested search as an estimator, on a real Ray; after scikit-learn's own search tests.

Claims from scikit-learn 1.9, ``model_selection/tests/test_search.py`` (BSD-3-Clause, the
scikit-learn developers), where they apply: ``test_grid_search``, ``test_grid_search_score_method``,
``test_grid_search_groups``, ``test_classes__property``, ``test_grid_search_error``,
``test_grid_search_one_grid_point``, ``test_pandas_input``, ``test_X_as_list``, ``test_pickle``,
``test_predict_proba_disabled``, ``test_grid_search_failing_classifier``,
``test_grid_search_correct_score_results``, ``test_search_cv_timing``, ``check_cv_results_keys``,
``test_search_cv_results_none_param``, ``test_unsupported_sample_weight_scorer``.
"""

import os
import pickle
import signal
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.datasets import make_regression
from sklearn.exceptions import NotFittedError
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from searcher import NestedSearchCV, Store
from searcher.errors import StoreError
from tests.searcher.estimator.frames import make_answers, make_frame

pytestmark = [pytest.mark.ray, pytest.mark.usefixtures("ray_session")]

BROKEN = "tests.searcher.preflight.training.broken"
TROUBLED = "tests.searcher.tuning.troubled_families"


def quick(*arguments: Any, **changes: Any) -> NestedSearchCV:
    return NestedSearchCV(*arguments, **{"trials": 4, "outer": 2, "inner": 2} | changes)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('searches')}/store.db"


@pytest.fixture(scope="module")
def searched(ray_session: object, url: str) -> NestedSearchCV:
    """A classification of rows of many types, by two metrics, kept in a store."""
    frame = make_frame()
    search = quick(trials=6, scoring=["accuracy", "balanced_accuracy"], store=url)
    return search.fit(frame, make_answers(frame))


@pytest.fixture(scope="module")
def regression(ray_session: object) -> tuple[NestedSearchCV, np.ndarray, np.ndarray, np.ndarray]:
    """A regression of groups, as lists."""
    X, y = make_regression(60, 3, noise=1.0, random_state=0)
    groups = np.repeat(list("abcdef"), 10)
    search = quick(["ridge"], random_state=5).fit(X.tolist(), y.tolist(), groups)
    return search, X, y, groups


def test_a_search_is_judged_by_outer_folds_and_fitted_on_all_rows(searched: Any) -> None:
    frame = make_frame()
    y = make_answers(frame)

    assert searched.outer_scores_.shape == (2,)
    low, high = searched.outer_interval_
    assert low <= searched.outer_scores_.mean() <= high
    assert np.isfinite(searched.optimism_)
    assert searched.classes_.tolist() == ["no", "yes"]
    assert searched.task_ == "binary"
    assert searched.n_features_in_ == 6
    assert searched.feature_names_in_.tolist() == list(frame.columns)
    assert accuracy_score(y, searched.predict(frame)) > 0.7
    assert searched.predict_proba(frame).shape == (90, 2)
    assert is_classifier(searched)


def test_the_best_trial_is_a_row_of_the_results(searched: Any) -> None:
    results, best = searched.cv_results_, searched.best_index_

    assert searched.multimetric_
    assert searched.n_splits_ == 2
    assert results["params"][best] == searched.best_params_
    assert results["rank_test_accuracy"][best] == 1
    splits = [results[f"split{i}_test_accuracy"][best] for i in range(2)]
    assert searched.best_score_ == pytest.approx(np.mean(splits))
    assert results["mean_test_accuracy"][best] == pytest.approx(searched.best_score_)
    assert (results["mean_fit_time"] > 0).all()
    assert results["origin"].tolist() == ["dummy", "default", "default"] + 3 * ["strategy"]
    assert np.isfinite(results["mean_test_balanced_accuracy"]).all()


def test_score_is_the_first_metric(searched: Any) -> None:
    frame = make_frame()
    y = make_answers(frame)
    predicted = searched.predict(frame)

    assert searched.score(frame, y) == accuracy_score(y, predicted)
    balanced = searched.scorer_["balanced_accuracy"](searched, frame, y)
    assert balanced == balanced_accuracy_score(y, predicted)


def test_the_best_estimator_is_one_that_can_be_fitted_again(searched: Any) -> None:
    frame = make_frame()
    best = searched.best_estimator_

    again = clone(best).fit(frame, make_answers(frame))

    assert {"family": best.family, **best.configuration} == searched.best_params_
    np.testing.assert_allclose(again.predict_proba(frame), searched.predict_proba(frame))


def test_the_store_has_the_search_and_says_the_same(searched: Any, url: str) -> None:
    with Store(url) as store:
        found = store.search(searched.search_id_)

    assert found.state == "completed"
    assert found.outer_scores == tuple(searched.outer_scores_)
    assert found.best_configuration == searched.best_params_
    assert sum(found.trials.values()) == 3 * 6


def test_a_pickled_search_answers_the_same_and_a_clone_is_not_fitted(searched: Any) -> None:
    frame = make_frame()

    loaded = pickle.loads(pickle.dumps(searched))  # noqa: S301 - our own

    assert np.array_equal(loaded.predict(frame), searched.predict(frame))
    assert loaded.cv_results_["params"] == searched.cv_results_["params"]
    copied = clone(searched)
    assert copied.get_params() == searched.get_params()
    with pytest.raises(NotFittedError):
        copied.predict(frame)
    assert not hasattr(copied, "n_features_in_")


def test_the_winner_can_be_written_as_onnx(searched: Any, tmp_path: Path) -> None:
    path = searched.export_onnx(tmp_path / "model.onnx", make_frame())

    assert path.stat().st_size > 0


def test_a_regression_of_groups_by_r2(regression: Any) -> None:
    search, X, y, _ = regression

    assert search.score(X, y) > 0.95
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()
    assert search.task_ == "regression"
    assert not hasattr(search, "predict_proba")
    assert not hasattr(search, "classes_")
    assert not search.multimetric_
    assert search.best_params_["family"] == "ridge"


def test_the_same_seed_gives_the_same_search_whichever_worker_is_first(regression: Any) -> None:
    search, X, y, groups = regression

    again = clone(search).fit(X, y, groups)

    assert again.cv_results_["params"] == search.cv_results_["params"]
    assert np.array_equal(again.outer_scores_, search.outer_scores_)
    assert np.array_equal(again.predict(X), search.predict(X))


def test_it_works_in_a_pipeline_is_cross_validated_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 3))
    search = quick(["logistic_regression"], task="classification", trials=3)

    scores = cross_val_score(make_pipeline(MinMaxScaler(), search), X, X[:, 0] > 0, cv=2)

    assert scores.shape == (2,)
    assert scores.mean() > 0.8
    assert list(tmp_path.iterdir()) == []


def test_a_family_that_fails_has_no_score_and_the_last_rank() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    search = quick([f"{TROUBLED}:Raises", "ridge"], trials=3)

    search.fit(X, X[:, 0])

    results = search.cv_results_
    failed = results["state"] == "failed"
    assert failed.tolist() == [False, True, False]
    assert np.isnan(results["mean_test_score"][failed]).all()
    assert results["rank_test_score"][failed].tolist() == [3]
    assert search.best_params_["family"] == "ridge"


def test_networks_that_can_not_be_trained_are_refused_unless_they_are_not_tried(
    tmp_path: Path,
) -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    store = f"sqlite:///{tmp_path}/no/such/folder.db"  # what comes next is that it is missing
    search = quick([f"{BROKEN}:FlawedFirst"], trials=2, store=store)

    with pytest.raises(ValueError, match="its default configuration can't be trained"):
        search.fit(X, X[:, 0] > 0)
    with pytest.raises(StoreError):
        search.set_params(try_training=False).fit(X, X[:, 0] > 0)


def test_a_fit_that_is_refused_leaves_nothing_of_an_earlier_one(regression: Any) -> None:
    search = pickle.loads(pickle.dumps(regression[0]))  # noqa: S301 - our own

    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        search.fit(np.ones((4, 2)), [1.5, 2.5])

    with pytest.raises(NotFittedError):
        search.predict(np.ones((4, 2)))
    assert not hasattr(search, "outer_scores_")


def test_an_interrupted_fit_is_an_interrupt_and_the_store_says_so(tmp_path: Path) -> None:
    # A SearcherError would be one failed fit to cross_val_score, which would go on.
    url = f"sqlite:///{tmp_path}/store.db"

    over = threading.Event()

    def interrupt() -> None:
        while not over.wait(0.1):
            if _has_trials(url):
                os.kill(os.getpid(), signal.SIGINT)
                return

    waiting = threading.Thread(target=interrupt)
    waiting.start()
    X = np.random.default_rng(0).normal(size=(60, 3))
    try:
        with pytest.raises(KeyboardInterrupt):
            quick(["decision_tree"], trials=2000, store=url).fit(X, X[:, 0] > 0)
    finally:
        over.set()
        waiting.join()

    with Store(url) as store:
        (found,) = store.searches()
    assert found.state == "interrupted"


def _has_trials(url: str) -> bool:
    try:
        with Store(url) as store:
            return any(found.trials["completed"] for found in store.searches())
    except StoreError:  # not there yet
        return False
