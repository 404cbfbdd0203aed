"""Every choice of preprocessing gives the same bits inside the graph and outside."""

import warnings

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

from search_spaces import preprocessing
from search_spaces.columns import Column, Profile
from searcher.errors import ExportError
from searcher.model import to_features
from tests.searcher.export.models import N_TRAIN, TASKS, make_data, probes_of
from tests.searcher.export.test_preprocessing import NASTY, features_of

OFFERED = {
    "impute": preprocessing.IMPUTE,
    "indicators": (False, True),
    "dates": preprocessing.DATES,
    "scale": preprocessing.SCALE,
    "interactions": preprocessing.INTERACTIONS,
    "encode": preprocessing.ENCODE,
    "min_frequency": preprocessing.MIN_FREQUENCY,
    "reduce": preprocessing.REDUCE,
}
BESIDE = {"interactions": {"scale": "robust"}, "reduce": {"scale": "standard"}}
ALONE = [
    {**BESIDE.get(name, {}), name: choice}
    for name, choices in OFFERED.items()
    for choice in choices
]


def fit(configuration, data, seed=0):
    """Fit as a search does; what it warns of is in the score."""
    transformer = preprocessing.build(configuration, data.profile, seed=seed)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        transformer.fit_transform(data.X[:N_TRAIN], data.y[:N_TRAIN])
    return transformer


def rows_of(data, seed=0):
    """All probes, and rows of nasty numbers, gaps and unknown categories."""
    rng = np.random.default_rng(seed)
    X = np.concatenate(list(probes_of(data).values()))
    nasty = X[rng.integers(len(X), size=80)].copy()
    for i, column in enumerate(data.columns):
        values = [-1.0, 0.0] if column.is_categorical else [*NASTY, -1e30, np.nan]
        nasty[:, i] = rng.choice(values, size=len(nasty))
    return np.concatenate([X, nasty])


def assert_same_bits(columns, transformer, X, dtype="float32"):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        native = to_features(transformer.transform(X), dtype)

    got = features_of(columns, transformer, X, dtype)

    assert got.dtype == native.dtype == dtype
    assert got.shape == native.shape
    np.testing.assert_array_equal(got, native)
    known = ~np.isnan(native)
    assert got[known].tobytes() == native[known].tobytes()  # the sign of zeros too


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("configuration", ALONE, ids=lambda c: "-".join(map(str, c.values())))
def test_each_choice_is_bit_equal_on_probes_and_on_nasty_numbers(configuration, dtype):
    data = make_data()

    assert_same_bits(data.columns, fit(configuration, data), rows_of(data), dtype)


@pytest.mark.parametrize("seed", range(24))
def test_random_combinations_are_bit_equal(seed):
    rng = np.random.default_rng(seed)
    data = make_data(TASKS[seed % 3], seed=seed)
    data = data.only(*sorted(rng.choice(10, size=rng.integers(1, 11), replace=False).tolist()))
    space = preprocessing.preprocessing_space(data.profile, **OFFERED)

    transformer = fit(space.sample(rng), data, seed=seed)

    assert_same_bits(data.columns, transformer, rows_of(data, seed))


@pytest.mark.parametrize("configuration", ALONE, ids=lambda c: "-".join(map(str, c.values())))
def test_a_batch_of_no_rows_has_no_rows_of_as_many_features(configuration):
    data = make_data()
    transformer = fit(configuration, data)

    got = features_of(data.columns, transformer, data.X[:0])

    assert got.shape == (0, transformer.transform(data.X[:1]).shape[1])


@pytest.mark.parametrize("encode", ["onehot", "ordinal", "target", "native"])
@pytest.mark.parametrize("scale", preprocessing.SCALE)
def test_a_fold_of_gaps_rare_categories_and_constants_is_bit_equal(scale, encode):
    rng = np.random.default_rng(0)
    texts = ("", *(f"{i:02}" for i in range(40)))
    columns = (
        Column("missing", "numeric", has_missing=True),
        Column("constant", "numeric"),
        Column("two", "numeric"),
        Column("day", "date", has_missing=True),
        Column("single", "categorical", categories=("", "a", "b")),
        Column("rare", "categorical", categories=texts),
    )
    n = 40
    values = [np.full(n, np.nan), np.full(n, 3.7), np.arange(n) % 2, np.full(n, np.nan)]
    X = np.column_stack([*values, np.ones(n), np.arange(1.0, n + 1)])
    configuration = {
        "scale": scale,
        "encode": encode,
        "min_frequency": 0.05,
        "indicators": True,
        "dates": "parts",
    }
    profile = Profile("regression", columns, n)
    transformer = preprocessing.build(configuration, profile, seed=0)
    transformer.fit_transform(X, rng.normal(size=n))
    new = np.array([[1.0, np.nan, 7, 20_000.3, -1, 0], [-0.0, 5e-324, np.nan, np.nan, 2, -1]])

    assert_same_bits(columns, transformer, np.concatenate([X, new]))


def test_one_training_row_is_enough_for_what_needs_no_target():
    columns = (Column("a", "numeric"), Column("c", "categorical", categories=("", "x", "y")))
    X = np.array([[2.0, 1.0]])
    configuration = {"scale": "quantile", "reduce": "pca", "components": 1.0}
    transformer = preprocessing.build(configuration, Profile("binary", columns, 1, 2), seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variance of one row
        transformer.fit(X)

    assert_same_bits(columns, transformer, np.array([[2.0, 1.0], [-9.0, -1.0], [4.0, 0.0]]))


@pytest.mark.parametrize("min_frequency", preprocessing.MIN_FREQUENCY)
@pytest.mark.parametrize("encode", preprocessing.ENCODE)
def test_columns_of_600_and_of_two_categories_are_encoded_side_by_side(encode, min_frequency):
    rng = np.random.default_rng(0)
    many = tuple(sorted(f"{i:03} é" for i in range(600)))
    columns = (
        Column("few", "categorical", categories=("", "x", "y")),
        Column("many", "categorical", categories=("", *many)),
    )
    X = np.column_stack([rng.integers(0, 3, 2000), rng.zipf(1.3, 2000) % 600 + 1]).astype(float)
    profile = Profile("multiclass", columns, len(X), 3)
    configuration = {"encode": encode, "min_frequency": min_frequency}
    transformer = preprocessing.build(configuration, profile, seed=0)
    transformer.fit_transform(X, rng.integers(0, 3, len(X)))
    codes = np.arange(-1.0, 601)
    asked = np.column_stack([np.tile([-1.0, 0, 1, 2], len(codes)), np.repeat(codes, 4)])

    assert_same_bits(columns, transformer, asked)


@pytest.mark.parametrize(
    "encoder", [TargetEncoder(target_type="binary"), OneHotEncoder(handle_unknown="ignore")]
)
def test_scikit_learns_own_encoders_of_a_users_pipeline_are_bit_equal(encoder):
    data = make_data().only(8, 9)
    transformer = ColumnTransformer([("e", encoder, [0, 1])], sparse_threshold=0.0)
    transformer.fit(data.X[:N_TRAIN], data.y[:N_TRAIN])

    assert_same_bits(data.columns, transformer, rows_of(data))


def test_the_same_seed_makes_the_same_features_every_time():
    data = make_data()
    configuration = {"scale": "power", "encode": "target", "reduce": "svd", "indicators": True}

    first, again = (
        features_of(data.columns, fit(configuration, data, seed=7), data.X) for _ in range(2)
    )

    assert first.tobytes() == again.tobytes()


@pytest.mark.parametrize(
    ("second", "reason"),
    [(PCA(1), "PCA"), (OneHotEncoder(handle_unknown="ignore"), "category codes")],
)
def test_a_step_behind_the_columns_is_refused_by_name(second, reason):
    data = make_data().only(0, 1)
    data.X[:] = np.nan_to_num(data.X)
    columns = ColumnTransformer([("s", StandardScaler(), [0, 1])])
    transformer = Pipeline([("columns", columns), ("second", second)]).fit(data.X)

    with pytest.raises(ExportError, match=reason):
        features_of(data.columns, transformer, data.X)


def test_preprocessing_that_does_not_begin_with_columns_is_refused():
    data = make_data().only(0)

    with pytest.raises(ExportError, match="must begin with a ColumnTransformer, not Standard"):
        features_of(data.columns, StandardScaler().fit(data.X), data.X)
