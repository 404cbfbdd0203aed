import numpy as np
import pytest
from sklearn.base import clone
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from search_spaces.estimators.neighbours import (
    LARGEST,
    UNITS,
    NeighboursClassifier,
    NeighboursRegressor,
    largest_unit,
    to_grid,
)

WAYS = [(k, w, m) for k in (1, 5, 40) for w in ("uniform", "distance")
        for m in ("euclidean", "manhattan")]  # fmt: skip


def make_rows(n=300, p=4, seed=0):
    """Rows on the grid, so that scikit-learn sees the same."""
    rng = np.random.default_rng(seed)
    X = np.rint(rng.normal(size=(n, p)) * UNITS) / UNITS
    return X, rng.integers(0, 4, n), rng.normal(size=n)


def without_ties(X, new, k, metric):
    """Rows of ``new`` whose k-th and next neighbour are not equally far."""
    library = KNeighborsRegressor(k + 1, metric=metric).fit(X, np.zeros(len(X)))
    far, _ = library.kneighbors(new)
    return new[far[:, k] - far[:, k - 1] > 1e-9]


@pytest.mark.parametrize(("k", "weights", "metric"), WAYS)
def test_without_ties_the_answer_is_scikit_learns(k, weights, metric):
    X, classes, values = make_rows()
    new = without_ties(X, make_rows(seed=1)[0], k, metric)
    assert len(new) > 200

    same = {"weights": weights, "metric": metric}
    ours = NeighboursClassifier(k, **same).fit(X, classes)
    theirs = KNeighborsClassifier(k, **same).fit(X, classes)
    np.testing.assert_allclose(ours.predict_proba(new), theirs.predict_proba(new), atol=1e-9)
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))
    ours = NeighboursRegressor(k, **same).fit(X, values)
    theirs = KNeighborsRegressor(k, **same).fit(X, values)
    np.testing.assert_allclose(ours.predict(new), theirs.predict(new), atol=1e-8)


@pytest.mark.parametrize(("k", "weights", "metric"), WAYS)
def test_the_order_of_rows_and_features_changes_nothing(k, weights, metric):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 3, (200, 5)).astype(float), rng.integers(0, 3, 200)
    rows, columns = rng.permutation(200), rng.permutation(5)

    first = NeighboursClassifier(k, weights=weights, metric=metric).fit(X, y)
    second = clone(first).fit(X[rows][:, columns], y[rows])

    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X[:, columns]))


def test_all_rows_as_near_as_the_last_take_part():
    X = np.array([[0.0], [1.0], [1.0], [-1.0], [9.0]])

    model = NeighboursClassifier(2).fit(X, [0, 1, 1, 2, 2])

    np.testing.assert_array_equal(model.predict_proba([[0.0]]), [[0.25, 0.5, 0.25]])


def test_rows_at_no_distance_take_all_the_weight():
    X = np.array([[0.0], [0.0], [1.0]])

    model = NeighboursRegressor(3, weights="distance").fit(X, [1.0, 3.0, 50.0])

    assert model.predict([[0.0]]) == [2.0]


def test_the_first_of_equally_voted_classes_is_the_label():
    model = NeighboursClassifier(2).fit([[0.0], [1.0]], ["b", "a"])

    assert model.predict([[0.5]]) == ["a"]


@pytest.mark.parametrize("n_features", [1, 2, 100, 2048, 2049, 100_000])
def test_no_squared_distance_is_too_large_to_be_exact(n_features):
    limit = largest_unit(n_features)

    assert n_features * int(2 * limit) ** 2 <= 2**53
    assert limit <= LARGEST * UNITS
    assert limit >= 16 * UNITS  # sixteen standard deviations


def test_distances_are_exact_at_the_ends_of_the_grid():
    rng = np.random.default_rng(0)
    X = rng.choice([-1e30, -300.0, 0.1, 1e-30, 1e30], (50, 2000))
    model = NeighboursClassifier().fit(X, rng.integers(0, 2, 50))
    units = to_grid(X, model.limit_)

    got = model._distance(units)

    exact = [[sum((int(a) - int(b)) ** 2 for a, b in zip(x, y, strict=True)) for y in units[:5]]
             for x in units[:5]]  # fmt: skip
    assert got[:5, :5].astype(int).tolist() == exact


def test_few_training_rows_are_all_neighbours():
    model = NeighboursRegressor(50).fit([[0.0], [1.0]], [1.0, 2.0])

    assert model.predict([[0.0]]) == [1.5]


def test_blocks_of_rows_change_nothing(monkeypatch):
    X, y, _ = make_rows()
    model = NeighboursClassifier(7).fit(X, y)
    whole = model.predict_proba(X)

    monkeypatch.setattr("search_spaces.estimators.neighbours.BLOCK", 1000)

    np.testing.assert_array_equal(model.predict_proba(X), whole)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_neighbors": 0}, "n_neighbors must be at least 1, got 0"),
        ({"weights": "rank"}, "weights must be uniform or distance, got 'rank'"),
        ({"metric": "cosine"}, "metric must be euclidean or manhattan, got 'cosine'"),
    ],
)
def test_what_can_not_be_computed_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        NeighboursClassifier(**settings).fit([[0.0], [1.0]], [0, 1])
