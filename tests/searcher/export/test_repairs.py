"""A file that does not pass is written in another way, and that one has to pass as well."""

import numpy as np
import onnx
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import HuberRegressor

from search_spaces.columns import Column
from searcher.errors import ExportError, ParityError
from searcher.export.artifact import export_model
from searcher.export.gate.node_probes import last_true
from searcher.export.gate.parity import check_parity
from searcher.export.repairs import OLDER_OPSET, _lower, ways
from tests.searcher.export.models import Data, fit, make_data, probes_of, refit_with

pytestmark = pytest.mark.slow  # in sum


def cancelling_data(n=400, seed=0):
    """Two columns that are nearly equal: large coefficients that cancel."""
    rng = np.random.default_rng(seed)
    first = rng.normal(1000, 300, n)
    X = np.column_stack([first, first + rng.normal(0, 0.1, n), rng.normal(size=n)])
    y = 1e4 * (X[:, 0] - X[:, 1]) + X[:, 2]
    columns = tuple(Column(f"n{i}", "numeric") for i in range(3))
    return Data(columns, X, y, (), "regression")


def test_where_float32_is_too_coarse_a_float64_file_is_released_and_both_are_logged(tmp_path):
    data = cancelling_data()
    model = refit_with(fit(data, "dummy"), data, HuberRegressor(max_iter=10_000), "float32")

    file, verdict = export_model(
        model, tmp_path / "model.onnx", probes=probes_of(data), metadata={}
    )

    assert file.path.exists()
    assert verdict.passed
    first, second = verdict.repairs
    assert first["name"] == "skl2onnx in float32"
    assert "the file says" in first["result"]
    assert second == {"name": "skl2onnx in float64", "result": "passed"}


def test_a_model_for_which_nothing_helps_is_not_released_and_every_way_is_logged(tmp_path):
    data = make_data("regression").only(1)
    model = fit(data, "ridge")
    model.estimator.coef_ = np.array([np.nan])  # no answer of which is within any tolerance

    with pytest.raises(ParityError) as caught:
        export_model(model, tmp_path / "model.onnx", probes=probes_of(data), metadata={})

    tried = [repair["name"] for repair in caught.value.verdict.repairs]
    assert tried == [
        "own nodes",
        "skl2onnx in float64",
        "skl2onnx in float32",
        "skl2onnx in float64, opset 18",
    ]
    assert not list(tmp_path.iterdir())


def test_the_way_of_an_older_opset_is_a_whole_file_of_that_opset_which_passes():
    data = make_data("regression").only(0, 1, 2)
    model = refit_with(fit(data, "ridge"), data, HuberRegressor(max_iter=10_000))

    (way,) = [way for way in ways(model, {}) if way.name.endswith(f"opset {OLDER_OPSET}")]
    content = way.write()

    versions = {e.domain: e.version for e in onnx.load_from_string(content).opset_import}
    assert versions[""] == OLDER_OPSET
    verdict = check_parity(content, model, probes_of(data))
    assert verdict.passed, verdict.failure


def test_what_is_refused_by_name_is_not_left_to_a_converter(tmp_path):
    data = make_data()
    model = fit(data, "dummy")
    model.estimator.strategy = "stratified"

    with pytest.raises(ExportError, match="strategy 'stratified' can't be exported"):
        export_model(model, tmp_path / "model.onnx", probes=probes_of(data), metadata={})


def test_trees_have_a_way_with_thresholds_rounded_down():
    data = make_data("regression").only(0, 1, 2)
    estimator = HistGradientBoostingRegressor(max_iter=3, random_state=0)
    model = refit_with(fit(data, "dummy"), data, estimator, "float32")

    names = [way.name for way in ways(model, {})]

    assert names[0] == "own nodes"
    assert names[-1] == "skl2onnx in float32, thresholds rounded down"


def test_a_threshold_that_was_rounded_up_goes_back_below():
    thresholds = np.array([0.1, 0.5, 0.3])

    lower = _lower(thresholds)

    assert lower[float(np.float32(0.1))] == last_true(np.array([0.1]), np.array([0]))[0] < 0.1
    assert lower[0.5] == 0.5
    assert lower[float(np.float32(0.3))] < 0.3
