import numpy as np
import pytest
from sklearn.decomposition import PCA, TruncatedSVD

from search_spaces.transformers.projection import LIMIT, UNIT, Projection, on_grid

KINDS = ("pca", "svd")


def rows(n=200, p=12, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, p)) @ rng.normal(size=(p, p)) + 1


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_close_to_scikit_learns(kind):
    X = rows()

    ours = Projection(kind, 0.5, 0).fit(X).transform(X)

    theirs = PCA(6) if kind == "pca" else TruncatedSVD(6, random_state=0)
    np.testing.assert_allclose(ours, theirs.fit_transform(X), atol=2e-3)


@pytest.mark.parametrize(
    ("share", "n", "p", "expected"),
    [(0.5, 50, 12, 6), (0.1, 50, 3, 1), (1.0, 50, 7, 7), (1.0, 4, 7, 4), (1.0, 50, 1, 1)],
)
@pytest.mark.parametrize("kind", KINDS)
def test_the_share_of_the_features_is_kept_but_no_more_than_rows(kind, share, n, p, expected):
    assert Projection(kind, share, 0).fit(rows(n, p)).transform(rows(n, p)).shape[1] == expected


@pytest.mark.parametrize("kind", KINDS)
def test_sums_are_exact_whatever_their_order(kind):
    X = rows(40, 100) * 40
    X[0] = np.where(np.arange(100) % 2, 1e30, -1e30)  # clipped
    model = Projection(kind, 0.3, 0).fit(X)
    grid = on_grid(X)

    # Python's whole numbers never round
    left = (grid / UNIT).astype(np.int64).astype(object)
    right = (model.components_ / UNIT).astype(np.int64).astype(object)
    exact = (left @ right).astype(np.float64) * UNIT * UNIT

    assert np.abs(left @ right).max() <= 2**53
    np.testing.assert_array_equal(grid @ model.components_, exact)
    order = np.random.default_rng(0).permutation(100)
    np.testing.assert_array_equal(grid[:, order] @ model.components_[order], exact)


def test_the_grid_clips_rounds_and_keeps_missing_values():
    X = np.array([[1e30, -1e30, np.nan, 0.4 * UNIT, 1.6 * UNIT, 1 / 3]])

    grid = on_grid(X)[0]

    np.testing.assert_array_equal(grid[:5], [LIMIT, -LIMIT, np.nan, 0.0, 2 * UNIT])
    assert grid[5] != 1 / 3
    np.testing.assert_allclose(grid[5], 1 / 3, atol=UNIT / 2)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_projects_the_same(kind):
    X = rows()

    first, again = (Projection(kind, 0.4, 5).fit(X).transform(X) for _ in range(2))

    np.testing.assert_array_equal(first, again)


def test_a_constant_feature_adds_nothing():
    X = np.hstack([rows(50, 3), np.full((50, 1), 7.0)])

    out = Projection("pca", 1.0, 0).fit(X).transform(X)

    np.testing.assert_allclose(out[:, 3], 0, atol=1e-3)


def test_zeros_have_one_sign():
    X = np.vstack([rows(20, 3), np.zeros(3), -np.zeros(3)])

    out = Projection("svd", 1.0, 0).fit(X).transform(X)

    assert not np.signbit(out[-2:]).any()


def test_more_weights_than_sums_can_hold_are_refused():
    n_features = 40_000
    X = np.ones((3, n_features)) * np.array([[0.0], [1.0], [2.0]])  # one component, all alike

    with pytest.raises(ValueError, match=r"pca of 40000 features .* sums are exact up to 128 only"):
        Projection("pca", 1e-5, 0).fit(X)
