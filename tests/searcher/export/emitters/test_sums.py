import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto

from searcher.export.emitters.sums import add_pairwise_sum
from searcher.export.graph import GraphBuilder


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 16, 127, 128, 129, 130, 256, 257, 1027])
def test_the_sum_is_numpys_to_the_last_bit(n):
    graph = GraphBuilder()
    array = graph.input("array", TensorProto.DOUBLE, ["rows", 3, n])
    total = add_pairwise_sum(graph, array, n)
    graph.output(total, TensorProto.DOUBLE, ["rows", 3])
    proto = graph.build({})
    onnx.checker.check_model(proto, full_check=True)
    rng = np.random.default_rng(n)
    values = rng.normal(size=(50, 3, n)) * 10.0 ** rng.integers(-8, 8, n)

    session = onnxruntime.InferenceSession(proto.SerializeToString())
    (got,) = session.run(None, {"array": values})

    for i in range(3):
        np.testing.assert_array_equal(got[:, i], np.sum(values[:, i].copy(), axis=1))
