import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import check_scoring
from xgboost import XGBClassifier

from searcher.fitting import WidenedClassifier, fit_estimator


def rows(present, n=60):
    rng = np.random.default_rng(0)
    y = rng.choice(present, n)
    return rng.normal(size=(n, 3)) + y[:, None], y


ESTIMATORS = {
    "logistic regression": LogisticRegression(),
    "forest": RandomForestClassifier(n_estimators=5, random_state=0),
    "xgboost, which refuses gaps": XGBClassifier(n_estimators=5, n_jobs=1),
}


@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=list(ESTIMATORS))
def test_a_class_never_seen_has_probability_zero_and_the_others_keep_their_codes(estimator):
    X, y = rows([0, 2, 3])

    fitted = fit_estimator(clone(estimator), X, y, n_classes=5)
    alone = clone(estimator).fit(X, np.searchsorted([0, 2, 3], y))

    probabilities = fitted.predict_proba(X)
    np.testing.assert_array_equal(probabilities[:, [0, 2, 3]], alone.predict_proba(X))
    np.testing.assert_array_equal(probabilities[:, [1, 4]], 0)
    np.testing.assert_array_equal(fitted.predict(X), np.array([0, 2, 3])[alone.predict(X)])
    assert list(fitted.classes_) == [0, 1, 2, 3, 4]


def test_a_widened_classifier_can_be_scored_on_classes_that_it_never_saw():
    X, y = rows([0, 2])
    fitted = fit_estimator(LogisticRegression(), X, y, n_classes=3)
    X_new, y_new = rows([0, 1, 2])

    scorer = check_scoring(scoring=["neg_log_loss", "roc_auc_ovr", "accuracy"], raise_exc=True)
    scores = scorer(fitted, X_new, y_new)

    assert all(np.isfinite(list(scores.values())))


def test_nothing_is_wrapped_around_an_estimator_that_saw_every_class():
    X, y = rows([0, 1, 2])

    assert type(fit_estimator(LogisticRegression(), X, y, n_classes=3)) is LogisticRegression
    assert type(fit_estimator(Ridge(), X, y.astype(float), n_classes=0)) is Ridge


def test_fitted_members_predict_on_one_thread_however_deep_they_are():
    forest = RandomForestClassifier(n_estimators=3, n_jobs=2, random_state=0)
    inner = VotingClassifier([("f", forest)], voting="soft", n_jobs=2)
    X, y = rows([0, 2])

    fitted = fit_estimator(StackingClassifier([("v", inner)], n_jobs=1), X, y, n_classes=3)

    assert isinstance(fitted, WidenedClassifier)
    voting = fitted.estimator.estimators_[0]
    assert voting.n_jobs == 1
    assert voting.estimators_[0].n_jobs == 1
