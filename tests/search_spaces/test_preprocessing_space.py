import numpy as np
import pytest

from search_spaces import preprocessing
from search_spaces.columns import Column, Profile
from search_spaces.parameters import Categorical, Float

NUMBER = Column("age", "numeric")
GAPPY = Column("income", "numeric", has_missing=True)
COLOUR = Column("colour", "categorical", categories=("", "blue", "red"))
DAY = Column("day", "date")

EVERYTHING = {
    "impute": preprocessing.IMPUTE,
    "indicators": (False, True),
    "dates": preprocessing.DATES,
    "scale": preprocessing.SCALE,
    "interactions": preprocessing.INTERACTIONS,
    "encode": preprocessing.ENCODE,
    "min_frequency": preprocessing.MIN_FREQUENCY,
    "reduce": preprocessing.REDUCE,
}


def profile(*columns):
    return Profile("binary", columns, n_samples=10, n_classes=2)


def space_of(*columns, **offered):
    return preprocessing.preprocessing_space(profile(*columns), **offered)


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ([NUMBER], ["scale"]),
        ([GAPPY], ["impute", "scale"]),
        ([COLOUR], ["encode"]),
        ([NUMBER, COLOUR], ["scale", "encode"]),
        ([COLOUR, GAPPY], ["impute", "scale", "encode"]),
        ([DAY], ["scale"]),
        ([], []),
    ],
)
def test_only_what_concerns_the_columns_is_a_parameter(columns, names):
    assert list(space_of(*columns).parameters) == names


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ([NUMBER], ["scale", "interactions", "reduce", "components"]),
        (
            [GAPPY],
            ["impute", "indicators", "scale", "interactions", "reduce", "components"],
        ),
        ([COLOUR], ["encode", "min_frequency", "reduce", "components"]),
        ([DAY], ["dates", "scale", "interactions", "reduce", "components"]),
    ],
)
def test_what_else_is_offered_is_there_where_it_concerns_the_columns(columns, names):
    assert list(space_of(*columns, **EVERYTHING).parameters) == names


def test_a_category_may_be_missing_without_being_imputed():
    missing = Column("colour", "categorical", has_missing=True, categories=("", "blue"))

    assert list(space_of(missing, indicators=(True,)).parameters) == ["encode"]


def test_a_single_choice_stays_in_the_configuration():
    space = space_of(NUMBER, scale=("none",))

    assert space.parameters == {"scale": Categorical(choices=("none",))}


def test_a_family_chooses_the_choices():
    space = space_of(GAPPY, COLOUR, impute=("none", "mean"), scale=("minmax",), encode=("target",))

    assert {name: parameter.choices for name, parameter in space.parameters.items()} == {
        "impute": ("none", "mean"),
        "scale": ("minmax",),
        "encode": ("target",),
    }


@pytest.mark.parametrize(
    ("name", "when"),
    [
        ("indicators", "impute is 'median' or 'mean' or 'most_frequent'"),
        (
            "interactions",
            "scale is 'standard' or 'minmax' or 'robust' or 'power' or 'quantile'",
        ),
        ("min_frequency", "encode is 'onehot' or 'ordinal' or 'native'"),
        ("components", "reduce is 'pca' or 'svd'"),
        ("dates", ""),
    ],
)
def test_a_choice_applies_where_it_has_something_to_do(name, when):
    assert space_of(GAPPY, COLOUR, DAY, **EVERYTHING).when(name) == when


@pytest.mark.parametrize(
    ("parent", "value"), [("impute", "none"), ("scale", "none"), ("encode", "native")]
)
def test_components_are_not_made_of_codes_gaps_and_raw_numbers(parent, value):
    space = space_of(GAPPY, COLOUR, **EVERYTHING)

    configuration = space.nearest({"reduce": "pca", parent: value})

    assert "reduce" not in configuration
    assert configuration[parent] == value


@pytest.mark.parametrize(
    ("offered", "absent"),
    [
        ({"scale": ("none",)}, {"interactions", "reduce", "components"}),
        ({"impute": ("none",)}, {"indicators", "reduce", "components"}),
        ({"encode": ("target",)}, {"min_frequency"}),
        ({"encode": ("native",)}, {"reduce", "components"}),
        ({"reduce": ("none",)}, {"components"}),
        ({"reduce": ()}, {"reduce", "components"}),
    ],
)
def test_what_can_never_apply_is_no_parameter(offered, absent):
    everything = set(space_of(GAPPY, COLOUR, **EVERYTHING).parameters)

    left = set(space_of(GAPPY, COLOUR, **{**EVERYTHING, **offered}).parameters)

    assert everything - left == absent


def test_products_are_offered_for_few_quantities_only():
    few = [Column(f"n{i}", "numeric") for i in range(preprocessing.MAX_QUANTITIES)]
    products = {"interactions": preprocessing.INTERACTIONS}

    assert "interactions" in space_of(*few, **products).parameters
    assert "interactions" not in space_of(*few, NUMBER, **products).parameters
    # a date may become six
    dated = (*few[1:], DAY)
    assert "interactions" in space_of(*dated, **products).parameters
    assert "interactions" not in space_of(*dated, **products, dates=("parts",)).parameters


def test_components_are_offered_for_a_bounded_number_of_features_only():
    texts = ("", *(f"{i:03}" for i in range(1000)))
    wide = [Column(f"c{i}", "categorical", categories=texts) for i in range(9)]
    reduce = {"reduce": preprocessing.REDUCE}

    assert "reduce" in space_of(*wide[:8], **reduce).parameters  # 250 of each at most
    assert "reduce" not in space_of(*wide, **reduce).parameters


def test_an_unknown_choice_is_refused_even_if_no_column_needs_it():
    with pytest.raises(ValueError, match=r"encode must be one of onehot, .*, got 'hash'"):
        space_of(NUMBER, encode=("hash",))


def test_everything_that_can_be_drawn_can_be_built():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=40), rng.integers(0, 3, 40), rng.normal(size=40) * 900])
    X[::7, 0] = np.nan
    y = rng.integers(0, 2, 40)
    of = profile(GAPPY, COLOUR, DAY)
    space = preprocessing.preprocessing_space(of, **EVERYTHING)

    for _ in range(40):
        configuration = space.sample(rng)
        out = preprocessing.build(configuration, of, seed=0).fit_transform(X, y)
        assert len(out) == 40
        assert np.isfinite(out).all() or configuration["impute"] == "none"


def test_what_turns_everything_off_is_the_same_as_saying_nothing():
    of = profile(GAPPY, COLOUR, DAY)
    X = np.array([[1.0, 1, 9], [np.nan, 2, 30], [3, 0, 400]])

    said, unsaid = (
        preprocessing.build(configuration, of, seed=0).fit_transform(X, [0, 1, 0])
        for configuration in (preprocessing.OFF, {})
    )

    np.testing.assert_array_equal(said, unsaid)


@pytest.mark.parametrize(
    ("name", "parameter", "expected"),
    [
        ("scale", Categorical(choices=("power", "none")), True),
        ("scale", Categorical(choices=("linear",)), False),
        ("scale", Float(low=1.0, high=2.0), False),
        ("min_frequency", Float(low=0.0, high=0.05), False),
        ("components", Float(low=0.2, high=0.9), True),
        ("components", Float(low=0.0, high=0.9), False),
        ("components", Categorical(choices=(0.25, 0.5)), True),
    ],
)
def test_a_parameter_under_one_of_these_names_means_what_preprocessing_means(
    name, parameter, expected
):
    assert preprocessing.is_within(name, parameter) is expected
