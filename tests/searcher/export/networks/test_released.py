"""Networks of the families pass the whole gate, and files that are a little off do not."""

from copy import deepcopy

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from search_spaces.families.cnn import CNN
from search_spaces.families.ft_transformer import FTTransformer
from search_spaces.families.recurrent import Recurrent
from search_spaces.families.transformer import Transformer
from searcher.export.artifact import export_model
from searcher.export.convert import serialise
from searcher.export.gate.parity import check_parity
from searcher.export.predict import predict_rows
from tests.searcher.export.models import export, fit, make_data, probes_of, run
from tests.searcher.export.shaped import IMAGE, SEQUENCE, fit_shaped, make_shaped

pytestmark = pytest.mark.slow


def weights_of(model):
    module = model.estimator.module_
    return sum(t.numel() * t.element_size() for t in module.state_dict().values())


def altered(file, name, change):
    """The file with one weight changed."""
    proto = onnx.load_from_string(file)
    (tensor,) = (t for t in proto.graph.initializer if t.name.endswith(f"/{name}"))
    array = numpy_helper.to_array(tensor).copy()
    change(array)
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return serialise(proto)


def test_a_fitted_perceptron_passes_the_gate(exported):
    verdict = check_parity(exported.file, exported.model, probes_of(exported.data))

    assert verdict.passed, verdict.failure
    tensors = exported.model.estimator.module_.state_dict().values()
    n_weights = sum(tensor.numel() for tensor in tensors)
    assert f"{n_weights} weights of Adaptive" in verdict.structure
    left_out = {probe["name"]: probe["left_out"] for probe in verdict.probes}
    assert left_out["data"] == left_out["held_out"] == left_out["random"] == 0
    assert {"missing", "unseen", "categories", "extreme", "units"} <= set(left_out)


def test_the_file_is_little_more_than_its_weights(exported):
    assert len(exported.file) < 1.2 * weights_of(exported.model)


def test_a_weight_that_is_an_ulp_off_is_not_released(exported):
    def change(array):
        array.flat[3] = np.nextafter(array.flat[3], np.float32(9))

    file = altered(exported.file, "body.layers.0.weight", change)

    verdict = check_parity(file, exported.model, probes_of(exported.data))

    assert not verdict.passed
    assert "body.layers.0.weight" in verdict.failure


def test_a_network_that_skips_an_activation_is_not_released(exported):
    proto = onnx.load_from_string(exported.file)
    node = next(node for node in proto.graph.node if node.op_type == "Relu")
    node.op_type = "Identity"

    verdict = check_parity(serialise(proto), exported.model, probes_of(exported.data))

    assert not verdict.passed
    assert "the file says" in verdict.failure


def test_no_rows_get_no_answer(exported):
    got = run(onnx.load_from_string(exported.file), exported.model, exported.data.X[:0])

    assert {len(array) for array in got.values()} == {0}


def test_a_transformer_over_columns_passes_the_gate_and_is_written(tmp_path):
    data = make_data("multiclass")
    model = fit(data, FTTransformer(), depth=2, head_size=8, heads=4, epochs=1)

    file, verdict = export_model(
        model, tmp_path / "model.onnx", probes=probes_of(data), metadata={"search_id": "s"}
    )

    assert verdict.passed, verdict.failure
    assert verdict.repairs == ({"name": "own nodes", "result": "passed"},)
    assert file.size_bytes == file.path.stat().st_size


SHAPED = [
    (CNN(), IMAGE, "multiclass", {"channels": 8, "residual": True, "epochs": 2}),
    (Recurrent(), SEQUENCE, "regression", {"size": 16, "epochs": 2}),
    (Transformer(), SEQUENCE, "binary", {"layers": 1, "summary": "token", "epochs": 2}),
]


@pytest.mark.parametrize(("family", "shape", "task", "changes"), SHAPED)
def test_a_network_over_images_or_sequences_passes_the_gate_in_one_input(
    family, shape, task, changes, tmp_path
):
    data = make_shaped(shape, task)
    model = fit_shaped(data, family, shape, **changes)

    file, verdict = export_model(
        model, tmp_path / "model.onnx", probes=probes_of(data), metadata={}
    )

    assert verdict.passed, verdict.failure
    assert {"missing", "extreme", "units"} <= {probe["name"] for probe in verdict.probes}
    (value,) = onnx.load(file.path).graph.input
    assert value.name == shape.kind
    sizes = [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
    assert sizes == ["rows", *shape.sizes]
    cells = {column.name: data.X[:9, i] for i, column in enumerate(data.columns)}
    told = predict_rows(file.path, cells)
    native = model.predict_proba(data.X[:9]) if data.classes else model.predict(data.X[:9])
    got = told.probabilities if data.classes else told.values
    np.testing.assert_allclose(got, native, rtol=1e-5, atol=1e-5)


def test_a_network_that_answers_nothing_is_not_released(exported):
    model = deepcopy(exported.model)
    for parameter in model.estimator.module_.parameters():
        parameter.data.fill_(np.nan)

    verdict = check_parity(exported.file, model, probes_of(exported.data))

    assert not verdict.passed
    assert "on 300 of the 300 rows of probe set 'data'" in verdict.failure


@pytest.mark.parametrize("exported", ["binary"], indirect=True)
def test_the_bytes_are_the_same_each_time(exported):
    assert serialise(export(exported.model)) == exported.file
