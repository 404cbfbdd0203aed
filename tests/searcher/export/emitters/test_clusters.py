from dataclasses import replace

import numpy as np
import pytest

from search_spaces.families.agglomerative import Agglomerative
from search_spaces.families.dbscan import DBSCAN
from search_spaces.families.k_means import KMeans
from searcher.export.convert import serialise
from searcher.export.gate.parity import check_parity
from tests.searcher.export.models import export, fit, make_data, probes_of, run

CASES = {
    "k-means": (KMeans(), {}),
    "k-means of two": (KMeans(), {"n_clusters": 2}),
    "agglomerative": (Agglomerative(), {"n_clusters": 5}),
    "dense": (DBSCAN(), {"eps": 0.9}),
    "nothing dense": (DBSCAN(), {"eps": 0.05, "min_samples": 50}),
}


def data():
    found = make_data("regression")
    return replace(found, task="clustering", y=np.zeros(len(found.X)))


@pytest.mark.parametrize(("family", "changes"), CASES.values(), ids=list(CASES))
def test_clusters_are_the_same_in_the_file(family, changes):
    rows = data()
    model = fit(rows, family, **changes)

    verdict = check_parity(serialise(export(model)), model, probes_of(rows))

    assert verdict.passed, verdict.failure
    assert verdict.labels_unequal == 0
    assert verdict.rows > 1000


def test_the_only_output_is_the_cluster():
    rows = data()
    model = fit(rows, KMeans())

    answer = run(export(model), model, rows.X[:7])

    assert list(answer) == ["label"]
    assert answer["label"].dtype == np.int64
    assert answer["label"].shape == (7,)
