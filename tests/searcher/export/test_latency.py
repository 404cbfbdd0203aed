import numpy as np
import pytest

from searcher.errors import ExportError
from searcher.export.artifact import export_model
from searcher.export.latency import BATCHES, measure_latency
from tests.searcher.export.models import fit, make_data, probes_of

pytestmark = pytest.mark.slow  # in sum


@pytest.mark.parametrize(
    ("family", "task"), [("logistic_regression", "multiclass"), ("ridge", "regression")]
)
def test_every_size_of_batch_is_timed_on_both_sides(tmp_path, family, task):
    data = make_data(task)
    model = fit(data, family)
    path = tmp_path / "model.onnx"
    export_model(model, path, probes=probes_of(data), metadata={})

    latency = measure_latency(path, model, data.X)

    assert latency.batches == BATCHES == (1, 100, 10_000)
    assert len(latency.onnx_ms) == len(latency.native_ms) == 3
    assert np.all(np.array([latency.onnx_ms, latency.native_ms]) > 0)


def test_a_file_that_can_not_be_run_is_an_error_with_the_runtimes_words(tmp_path):
    data = make_data("regression")
    path = tmp_path / "model.onnx"
    path.write_bytes(b"no model")

    with pytest.raises(ExportError, match=r"timing model\.onnx failed: .*INVALID_PROTOBUF"):
        measure_latency(path, fit(data, "ridge"), data.X)
