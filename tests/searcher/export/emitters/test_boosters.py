"""Each library's trees, kind by kind: the file answers what the library answers."""

import lightgbm
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier, XGBRegressor

from search_spaces.estimators import boosted
from searcher.errors import ExportError
from tests.searcher.export.feature_level import answer, make_features, nasty_rows, to_graph

TASKS = ("binary", "multiclass", "regression")
ROUNDING = {"xgboost": 4 * 2**-23}  # a few float32 ulps; what else computes in float64
TIGHT = 1e-12

pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")

LGBM = {
    **{"n_estimators": 25, "verbosity": -1, "n_jobs": 1, "random_state": 0},
    **{"min_child_samples": 5, "min_data_per_group": 5, "deterministic": True},
}
BAGGED = {**LGBM, "subsample": 0.7, "subsample_freq": 1}
HIST = {"max_iter": 25, "min_samples_leaf": 5, "random_state": 0, "early_stopping": False}
XGB = {"n_estimators": 25, "n_jobs": 1, "random_state": 0}
DART = {**XGB, "booster": "dart", "rate_drop": 0.3, "skip_drop": 0.3}

KINDS = {
    "tree": (DecisionTreeClassifier, DecisionTreeRegressor, {"random_state": 0}),
    "extra trees": (
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        {"n_estimators": 12, "random_state": 0},
    ),
    "gradient boosting": (
        GradientBoostingClassifier,
        GradientBoostingRegressor,
        {"n_estimators": 25, "subsample": 0.7, "random_state": 0},
    ),
    "from zero": (
        GradientBoostingClassifier,
        GradientBoostingRegressor,
        {"n_estimators": 5, "init": "zero", "random_state": 0},
    ),
    "hist": (HistGradientBoostingClassifier, HistGradientBoostingRegressor, HIST),
    "lightgbm gbdt": (lightgbm.LGBMClassifier, lightgbm.LGBMRegressor, BAGGED),
    "lightgbm goss": (
        lightgbm.LGBMClassifier,
        lightgbm.LGBMRegressor,
        {**LGBM, "data_sample_strategy": "goss"},
    ),
    "lightgbm dart": (
        lightgbm.LGBMClassifier,
        lightgbm.LGBMRegressor,
        {**LGBM, "boosting_type": "dart", "drop_rate": 0.3},
    ),
    "lightgbm rf": (
        lightgbm.LGBMClassifier,
        lightgbm.LGBMRegressor,
        {**BAGGED, "boosting_type": "rf"},
    ),
    "xgboost": (XGBClassifier, XGBRegressor, XGB),
    "xgboost dart": (XGBClassifier, XGBRegressor, DART),
    "xgboost one-hot": (XGBClassifier, XGBRegressor, {**XGB, "max_cat_to_onehot": 100}),
}  # fmt: skip
NATIVE = ("hist", *(k for k in KINDS if k.startswith(("lightgbm", "xgboost"))))


@pytest.fixture(autouse=True)
def _one_thread():
    """Let scikit-learn's histograms not wait for threads that others keep busy."""
    with threadpool_limits(1, user_api="openmp"):
        yield


def make(kind, task):
    classifier, regressor, settings = KINDS[kind]
    return (regressor if task == "regression" else classifier)(**settings)


def check(estimator, X, y, task, *, dtype, categoricals=0, threads=(1,), finite=False):
    """Fit, translate, and compare on rows that are hard to get right."""
    estimator = clone(estimator).fit(X.astype(dtype), y)
    proto = to_graph(estimator, X.shape[1], task, dtype)
    rows = nasty_rows(X, proto, categoricals=categoricals).astype(dtype)
    rows = rows[np.isfinite(rows).all(axis=1)] if finite else rows
    library = type(getattr(estimator, "estimator", estimator)).__module__.partition(".")[0]
    tolerance = ROUNDING.get(library, TIGHT)
    for count in threads:
        got = answer(proto, rows, threads=count)
        if task == "regression":
            np.testing.assert_array_equal(got["out"], estimator.predict(rows))
        else:
            np.testing.assert_array_equal(got["label"], estimator.predict(rows))
            probabilities = estimator.predict_proba(rows)
            np.testing.assert_allclose(got["out"], probabilities, rtol=tolerance, atol=0)
    return estimator, proto


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_library_and_its_file_agree_on_thresholds_and_missing_values(kind, task):
    takes_gaps = kind not in {"gradient boosting", "from zero"}
    X, y = make_features(task, missing=0.1 if takes_gaps else 0.0)

    check(make(kind, task), X, y, task, dtype="float64", finite=not takes_gaps)


@pytest.mark.parametrize("missing", [0.1, 0.0])
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("kind", NATIVE)
def test_splits_by_categories_agree_on_any_category(kind, task, missing):
    X, y = make_features(task, categoricals=3, missing=missing)
    estimator = boosted(make(kind, task), seed=0, n_categoricals=3)

    _, proto = check(estimator, X, y, task, dtype="float64", categoricals=3)

    names = {entry.name for node in proto.graph.node for entry in node.attribute}
    assert "membership_values" in names


STOPPED_AT = {
    "gradient boosting": lambda booster: booster.n_estimators_,
    "hist": lambda booster: booster.n_iter_,
    "lightgbm gbdt": lambda booster: booster.best_iteration_,
    "xgboost": lambda booster: booster.best_iteration + 1,
}


@pytest.mark.parametrize("kind", STOPPED_AT)
@pytest.mark.parametrize("task", TASKS)
def test_early_stopped_and_weighted_boosters_agree(kind, task):
    categoricals = 3 if kind in NATIVE else 0
    X, y = make_features(task, categoricals=categoricals, missing=0.0)
    rounds = "max_iter" if kind == "hist" else "n_estimators"
    estimator = boosted(
        make(kind, task).set_params(learning_rate=0.4, **{rounds: 80}),
        seed=0,
        stop_after=2,
        n_categoricals=categoricals,
        class_weight="none" if task == "regression" else "balanced",
    )

    fitted, _ = check(
        estimator, X, y, task, dtype="float64", categoricals=categoricals, finite=not categoricals
    )

    assert STOPPED_AT[kind](fitted.estimator_) < 80


@pytest.mark.parametrize("kind", ["lightgbm gbdt", "xgboost dart", "hist", "extra trees"])
def test_threads_change_nothing(kind):
    X, y = make_features("multiclass")

    check(make(kind, "multiclass"), X, y, "multiclass", dtype="float64", threads=(1, 2, 4))


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "hist"])
def test_features_in_float32_arrays_are_the_same_features(kind):
    X, y = make_features("binary", missing=0.0)
    estimator = make(kind, "binary").fit(X.astype(np.float32), y)

    narrow = answer(to_graph(estimator, X.shape[1], "binary", "float32"), X.astype(np.float32))

    wide = answer(to_graph(estimator, X.shape[1], "binary", "float64"), X)
    np.testing.assert_array_equal(narrow["out"], wide["out"])


@pytest.mark.parametrize("n", [0, 1, 7])
@pytest.mark.parametrize("kind", KINDS)
def test_batches_of_any_size_get_as_many_answers(kind, n):
    X, y = make_features("multiclass", missing=0.0)
    estimator = make(kind, "multiclass").fit(X, y)

    got = answer(to_graph(estimator, X.shape[1], "multiclass", "float64"), X[:n])

    assert got["out"].shape == (n, 4)
    assert got["label"].shape == (n,)


def test_zero_as_missing_and_thresholds_beside_zero_agree():
    """LightGBM reads up to 1e-35 as zero, and has thresholds of exactly that."""
    X, y = make_features("binary")
    for changes in ({"zero_as_missing": True}, {"use_missing": False}):
        estimator = lightgbm.LGBMClassifier(**LGBM, **changes)

        check(estimator, X, y, "binary", dtype="float64")


def test_a_tie_gets_the_label_of_the_library():
    """All rows alike and half of them of each class: raw scores of 0, probabilities of 1/2."""
    X, y = np.zeros((40, 1)), np.arange(40) % 2
    hist = HistGradientBoostingClassifier(early_stopping=False, max_iter=3)
    boosting = GradientBoostingClassifier(n_estimators=3)
    lgbm = lightgbm.LGBMClassifier(**LGBM)

    labels = []
    for estimator in (hist, boosting, lgbm, XGBClassifier(**XGB)):
        fitted = estimator.fit(X, y)
        got = answer(to_graph(fitted, 1, "binary", "float64"), X[:1])
        labels.append((int(got["label"][0]), int(fitted.predict(X[:1])[0])))

    assert all(ours == theirs for ours, theirs in labels)
    assert [theirs for _, theirs in labels[:2]] == [0, 1]  # above 0; from 0 on


def test_hist_categories_with_gaps_between_their_codes_agree():
    X, y = make_features("binary")
    X = np.column_stack([X, 7.0 * (np.arange(len(X)) % 5)])  # codes 0, 7, ..., 28, not first
    y = (y + (np.arange(len(X)) % 5 == 2)) % 2
    estimator = HistGradientBoostingClassifier(**HIST, categorical_features=[4]).fit(X, y)
    proto = to_graph(estimator, 5, "binary", "float64")
    rows = np.repeat(X, 3, axis=0)
    rows[:, 4] = np.resize([0, 1, 7, 14, 20, 21, 28, 35, np.nan, -1, 300], len(rows))

    got = answer(proto, rows)

    np.testing.assert_array_equal(got["label"], estimator.predict(rows))
    np.testing.assert_allclose(got["out"], estimator.predict_proba(rows), rtol=TIGHT)


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (lightgbm.LGBMRegressor(**LGBM, linear_tree=True), "linear_tree"),
        (lightgbm.LGBMRegressor(**LGBM, objective="poisson"), "objective 'poisson'"),
        (lightgbm.LGBMRegressor(**LGBM, reg_sqrt=True), "objective 'regression sqrt'"),
        (HistGradientBoostingRegressor(loss="poisson", max_iter=2), "loss 'poisson'"),
        (
            GradientBoostingRegressor(init=LinearRegression(), n_estimators=2),
            "starts from a LinearRegression",
        ),
        (XGBRegressor(**XGB, booster="gblinear"), "booster 'gblinear'"),
        (XGBRegressor(**XGB, objective="count:poisson"), "objective 'count:poisson'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.filterwarnings("ignore")
def test_what_is_not_exact_is_refused_by_name(estimator, reason):
    X, y = make_features("regression", missing=0.0)
    estimator.fit(X, y - y.min() + 1)

    with pytest.raises(ExportError, match=reason):
        to_graph(estimator, X.shape[1], "regression", "float64")


def test_a_classifier_of_another_loss_is_refused_by_name():
    X, y = make_features("binary", missing=0.0)
    estimator = GradientBoostingClassifier(loss="exponential", n_estimators=2).fit(X, y)

    with pytest.raises(ExportError, match="loss 'exponential'"):
        to_graph(estimator, X.shape[1], "binary", "float64")


def test_category_codes_that_are_not_whole_are_refused_by_name():
    X, y = make_features("binary", missing=0.0)
    X[:, 0] = np.arange(len(X)) % 3 - 0.5
    estimator = HistGradientBoostingClassifier(**HIST, categorical_features=[0]).fit(X, y)

    with pytest.raises(ExportError, match=r"category codes \[-0.5, 0.5, 1.5\]"):
        to_graph(estimator, X.shape[1], "binary", "float64")
