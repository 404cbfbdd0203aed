import numpy as np
import pytest
from sklearn.preprocessing import PowerTransformer, QuantileTransformer

from search_spaces.transformers.piecewise import N_KNOTS, N_QUANTILES, PiecewiseLinear

KINDS = ("power", "quantile")


def scikit_learns(kind, x):
    if kind == "power":
        return PowerTransformer().fit(x)
    return QuantileTransformer(
        n_quantiles=N_QUANTILES, output_distribution="normal", subsample=None
    ).fit(x)


def draw(name, n=2000, seed=0):
    rng = np.random.default_rng(seed)
    drawn = {
        "normal": rng.normal(3, 2, n),
        "lognormal": np.exp(2 * rng.normal(size=n)),
        "left": -rng.exponential(size=n),
        "mostly zero": np.where(rng.random(n) < 0.8, 0, np.exp(5 + rng.normal(size=n))),
        "counts": rng.poisson(30, n).astype(float),
        "cauchy": rng.standard_cauchy(n),
    }
    return drawn[name][:, None]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["normal", "lognormal", "left", "mostly zero", "counts", "cauchy"])
def test_it_is_close_to_scikit_learns_in_standard_deviations(kind, name):
    train, new = draw(name), draw(name, seed=1)
    inside = new[(new >= train.min()) & (new <= train.max())][:, None]

    ours = PiecewiseLinear(kind).fit(train)

    theirs = scikit_learns(kind, train)
    for rows in (train, inside):
        np.testing.assert_allclose(ours.transform(rows), theirs.transform(rows), atol=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_the_result_looks_normal(kind):
    out = PiecewiseLinear(kind).fit_transform(draw("lognormal"))

    assert abs(np.median(out)) < 0.2  # scikit-learn's own: 0.16 for power
    assert 0.95 < out.std() < 1.05


@pytest.mark.parametrize("kind", KINDS)
def test_missing_values_are_left_out_and_stay(kind):
    full = draw("normal", n=50)
    gappy = np.concatenate([full, [[np.nan]]])

    ours, other = PiecewiseLinear(kind).fit(gappy), PiecewiseLinear(kind).fit(full)

    np.testing.assert_array_equal(ours.transform(full), other.transform(full))
    assert np.isnan(ours.transform(gappy)[-1, 0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("values", [[7.0, 7.0, 7.0], [np.nan, np.nan], [5.0], []])
def test_a_column_without_two_numbers_becomes_zero(kind, values):
    train = np.array(values).reshape(-1, 1)

    out = PiecewiseLinear(kind).fit(train).transform(np.array([[7.0], [1e30], [-3.0]]))

    np.testing.assert_array_equal(out, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_beyond_the_data_power_goes_on_straight_and_quantile_stops(kind):
    train = draw("lognormal")
    ends = np.array([[train.max()], [2 * train.max()], [3 * train.max()], [1e30]])

    end, twice, thrice, far = PiecewiseLinear(kind).fit(train).transform(ends)[:, 0]

    assert np.isfinite(far)
    if kind == "quantile":
        assert end == twice == thrice == far
    else:
        assert end < twice < thrice
        np.testing.assert_allclose(thrice - twice, twice - end)


@pytest.mark.parametrize("kind", KINDS)
def test_it_never_falls_by_more_than_rounding(kind):
    train = draw("mostly zero")
    rows = np.sort(np.concatenate([train, np.linspace(-1, 2e4, 3001)[:, None]]), axis=0)

    out = PiecewiseLinear(kind).fit(train).transform(rows)[:, 0]

    assert np.diff(out).min() > -1e-9


def test_the_quantile_transform_does_not_depend_on_a_columns_unit():
    train = draw("normal")

    tiny = PiecewiseLinear("quantile").fit(train * 2.0**-40).transform(train * 2.0**-40)

    np.testing.assert_allclose(tiny, PiecewiseLinear("quantile").fit_transform(train), atol=0.02)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "values", [[0.0, 5e-324, 1e-323], [1.0, np.nextafter(1.0, 2)], [-0.0, 1e-310, 1e-300]]
)
def test_numbers_too_close_to_divide_by_their_distance_stay_finite(kind, values):
    train = np.array(values)[:, None]

    model = PiecewiseLinear(kind).fit(train)

    assert np.isfinite(model.slope_).all()
    assert np.isfinite(model.transform(train)).all()


def test_numbers_beyond_what_the_power_transform_can_take_are_refused():
    train = np.array([[-1e308], [0.0], [1.0], [1e308]])

    with pytest.raises(
        ValueError, match=r"feature 0 has no power transform between -1e[+]308 and 1e[+]308"
    ):
        PiecewiseLinear("power").fit(train)


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_has_a_bounded_table(kind):
    train = np.concatenate([np.repeat(np.arange(64.0), 2), draw("cauchy", n=9000)[:, 0]])

    model = PiecewiseLinear(kind).fit(train[:, None])

    assert model.knots_.shape == (1, N_KNOTS)
    knots = model.knots_[~np.isnan(model.knots_)]
    assert (np.diff(knots) > 0).all()
