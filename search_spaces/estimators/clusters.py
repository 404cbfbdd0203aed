"""Clusterings that can say of new rows where they belong, which scikit-learn's own two can't."""

from hashlib import blake2b
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import DBSCAN, AgglomerativeClustering
from sklearn.metrics.pairwise import euclidean_distances

NOISE = -1
MAX_ROWS = 20_000
"""Rows that agglomeration takes: its distances are rows x rows / 2 doubles, here 1.6 GB."""


class NearestCentroidClusters(ClusterMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Agglomerative clusters; a row belongs to the cluster whose mean is nearest.

    Parameters
    ----------
    n_clusters
        How many.
    linkage
        "ward", "complete" or "average", as in ``AgglomerativeClustering``.

    Attributes
    ----------
    cluster_centers_ : array of shape (n_clusters, n_features)
        Means of the clusters that were found.
    """

    def __init__(self, n_clusters: int = 2, linkage: str = "ward") -> None:
        self.n_clusters, self.linkage = n_clusters, linkage

    def fit(self, X: NDArray[np.float64], y: Any = None) -> Self:
        """Find clusters of the rows X (n_samples, n_features); ``y`` is not looked at.

        Raises
        ------
        ValueError
            If there are more than ``MAX_ROWS`` rows.
        """
        if len(X) > MAX_ROWS:
            raise ValueError(
                f"agglomerative clusters of {len(X):,} rows would take their distances two by two; "
                f"at most {MAX_ROWS:,} rows"
            )
        model = AgglomerativeClustering(n_clusters=self.n_clusters, linkage=self.linkage).fit(X)
        found = range(self.n_clusters)
        self.cluster_centers_ = np.array([X[model.labels_ == k].mean(axis=0) for k in found])
        self.n_features_in_ = X.shape[1]
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cluster of each row, shape (n_samples,)."""
        centres = self.cluster_centers_
        # |x - c|^2 without |x|^2, which is the same for all of them
        scores = (centres * centres).sum(axis=1) - 2 * (X @ centres.T)
        nearest: NDArray[np.int64] = scores.argmin(axis=1)
        return nearest


class DensityClusters(ClusterMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """DBSCAN clusters; a row belongs to the cluster of the nearest core row within the radius.

    Parameters
    ----------
    eps
        Radius for each square root of a feature: distances between standardised rows grow so.
    min_samples
        Rows within the radius that make a core row, itself included.

    Attributes
    ----------
    cores_ : array of shape (n_cores, n_features)
        Core rows.
    core_labels_ : array of shape (n_cores,)
        Their clusters.
    radius_ : float
        ``eps`` times the square root of the number of features.
    """

    def __init__(self, eps: float = 0.5, min_samples: int = 5) -> None:
        self.eps, self.min_samples = eps, min_samples

    def fit(self, X: NDArray[np.float64], y: Any = None) -> Self:
        """Find clusters of the rows X (n_samples, n_features); ``y`` is not looked at."""
        self.radius_ = float(self.eps * np.sqrt(X.shape[1]))
        model = DBSCAN(eps=self.radius_, min_samples=self.min_samples).fit(X)
        self.cores_ = X[model.core_sample_indices_]
        self.core_labels_ = model.labels_[model.core_sample_indices_].astype(np.int64)
        self.n_features_in_ = X.shape[1]
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cluster of each row, -1 where no core row is near, shape (n_samples,)."""
        if not len(self.cores_):
            return np.full(len(X), NOISE, dtype=np.int64)
        distances = euclidean_distances(X, self.cores_, squared=True)
        nearest = distances.argmin(axis=1)
        near = distances[np.arange(len(X)), nearest] <= self.radius_**2
        labels: NDArray[np.int64] = np.where(near, self.core_labels_[nearest], NOISE)
        return labels


class RandomClusters(ClusterMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Two clusters by lot: what a clustering that looks at nothing is worth.

    A row's lot hangs on its values and on the training rows, so that it is drawn once and for all,
    but clusters made of other rows agree with these by chance only.
    """

    def fit(self, X: NDArray[np.float64], y: Any = None) -> Self:
        """Draw from the rows X (n_samples, n_features); ``y`` is not looked at."""
        self.salt_ = blake2b(np.ascontiguousarray(X).tobytes(), digest_size=16).digest()
        self.n_features_in_ = X.shape[1]
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: NDArray[np.float64]) -> NDArray[np.int64]:
        """Cluster of each row, 0 or 1, shape (n_samples,)."""
        rows = np.ascontiguousarray(X)
        lots = [blake2b(row.tobytes(), key=self.salt_, digest_size=1).digest()[0] for row in rows]
        return np.array(lots, dtype=np.int64) % 2
