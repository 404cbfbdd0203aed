import numpy as np
import pytest

from search_spaces import preprocessing
from search_spaces.columns import UNKNOWN_CODE, Column, Profile

NUMBER = Column("age", "numeric")
GAPPY = Column("income", "numeric", has_missing=True)
COLOUR = Column("colour", "categorical", categories=("", "blue", "red"))


def profile(*columns):
    return Profile("binary", columns, n_samples=10, n_classes=2)


def test_a_configuration_splits_into_preprocessing_and_model():
    parts = preprocessing.split({"scale": "none", "C": 1.0, "encode": "onehot"})

    assert parts == ({"scale": "none", "encode": "onehot"}, {"C": 1.0})


# Column a: 1, 2, missing, 6. Median 2, mean 3.
X = np.array([[1.0, 1], [2, 2], [np.nan, 1], [6, 0]])


def features(configuration, train=X, rows=None, columns=(GAPPY, COLOUR)):
    transformer = preprocessing.build(configuration, profile(*columns), seed=0)
    transformer.fit(train, np.arange(len(train)) % 2)
    return transformer.transform(train if rows is None else rows)


@pytest.mark.parametrize(
    ("impute", "filled"), [("median", 2), ("mean", 3), ("most_frequent", 1), ("none", np.nan)]
)
def test_missing_quantities_are_imputed_as_asked(impute, filled):
    out = features({"impute": impute, "scale": "none", "encode": "ordinal"})

    np.testing.assert_array_equal(out[:, 0], [1, 2, filled, 6])


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("none", [1, 2, 3, 6]),
        ("standard", (np.array([1, 2, 3, 6]) - 3) / np.sqrt(3.5)),  # variance (4 + 1 + 0 + 9) / 4
        ("minmax", [0, 0.2, 0.4, 1]),
        ("robust", (np.array([1, 2, 3, 6]) - 2.5) / 2),  # quartiles 1.75 and 3.75
    ],
)
def test_quantities_are_scaled_as_asked(scale, expected):
    out = features({"impute": "mean", "scale": scale})

    np.testing.assert_allclose(out[:, 0], expected)


def test_onehot_makes_a_feature_of_each_category_seen_missing_included():
    out = features({"encode": "onehot"})

    np.testing.assert_array_equal(out[:, 1:], [[0, 1, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]])


def test_onehot_of_an_unseen_category_is_all_zero():
    rows = np.array([[1.0, UNKNOWN_CODE], [1.0, 2.0]])

    out = features({"encode": "onehot"}, train=X[[0, 3]], rows=rows)

    np.testing.assert_array_equal(out[:, 1:], [[0, 0], [0, 0]])


def test_ordinal_numbers_the_categories_of_the_fold_and_marks_unseen_ones():
    rows = np.array([[1.0, 0.0], [1.0, 2.0], [1.0, 1.0], [1.0, UNKNOWN_CODE]])

    out = features({"encode": "ordinal"}, train=X[[1, 3]], rows=rows)

    np.testing.assert_array_equal(out[:, 1], [0, 1, -1, -1])


def test_quantities_come_first_whatever_the_order_of_the_columns():
    out = features({"encode": "ordinal"}, train=X[:, ::-1], columns=(COLOUR, GAPPY))

    np.testing.assert_array_equal(out[:, 0], [1, 2, 2, 6])


def test_new_rows_may_miss_what_no_training_row_missed():
    complete = Column("age", "numeric")
    rows = np.array([[np.nan]])

    out = features({"scale": "none"}, train=X[[0, 1, 3], :1], rows=rows, columns=(complete,))

    np.testing.assert_array_equal(out, [[2.0]])


@pytest.mark.parametrize("impute", ["median", "mean", "most_frequent"])
@pytest.mark.parametrize("scale", preprocessing.SCALE)
def test_a_column_that_a_fold_misses_entirely_stays(impute, scale):
    train = np.array([[np.nan, 1.0], [np.nan, 2.0]])
    configuration = {"impute": impute, "scale": scale}

    out = features(configuration, train=train, columns=(GAPPY, NUMBER))

    assert out.shape == (2, 2)
    assert np.isfinite(out).all()


@pytest.mark.parametrize("scale", preprocessing.SCALE)
def test_a_constant_column_stays_finite(scale):
    train = np.full((4, 1), 7.0)

    assert np.isfinite(features({"scale": scale}, train=train, columns=(NUMBER,))).all()


@pytest.mark.parametrize("columns", [(GAPPY,), (COLOUR,), (GAPPY, COLOUR)])
@pytest.mark.parametrize("encode", preprocessing.ENCODE)
def test_features_are_dense_float64(columns, encode):
    train = np.array([[1.0, 1.0], [2.0, 2.0]])[:, : len(columns)]

    out = features({"encode": encode}, train=train, columns=columns)

    assert type(out) is np.ndarray
    assert out.dtype == np.float64


def test_left_unsaid_scaling_is_none_and_encoding_onehot():
    out = features({})

    np.testing.assert_array_equal(out, features({"scale": "none", "encode": "onehot"}))


def test_no_columns_are_refused():
    with pytest.raises(ValueError, match="no columns"):
        preprocessing.build({}, profile(), seed=0)


def test_native_codes_come_first_and_are_missing_where_unknown():
    rows = np.array([[1.0, 0.0], [1.0, 2.0], [1.0, 1.0], [1.0, UNKNOWN_CODE]])

    out = features({"encode": "native"}, train=X[[1, 3]], rows=rows)

    np.testing.assert_array_equal(out[:, 0], [0, 1, np.nan, np.nan])
    np.testing.assert_array_equal(out[:, 1], 1)


# Of 100 rows: 60 of category 1, 37 of 2, 2 of 3 and 1 of 4.
TOWNS = np.repeat([1.0, 2.0, 3.0, 4.0], [60, 37, 2, 1])[:, None]
TOWN = Column("town", "categorical", categories=("", "a", "b", "c", "d", "e"))
ASKED = np.array([[1.0], [2.0], [3.0], [4.0], [5.0], [UNKNOWN_CODE]])


def towns(min_frequency, encode):
    configuration = {"encode": encode, "min_frequency": min_frequency}
    return features(configuration, train=TOWNS, rows=ASKED, columns=(TOWN,))


@pytest.mark.parametrize(
    ("min_frequency", "expected"),
    [
        (0.0, [0, 1, 2, 3, None, None]),
        (0.01, [0, 1, 2, 3, None, None]),  # one row in a hundred is not rarer than that
        (0.05, [0, 1, 2, 2, 2, 2]),
    ],
)
def test_onehot_makes_one_feature_of_all_rare_categories_and_of_unseen_ones(
    min_frequency, expected
):
    out = towns(min_frequency, "onehot")

    found = [int(row.argmax()) if row.any() else None for row in out]
    assert found == expected


@pytest.mark.parametrize(("encode", "unknown"), [("ordinal", -1), ("native", np.nan)])
def test_codes_make_one_of_all_rare_categories_and_leave_unseen_ones_apart(encode, unknown):
    out = towns(0.05, encode)

    np.testing.assert_array_equal(out[:, 0], [0, 1, 2, 2, unknown, unknown])


def test_rarity_does_not_matter_for_means_of_the_target():
    np.testing.assert_array_equal(towns(0.05, "target"), towns(0.0, "target"))


@pytest.mark.parametrize("encode", ["onehot", "ordinal", "native"])
def test_a_fold_may_hold_rare_categories_only(encode):
    train = np.arange(1.0, 31)[:, None]
    column = Column("c", "categorical", categories=("", *(f"{i:02}" for i in range(30))))
    configuration = {"encode": encode, "min_frequency": 0.05}

    out = features(configuration, train=train, columns=(column,))

    assert out.shape == (30, 1)
    assert (out == out[0]).all()


@pytest.mark.parametrize("encode", preprocessing.ENCODE)
def test_a_single_category_makes_a_constant_feature(encode):
    out = features({"encode": encode}, train=np.ones((6, 1)), columns=(TOWN,))

    assert out.shape == (6, 1)
    assert np.unique(out).size == 1


def test_the_most_frequent_categories_are_told_apart_up_to_a_limit():
    limit = preprocessing.MAX_CATEGORIES
    codes = np.repeat(np.arange(1.0, 401.0), np.arange(400, 0, -1))[:, None]
    column = Column("c", "categorical", categories=("", *(f"{i:03}" for i in range(400))))
    rows = np.arange(1.0, 401.0)[:, None]

    onehot, native, ordinal = (
        features({"encode": encode}, train=codes, rows=rows, columns=(column,))
        for encode in ("onehot", "native", "ordinal")
    )

    assert onehot.shape[1] == np.nanmax(native) + 1 == limit
    np.testing.assert_array_equal(onehot.argmax(axis=1)[limit - 1 :], limit - 1)
    assert len(np.unique(ordinal)) == 400


def test_indicators_say_where_a_quantity_is_missing():
    columns = (NUMBER, GAPPY, COLOUR)
    train = np.array([[1.0, np.nan, 1], [np.nan, 2, 2], [3, 4, 0]])

    out = features({"indicators": True, "encode": "ordinal"}, train=train, columns=columns)

    # the profile says that only one column has gaps, so only that one gets an indicator
    np.testing.assert_array_equal(out[:, 2], [1, 0, 0])
    assert out.shape == (3, 4)


DAY = Column("day", "date", has_missing=True)


def test_dates_are_parted_imputed_and_scaled_like_other_quantities():
    train = np.array([[0.0, 5.0], [31.5, 6.0], [np.nan, 7.0]])
    configuration = {"dates": "parts", "scale": "none"}

    out = features(configuration, train=train, columns=(DAY, NUMBER))

    np.testing.assert_array_equal(out[:, 0], [5, 6, 7])
    np.testing.assert_array_equal(out[0, 1:], [1970, 1, 1, 3, 1, 0])
    np.testing.assert_array_equal(out[1, 1:], [1970, 2, 1, 6, 32, 12])
    np.testing.assert_array_equal(out[2, 1:], [1970, 1.5, 1, 4.5, 16.5, 6])
    scaled = features({**configuration, "scale": "minmax"}, train=train, columns=(DAY, NUMBER))
    np.testing.assert_array_equal(scaled[:, 2], [0, 1, 0.5])


def test_products_are_those_of_scaled_quantities():
    train = np.array([[1.0, 10.0], [3.0, 30.0]])
    columns = (NUMBER, Column("b", "numeric"))

    out = features({"scale": "standard", "interactions": "products"}, train=train, columns=columns)

    np.testing.assert_array_equal(out, [[-1, -1, 1, 1, 1], [1, 1, 1, 1, 1]])


@pytest.mark.parametrize("reduce", ["pca", "svd"])
def test_components_are_a_share_of_all_features(reduce):
    rng = np.random.default_rng(0)
    train = np.column_stack([rng.normal(size=(40, 4)), rng.integers(1, 3, 40)])
    columns = (*(Column(f"n{i}", "numeric") for i in range(4)), COLOUR)

    out = features(
        {"scale": "standard", "reduce": reduce, "components": 0.5}, train=train, columns=columns
    )

    assert out.shape == (40, 3)  # of 4 + 2


@pytest.mark.parametrize("scale", ["power", "quantile"])
def test_missing_quantities_pass_through_every_scale(scale):
    train = np.append(np.arange(20.0), np.nan)[:, None]

    out = features({"impute": "none", "scale": scale}, train=train, columns=(GAPPY,))

    assert np.isnan(out).ravel().tolist() == [False] * 20 + [True]


@pytest.mark.parametrize(
    "configuration",
    [{"encode": "target"}, {"scale": "quantile"}, {"scale": "standard", "reduce": "svd"}],
)
def test_the_same_seed_makes_the_same_features(configuration):
    rng = np.random.default_rng(0)
    train = np.column_stack([rng.normal(size=60), rng.integers(1, 3, 60)])
    y = rng.integers(0, 2, 60)

    first, again = (
        preprocessing.build(configuration, profile(NUMBER, COLOUR), seed=4).fit_transform(train, y)
        for _ in range(2)
    )

    assert first.tobytes() == again.tobytes()


@pytest.mark.parametrize(
    ("configuration", "reason"),
    [
        ({"scale": "log"}, "scale must be one of standard, minmax, robust, power, quantile, none"),
        ({"encode": "hash"}, "encode must be one of onehot, ordinal, target, native, got 'hash'"),
        ({"min_frequency": 0.2}, "min_frequency must be one of 0, 0.01, 0.05, got 0.2"),
        ({"indicators": "yes"}, "indicators must be one of False, True, got 'yes'"),
        ({"dates": "cyclic"}, "dates must be one of days, parts, got 'cyclic'"),
        ({"interactions": "cubes"}, "interactions must be one of none, products, got 'cubes'"),
        ({"reduce": "ica"}, "reduce must be one of none, pca, svd, got 'ica'"),
        ({"reduce": "pca", "components": 7}, "components must be 0.1 to 1, got 7"),
        ({"reduce": "pca", "encode": "native"}, "encode: native leaves codes among them"),
        ({"reduce": "svd", "impute": "none"}, "impute: none leaves NaN among them"),
    ],
)
def test_what_is_not_offered_is_refused_with_the_reason(configuration, reason):
    with pytest.raises(ValueError, match=reason):
        preprocessing.build(configuration, profile(GAPPY, COLOUR), seed=0)
