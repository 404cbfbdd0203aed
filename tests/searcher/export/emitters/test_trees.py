"""Trees are added in the library's order, so that no tie depends on threads or rounding."""

from fractions import Fraction

import numpy as np
import pytest
from onnx import TensorProto
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from xgboost import XGBClassifier, XGBRegressor

from search_spaces.columns import Column, Profile
from searcher.errors import ExportError
from searcher.export.emitters import trees
from searcher.export.graph import GraphBuilder
from tests.searcher.export.models import Data, export, fit, make_data, refit_with, run

ROUNDING = 2**-23
"""One float32 ulp of 1 + exp(-margin): what one of exp makes of a probability."""


def noise_data(n=3000, columns=4, seed=0, classes=("a", "b")):
    """Labels that nothing explains: forests of few trees are often undecided."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, columns))
    y = rng.integers(len(classes), size=n)
    names = tuple(Column(f"n{i}", "numeric") for i in range(columns))
    return Data(names, X, y, classes, "binary" if len(classes) == 2 else "multiclass")


def with_estimator(data, estimator):
    return refit_with(fit(data, "dummy"), data, estimator, "float32")


def assert_exact(model, X, threads=(1, 2, 4)):
    proto = export(model)
    for count in threads:
        got = run(proto, model, X, threads=count)
        if model.classes:
            labels = np.array(model.classes, dtype=object)[model.predict(X)]
            assert np.count_nonzero(got["label"] != labels) == 0, f"{count} threads"
            np.testing.assert_array_equal(got["probabilities"], model.predict_proba(X))
        else:
            np.testing.assert_array_equal(got["prediction"], model.predict(X))


def true_ties(forest, features):
    """Rows where the two classes are equally probable in exact arithmetic."""
    ties = np.zeros(len(features), dtype=bool)
    leaves = forest.apply(features)
    for row, path in enumerate(leaves):
        total = sum(
            Fraction(tree.tree_.value[leaf, 0, 0]).limit_denominator(10**6)
            for tree, leaf in zip(forest.estimators_, path, strict=True)
        )
        ties[row] = total * 2 == len(path)
    return ties


@pytest.mark.parametrize("min_samples_leaf", [1, 3])
def test_labels_of_undecided_rows_are_those_of_the_library_on_any_number_of_threads(
    min_samples_leaf,
):
    data = noise_data()
    forest = RandomForestClassifier(8, min_samples_leaf=min_samples_leaf, random_state=0)
    model = with_estimator(data, forest)
    X = data.X[300:]

    assert true_ties(model.estimator, model.features(X)).any()
    assert_exact(model, X)


def test_rounding_decides_undecided_rows_as_in_the_library():
    """Leaves of 1/3, 2/5, ... whose float64 sum depends on the order of the trees."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3, size=(300, 3)) * 1.0
    y = rng.integers(0, 2, size=300)
    columns = tuple(Column(f"n{i}", "numeric") for i in range(3))
    data = Data(columns, X, y, (0, 1), "binary")
    forest = RandomForestClassifier(n_estimators=100, max_features=1, random_state=0)
    model = with_estimator(data, forest)
    trees_backwards = model.estimator.estimators_[::-1]
    backwards = sum(tree.predict_proba(model.features(X))[:, 1] for tree in trees_backwards)

    assert np.any(backwards / 100 != model.predict_proba(X)[:, 1])
    assert_exact(model, X)


def test_more_trees_than_one_node_answers_are_added_in_order():
    data = make_data("multiclass")
    model = fit(data, "random_forest", n_estimators=300, max_depth=3, depth="limited")

    assert_exact(model, data.X)

    nodes = [node for node in export(model).graph.node if node.op_type == "TreeEnsemble"]
    assert len(nodes) == -(-300 // (trees.COLUMNS_PER_NODE // 4))


def test_extra_trees_are_exact():
    data = noise_data(classes=(5, 6, 7))

    assert_exact(with_estimator(data, ExtraTreesClassifier(30, random_state=0)), data.X)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_forest_without_a_split_is_exact(task):
    data = make_data(task)

    assert_exact(fit(data, "random_forest", min_samples_leaf=200), data.X)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize(
    "changes",
    [
        {"min_child_weight": 1e9},  # no tree has a split
        {"gamma": 50.0},  # some have none
        {"n_estimators": 1, "max_depth": 1},
        {"n_estimators": 150, "impute": "median"},
    ],
    ids=str,
)
def test_xgboost_is_exact_but_for_the_rounding_of_exp(task, changes):
    data = make_data(task)
    model = fit(data, "xgboost", **changes)
    X = np.concatenate([data.X, np.full((1, data.X.shape[1]), np.nan)])
    X[-1, -2:] = -1

    got = run(export(model), model, X)

    if task == "regression":
        np.testing.assert_array_equal(got["prediction"], model.predict(X))
    else:
        native = model.predict_proba(X)
        assert np.abs(got["probabilities"] - native).max() <= ROUNDING
        labels = np.array(model.classes)[model.predict(X)]
        assert got["label"].tolist() == labels.tolist()


@pytest.mark.parametrize(
    "estimator",
    [
        XGBClassifier(n_estimators=5, base_score=0.1),
        XGBClassifier(n_estimators=5, num_parallel_tree=3, subsample=0.5),
        XGBClassifier(n_estimators=30, early_stopping_rounds=2, learning_rate=1.0),
        XGBClassifier(n_estimators=5, tree_method="exact", grow_policy="depthwise"),
    ],
    ids=["base score", "parallel trees", "early stopping", "exact"],
)
@pytest.mark.parametrize("classes", [("a", "b"), ("a", "b", "c")], ids=len)
def test_xgboost_of_other_shapes_is_exact_but_for_the_rounding_of_exp(estimator, classes):
    data = noise_data(400, classes=classes)
    model = fit(data, "xgboost", n_estimators=1)
    estimator = clone(estimator)
    stops = estimator.early_stopping_rounds is not None
    features = model.features(data.X)
    held_out = {"eval_set": [(features[300:], data.y[300:])], "verbose": False} if stops else {}
    estimator.fit(features[:300], data.y[:300], **held_out)
    model = refit_nothing(model, estimator)

    got = run(export(model), model, data.X)["probabilities"]

    native = model.predict_proba(data.X)
    assert np.abs(got - native).max() <= ROUNDING
    assert not stops or estimator.best_iteration < 29


def refit_nothing(model, estimator):
    return type(model)(
        model.family, model.configuration, model.profile, model.target, model.classes,
        model.preprocessing, estimator, model.dtype,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (XGBRegressor(n_estimators=2, booster="gblinear"), "booster 'gblinear'"),
        (XGBRegressor(n_estimators=2, objective="count:poisson"), "objective 'count:poisson'"),
        (XGBRegressor(n_estimators=2, missing=0.0), "missing=0"),
        (
            XGBRegressor(n_estimators=2, objective="reg:quantileerror", quantile_alpha=[0.1, 0.9]),
            "several targets",
        ),
    ],
    ids=["gblinear", "poisson", "missing", "quantiles"],
)
def test_a_booster_that_is_not_exact_is_refused_by_name(estimator, reason):
    data = make_data("regression").only(4, 7)
    model = refit_with(fit(data, "xgboost"), data, estimator, "float32")

    with pytest.raises(ExportError, match=reason):
        export(model)


def test_an_emitted_tree_follows_its_comparisons_and_missing_values():
    values = np.array([0.0, 10.0, 20.0])
    tree = trees.Tree(
        left=np.array([1, -1, -1]),
        right=np.array([2, -1, -1]),
        feature=np.array([1, 0, 0]),
        threshold=np.array([0.5, 0.0, 0.0]),
        missing_left=np.array([True, False, False]),
        value=values,
    )
    leaf = trees.constant_tree(3.0, np.float64)
    column = (Column("n", "numeric"),)
    X = np.array([[0.5], [np.nextafter(0.5, 1)], [np.nan], [-1e300]])

    got = {}
    for mode in (trees.LESS_OR_EQUAL, trees.LESS):
        graph = GraphBuilder(reserved=["prediction"])
        n = graph.input("n", TensorProto.DOUBLE, ["rows", 1])
        both = graph.add("Concat", n, n, axis=1)
        answers = trees.add_trees(graph, both, [leaf, tree, leaf], mode=mode)
        graph.add("Identity", answers, name="prediction")
        graph.output("prediction", TensorProto.DOUBLE, ["rows", 3])
        got[mode] = run(graph.build({}), Shell(column), X)["prediction"]

    assert got[trees.LESS_OR_EQUAL][:, 1].tolist() == [10.0, 20.0, 10.0, 10.0]
    assert got[trees.LESS][:, 1].tolist() == [20.0, 20.0, 10.0, 10.0]
    assert np.all(got[trees.LESS][:, [0, 2]] == 3.0)


class Shell:
    """As much of a fitted model as ``run`` looks at."""

    def __init__(self, columns):
        self.profile = Profile("regression", tuple(columns), 1)
