import json

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from searcher import search
from searcher.export.predict import predict_rows

pytestmark = pytest.mark.ray


def test_a_clustering_search_ends_with_a_file_that_places_new_rows(tmp_path):
    X, truth = make_blobs(150, centers=3, cluster_std=0.5, random_state=2)
    np.savez(tmp_path / "blobs.npz", X=X)
    spec = {
        "name": "blobs",
        "data": {"path": str(tmp_path / "blobs.npz"), "task": "clustering"},
        "metric": ["silhouette", "stability"],
        "families": ["k_means", "agglomerative", "dbscan"],
        "validation": {"outer": 3, "inner": 3},
        "budget": {"trials": 10},
        "seed": 1,
    }

    result = search(spec, store=f"sqlite:///{tmp_path}/s.db", output=tmp_path / "out", cpus=2)

    assert result.error is None
    assert result.parity is not None
    assert result.parity.passed
    assert result.outer_mean > 0.6
    assert all(abs(score) < 0.2 for score in result.scores("dummy", "silhouette").values())
    assert all(score > 0.8 for score in result.scores("winner", "stability").values())
    rows = {"x0": X[:, 0].tolist(), "x1": X[:, 1].tolist()}
    said = predict_rows(result.model_path, rows)
    assert said.probabilities is None
    placed = said.labels[said.labels >= 0]
    pairs = set(zip(placed, truth[said.labels >= 0], strict=True))
    assert len(pairs) == len(set(placed)) == 3
    assert json.loads((tmp_path / "out" / "model_card.json").read_text())["model"]["task"] == (
        "clustering"
    )
    assert (tmp_path / "out" / "report.html").stat().st_size > 100_000
