"""The estimator's features are the same bits inside the graph and outside."""

import itertools

import numpy as np
import onnx
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    PowerTransformer,
    StandardScaler,
)

from search_spaces import preprocessing
from search_spaces.columns import Column, Profile
from searcher.errors import ExportError
from searcher.export.columns import FEATURES
from searcher.export.graph import GraphBuilder
from searcher.export.preprocessing import add_features
from searcher.model import to_features
from tests.searcher.export.models import make_data, probes_of
from tests.searcher.export.models import run as run_graph

NASTY = (0.0, -0.0, 5e-324, 1e-310, -1e-45, 1e-30, 0.1, 1 / 3, 16777217.0, -1e12, 1e30, 3.3e38)


class Seen:
    """As much of a fitted model as ``run`` looks at."""

    def __init__(self, profile):
        self.profile = profile


def features_of(columns, transformer, X, dtype="float32"):
    graph = GraphBuilder(reserved=[FEATURES])
    add_features(graph, Profile("regression", tuple(columns), 1), transformer, dtype=dtype)
    kind = onnx.TensorProto.FLOAT if dtype == "float32" else onnx.TensorProto.DOUBLE
    graph.output(FEATURES, kind, ["rows", "features"])
    proto = graph.build({})
    onnx.checker.check_model(proto, full_check=True)
    return run_graph(proto, Seen(Profile("regression", tuple(columns), 1)), X)[FEATURES]


def fit(configuration, data):
    transformer = preprocessing.build(configuration, data.profile, seed=0)
    with np.errstate(all="ignore"):
        return transformer.fit(data.X[:300])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("encode", ["onehot", "ordinal"])
@pytest.mark.parametrize("scale", ["standard", "minmax", "robust", "none"])
@pytest.mark.parametrize("impute", ["median", "mean", "most_frequent"])
def test_features_are_bit_equal_on_every_probe(impute, scale, encode, dtype):
    data = make_data()
    transformer = fit({"impute": impute, "scale": scale, "encode": encode}, data)
    X = np.concatenate(list(probes_of(data).values()))

    got = features_of(data.columns, transformer, X, dtype)

    with np.errstate(over="ignore"):
        native = to_features(transformer.transform(X), dtype)
    assert got.dtype == dtype
    assert got.tobytes() == native.tobytes()


@pytest.mark.parametrize("scale", ["standard", "minmax", "robust", "none"])
def test_features_are_bit_equal_on_numbers_at_the_edges_of_float32_and_float64(scale):
    data = make_data().only(0, 1, 2, 3)
    transformer = fit({"impute": "mean", "scale": scale}, data)
    X = np.array(list(itertools.product(NASTY, repeat=2)))[:, [0, 1, 0, 1]]

    got = features_of(data.columns, transformer, X)

    with np.errstate(over="ignore", under="ignore"):
        native = to_features(transformer.transform(X), "float32")
    assert got.tobytes() == native.tobytes()


def test_missing_values_pass_through_where_nothing_is_imputed():
    data = make_data().only(0, 1, 9)
    transformer = fit({"impute": "none", "scale": "standard"}, data)
    X = probes_of(data)["missing"]

    got = features_of(data.columns, transformer, X)

    np.testing.assert_array_equal(got, to_features(transformer.transform(X), "float32"))
    assert np.isnan(got).any()


def test_a_category_that_this_fold_has_not_seen_is_as_unknown_as_one_that_nobody_knows():
    data = make_data().only(9)
    data.X[:300][data.X[:300] == 5] = 4
    transformers = {encode: fit({"encode": encode}, data) for encode in ("onehot", "ordinal")}
    X = np.array([[5.0], [-1.0]])

    onehot = features_of(data.columns, transformers["onehot"], X)
    ordinal = features_of(data.columns, transformers["ordinal"], X)

    assert not onehot.any()
    assert ordinal.ravel().tolist() == [-1.0, -1.0]


@pytest.mark.parametrize("encode", ["onehot", "ordinal"])
def test_200_categories_are_told_apart(encode):
    texts = ("", *sorted(f"{i:03} 日本 'x\"\n" for i in range(200)))
    columns = (Column("c", "categorical", categories=texts),)
    X = np.arange(201.0)[:, None]
    transformer = preprocessing.build(
        {"encode": encode}, Profile("binary", columns, len(X), 2), seed=0
    ).fit(X)

    got = features_of(columns, transformer, X[::-1].copy())

    np.testing.assert_array_equal(got, transformer.transform(X[::-1]))


def test_columns_may_have_any_name():
    names = ["", "label", "label_", "probabilities", "features", "a/b", "日本 ✓", "cast", "x" * 200]
    columns = tuple(Column(name, "numeric") for name in names)
    X = np.random.default_rng(0).normal(size=(20, len(names)))
    transformer = preprocessing.build(
        {"scale": "standard"}, Profile("binary", columns, len(X), 2), seed=0
    ).fit(X)

    got = features_of(columns, transformer, X)

    assert got.tobytes() == to_features(transformer.transform(X), "float32").tobytes()


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (PowerTransformer(), "PowerTransformer"),
        (OneHotEncoder(handle_unknown="error"), "handle_unknown"),
        (OneHotEncoder(handle_unknown="ignore", drop="first"), "drop"),
        (MinMaxScaler(clip=True), "clip"),
        (SimpleImputer(add_indicator=True), "add_indicator"),
        (MissingIndicator(features="missing-only"), "features='all'"),
        (FunctionTransformer(np.log1p), "function of its own"),
    ],
)
def test_a_step_that_is_not_exact_is_refused_by_name(step, reason):
    data = make_data().only(8, 9)
    transformer = ColumnTransformer([("mine", step, [0, 1])]).fit(data.X)

    with pytest.raises(ExportError, match=reason):
        features_of(data.columns, transformer, data.X)


def test_an_encoder_behind_another_step_is_refused():
    data = make_data().only(0, 6)
    data.X[:] = np.nan_to_num(data.X)
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    transformer = ColumnTransformer([("s", StandardScaler(), [0]), ("e", encoder, [1])])

    with pytest.raises(ExportError, match="category codes"):
        features_of(data.columns, transformer.fit(data.X), data.X)


def test_the_order_of_the_blocks_is_that_of_the_transformer():
    data = make_data().only(1, 7, 8)
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    blocks = [("e", encoder, [2]), ("gone", "drop", [0]), ("p", "passthrough", [1, 0])]
    data.X[:] = np.nan_to_num(data.X)
    transformer = ColumnTransformer(blocks).fit(data.X)

    got = features_of(data.columns, transformer, data.X)

    np.testing.assert_array_equal(got, to_features(transformer.transform(data.X), "float32"))
