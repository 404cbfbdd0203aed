from dataclasses import replace

import numpy as np
import pytest

from searcher.errors import ExportError
from searcher.export.convert import serialise
from searcher.export.gate.parity import check_parity
from tests.searcher.export.models import N_TRAIN, export, fit, make_data, probes_of


def without(data, *codes):
    kept = np.flatnonzero(~np.isin(data.y[:N_TRAIN], codes))
    chosen = kept[np.arange(N_TRAIN) % len(kept)]
    X, y = data.X.copy(), data.y.copy()
    X[:N_TRAIN], y[:N_TRAIN] = X[chosen], y[chosen]
    return replace(data, X=X, y=y)


@pytest.mark.parametrize("family", ["logistic_regression", "random_forest", "xgboost"])
@pytest.mark.parametrize("missing", [(0,), (3,), (1, 2)])
def test_a_model_trained_without_some_classes_computes_the_same_in_its_file(family, missing):
    data = without(make_data("multiclass"), *missing)
    model = fit(data, family)

    verdict = check_parity(serialise(export(model)), model, probes_of(data))

    assert verdict.passed, verdict.failure
    assert verdict.labels_unequal == 0
    assert (model.predict_proba(data.X)[:, list(missing)] == 0).all()


def test_a_model_of_a_single_class_is_refused():
    data = without(make_data("binary"), 1)

    with pytest.raises(ExportError, match="one class only"):
        export(fit(data, "random_forest"))
