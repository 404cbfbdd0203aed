"""Raw rows lie on both sides of a threshold, one float64 number apart."""

import numpy as np
import pytest

from searcher.export.gate.library_dumps import dump_trees
from searcher.export.gate.threshold_probes import make_threshold_rows
from tests.searcher.export.models import N_TRAIN, fit, make_data


@pytest.mark.parametrize("scale", ["none", "standard", "minmax"])
def test_the_middle_two_of_four_neighbouring_cells_go_different_ways(scale):
    data = make_data("regression")
    model = fit(data, "random_forest", scale=scale, n_estimators=2)
    forest = dump_trees(model.estimator)

    rows, note = make_threshold_rows(model, data.X[:N_TRAIN], forest, seed=0, limit=50)

    groups = rows.reshape(-1, 4, rows.shape[1])
    changed = (groups[:, 1] != groups[:, 2]) & ~np.isnan(groups[:, 1])
    assert (changed.sum(axis=1) == 1).all()
    below, above = groups[:, 1][changed], groups[:, 2][changed]
    np.testing.assert_array_equal(np.nextafter(below, np.inf), above)
    leaves = model.estimator.apply(model.features(rows)).reshape(len(groups), 4, -1)
    features = model.features(rows).reshape(len(groups), 4, -1)
    assert (features[:, 1] != features[:, 2]).any(axis=1).all()
    assert (leaves[:, 1] != leaves[:, 2]).any()
    assert note.startswith(f"{len(groups)} of ")


def test_categories_have_no_thresholds_to_lie_on():
    data = make_data("regression").only(8, 9)
    model = fit(data, "random_forest", n_estimators=2, encode="ordinal")

    rows, _ = make_threshold_rows(model, data.X, dump_trees(model.estimator), seed=0)

    assert rows.shape == (0, 2)
