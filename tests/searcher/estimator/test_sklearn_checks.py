"""scikit-learn's own checks of the nested search, on a warm local Ray.

``benchmarks.sklearn_checks`` runs all of them with default arguments and for either task.
"""

import warnings

import pytest
from sklearn.utils import estimator_checks

from searcher import NestedSearchCV

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.usefixtures("one_worker")]


@pytest.mark.timeout(1800)  # some thirty searches
def test_check_estimator_accepts_it() -> None:
    search = NestedSearchCV(trials=3, inner=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # checks of what is not installed are skipped with one
        results = estimator_checks.check_estimator(search, on_fail=None, on_skip=None)

    found = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert found == {}
    skipped = {r["check_name"] for r in results if r["status"] == "skipped"}
    assert all("array_api" in name for name in skipped)
    assert sum(r["status"] == "passed" for r in results) >= 39


@pytest.mark.parametrize(
    ("task", "check"),
    [
        ("classification", "check_classifiers_regression_target"),
        ("classification", "check_classifiers_one_label"),
        ("classification", "check_supervised_y_2d"),
        ("regression", "check_regressors_int"),
        ("regression", "check_regressors_no_decision_function"),
    ],
)
def test_checks_of_classifiers_and_regressors_pass(task: str, check: str) -> None:
    # The others of them fit up to ten times.
    search = NestedSearchCV(task=task, trials=3, outer=2, inner=2)

    getattr(estimator_checks, check)("NestedSearchCV", search)
