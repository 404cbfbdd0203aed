import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import davies_bouldin_score, silhouette_score

from search_spaces.estimators.clusters import (
    MAX_ROWS,
    DensityClusters,
    NearestCentroidClusters,
    RandomClusters,
)
from searcher.clustering import neg_davies_bouldin, silhouette, stability
from searcher.evaluation import make_scorer

BLOBS, TRUTH = make_blobs(300, centers=4, cluster_std=0.4, random_state=1)
TRAIN, TEST = BLOBS[:200], BLOBS[200:]


def k_means(k=4):
    return KMeans(k, n_init=10, random_state=0).fit(TRAIN)


class Constant:
    """Says what it is told."""

    def __init__(self, labels):
        self.labels = np.asarray(labels)

    def predict(self, X):
        return self.labels[: len(X)]


def test_scores_are_scikit_learns_where_nothing_is_noise():
    model = k_means()
    labels = model.predict(TEST)

    assert silhouette(model, TEST) == pytest.approx(silhouette_score(TEST, labels))
    assert neg_davies_bouldin(model, TEST) == pytest.approx(-davies_bouldin_score(TEST, labels))


def test_the_right_number_of_clusters_looks_best_and_is_stable():
    models = {k: k_means(k) for k in (2, 4, 9)}

    assert max(models, key=lambda k: silhouette(models[k], TEST)) == 4
    assert stability(models[4], TEST) == pytest.approx(1.0)
    assert stability(models[9], TEST) < 0.9


def test_rows_called_noise_count_nothing_rather_than_being_left_out():
    X = np.array([[0.0], [0.1], [5.0], [5.1], [2.0], [3.0]])

    with_noise = silhouette(Constant([0, 0, 1, 1, -1, -1]), X)

    assert with_noise == pytest.approx(silhouette_score(X[:4], [0, 0, 1, 1]) * 4 / 6)


@pytest.mark.parametrize("labels", [[0] * 6, [-1] * 6, [0, 0, 0, -1, -1, -1], range(6)])
def test_what_has_no_two_clusters_has_no_score(labels):
    X = np.arange(6.0)[:, None]

    assert np.isnan(silhouette(Constant(labels), X))
    assert np.isnan(neg_davies_bouldin(Constant(labels), X))


def test_clusters_that_look_at_nothing_are_worth_nothing():
    model = RandomClusters().fit(TRAIN)

    scores = make_scorer(["silhouette", "stability"])(model, TEST, None)

    assert abs(scores["silhouette"]) < 0.05
    assert abs(scores["stability"]) < 0.1
    assert 0.3 < model.predict(TEST).mean() < 0.7


@pytest.mark.parametrize("linkage", ["ward", "average", "complete"])
def test_joined_clusters_find_the_blobs_and_place_new_rows(linkage):
    model = NearestCentroidClusters(4, linkage).fit(TRAIN)

    labels = model.predict(TEST)

    pairs = {(a, b) for a, b in zip(labels, TRUTH[200:], strict=True)}
    assert len(pairs) == len({a for a, _ in pairs}) == 4


def test_joining_too_many_rows_is_refused_before_memory_is():
    with pytest.raises(ValueError, match=f"at most {MAX_ROWS:,} rows"):
        NearestCentroidClusters().fit(np.zeros((MAX_ROWS + 1, 1)))


def test_dense_clusters_call_far_rows_noise_and_keep_their_own():
    model = DensityClusters(eps=0.4, min_samples=4).fit(TRAIN)

    labels = model.predict(np.vstack([TRAIN[:50], [[1e6, 1e6]]]))

    assert labels[-1] == -1
    assert (labels[:50] == model.labels_[:50]).all()
    assert len(set(model.core_labels_)) == 4


def test_where_nothing_is_dense_everything_is_noise():
    model = DensityClusters(eps=1e-9, min_samples=50).fit(TRAIN)

    assert (model.predict(TEST) == -1).all()
