import numpy as np
import pytest

from search_spaces import preprocessing
from search_spaces.columns import UNKNOWN_CODE, Column, Profile
from search_spaces.parameters import Categorical

NUMBER = Column("age", "numeric")
GAPPY = Column("income", "numeric", has_missing=True)
COLOUR = Column("colour", "categorical", categories=("", "blue", "red"))


def profile(*columns):
    return Profile("binary", columns, n_samples=10, n_classes=2)


def choices(space):
    return {name: parameter.choices for name, parameter in space.parameters.items()}


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ([NUMBER], ["scale"]),
        ([GAPPY], ["impute", "scale"]),
        ([COLOUR], ["encode"]),
        ([NUMBER, COLOUR], ["scale", "encode"]),
        ([COLOUR, GAPPY], ["impute", "scale", "encode"]),
        ([], []),
    ],
)
def test_only_what_concerns_the_columns_is_a_parameter(columns, names):
    assert list(preprocessing.preprocessing_space(profile(*columns)).parameters) == names


def test_a_category_may_be_missing_without_being_imputed():
    missing = Column("colour", "categorical", has_missing=True, categories=("", "blue"))

    assert list(preprocessing.preprocessing_space(profile(missing)).parameters) == ["encode"]


def test_a_single_choice_stays_in_the_configuration():
    space = preprocessing.preprocessing_space(profile(NUMBER), scale=("none",))

    assert space.parameters == {"scale": Categorical(choices=("none",))}


def test_a_family_chooses_the_choices():
    space = preprocessing.preprocessing_space(
        profile(GAPPY, COLOUR), impute=("none", "mean"), scale=("minmax",), encode=("ordinal",)
    )

    assert choices(space) == {
        "impute": ("none", "mean"),
        "scale": ("minmax",),
        "encode": ("ordinal",),
    }


def test_an_unknown_choice_is_refused_even_if_no_column_needs_it():
    with pytest.raises(ValueError, match="encode must be one of onehot, ordinal, got 'hash'"):
        preprocessing.preprocessing_space(profile(NUMBER), encode=("hash",))


def test_a_configuration_splits_into_preprocessing_and_model():
    parts = preprocessing.split({"scale": "none", "C": 1.0, "encode": "onehot"})

    assert parts == ({"scale": "none", "encode": "onehot"}, {"C": 1.0})


# Column a: 1, 2, missing, 6. Median 2, mean 3.
X = np.array([[1.0, 1], [2, 2], [np.nan, 1], [6, 0]])


def features(configuration, train=X, rows=None, columns=(GAPPY, COLOUR)):
    transformer = preprocessing.build(configuration, columns).fit(train)
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
        preprocessing.build({}, ())
