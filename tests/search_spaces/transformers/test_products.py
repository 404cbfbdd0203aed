import numpy as np
from sklearn.preprocessing import PolynomialFeatures

from search_spaces.transformers.products import Products


def test_products_are_those_of_scikit_learn():
    X = np.random.default_rng(0).normal(size=(20, 4))

    ours = Products().fit_transform(X)

    theirs = PolynomialFeatures(degree=2, include_bias=False).fit_transform(X)
    np.testing.assert_array_equal(ours, theirs)


def test_a_missing_factor_makes_a_missing_product():
    out = Products().fit_transform(np.array([[np.nan, 2.0]]))

    np.testing.assert_array_equal(out, [[np.nan, 2, np.nan, np.nan, 4]])
