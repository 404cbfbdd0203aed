"""A model is released whole and only if it passed."""

import hashlib
import pickle

import onnxruntime
import pytest

from searcher.errors import ParityError
from searcher.export.artifact import export_model
from tests.searcher.export.models import Data, fit, make_data, probes_of


def test_a_file_that_passes_is_written_and_described(tmp_path):
    data = make_data()
    path = tmp_path / "new folder" / "model.onnx"

    file, verdict = export_model(
        fit(data, "xgboost"), path, probes=probes_of(data), metadata={"search_id": "s"}
    )

    content = path.read_bytes()
    assert verdict.passed
    assert (file.path, file.size_bytes) == (path, len(content))
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert [entry.name for entry in path.parent.iterdir()] == ["model.onnx"]
    session = onnxruntime.InferenceSession(path)
    assert session.get_modelmeta().custom_metadata_map["search_id"] == "s"


def test_nothing_is_written_when_the_gate_fails_and_the_old_file_stays(tmp_path):
    data = make_data()
    path = tmp_path / "model.onnx"
    path.write_text("old")
    model = fit(data, "logistic_regression")
    model.preprocessing.transformers_[0][1].steps[0][1].statistics_[0] = 1e39  # not float32

    with pytest.raises(ParityError, match=r"model.onnx is not released: .* infinity") as caught:
        export_model(model, path, probes=probes_of(data), metadata={})

    assert not caught.value.verdict.passed
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.onnx"]


def test_a_parity_error_travels_between_processes():
    error = ParityError("model.onnx is not released: row 3", {"passed": False})

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - ours, in memory

    assert str(copy) == "model.onnx is not released: row 3"
    assert copy.verdict == {"passed": False}


def test_a_data_set_of_one_row_can_be_exported(tmp_path):
    data = make_data("regression")
    one = Data(data.columns, data.X[:1], data.y[:1], (), "regression")
    probes = probes_of(Data(data.columns, data.X[:1], data.y[:1], (), "regression"))

    _, verdict = export_model(fit(one, "ridge"), tmp_path / "m.onnx", probes=probes, metadata={})

    assert verdict.passed, verdict.failure
