"""Which file has the same nodes with weights of 8 bits: ONNX Runtime's dynamic quantisation.

Products of rows with fixed weights alone: ``ConvInteger`` was 5 times slower than the convolution
that it stands for (ONNX Runtime 1.31, one thread).
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import NodeProto, TensorProto, helper, numpy_helper

from searcher.errors import ExportError
from searcher.export.networks.folding import fold_moves

PRODUCTS = ("MatMul", "Gemm")
PLAIN = {"alpha": 1.0, "beta": 1.0, "transA": 0}
"""Attributes of a ``Gemm`` that is a product and a sum."""

MOVES = ("Identity", "Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze")
"""Operators that put weights in another order, or take some of them."""

PREPARED = ("onnx.quant.pre_process", "onnxruntime.quant")
"""What keeps the quantiser from logging that a model should be prepared."""

NOTE = ("quantisation", "dynamic, 8-bit weights of MatMul and Gemm")
"""What the file's metadata say of it."""


def quantise(data: bytes) -> bytes:
    """Replace each product of float32 rows with float32 weights by one of 8-bit integers.

    Weights are symmetric and have 7 bits, a scale for each column: with 8 bits some processors
    (AVX2, AVX512 without VNNI) cut sums of two products off at 16 bits, and a file would answer
    otherwise there (ONNX Runtime's guide to quantisation). Rows get unsigned 8 bits and one scale a
    batch, so an answer depends a little on the other rows.

    Raises
    ------
    ExportError
        If there is no such product, or the file can't be read or written.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    try:
        proto = onnx.load_from_string(data)
        told = {entry.key: entry.value for entry in proto.metadata_props}
        chosen = _prepare(proto)
        with tempfile.TemporaryDirectory(prefix="searcher-quantised-") as name:
            path = Path(name) / "model.onnx"
            quantize_dynamic(
                proto,
                path,
                op_types_to_quantize=["MatMul"],
                nodes_to_quantize=chosen,
                weight_type=QuantType.QInt8,
                per_channel=True,
                reduce_range=True,
            )
            quantised = onnx.load(path)
            del quantised.graph.value_info[:]  # what the quantiser inferred, some of it wrongly
    except (DecodeError, ValueError, RuntimeError) as error:
        raise ExportError(f"the file can't be quantised: {error}") from error
    helper.set_model_props(quantised, told | dict([NOTE]))
    content: bytes = quantised.SerializeToString(deterministic=True)
    return content


def _prepare(proto: onnx.ModelProto) -> list[str]:
    """Bring weights into the form that is quantised; return the names of the products.

    A linear layer's weight stands the other way round in the file than in its product.
    """
    graph = proto.graph
    del graph.value_info[:]
    fold_moves(graph, MOVES)
    nodes = [made for node in graph.node for made in _as_product(graph, node)]
    del graph.node[:]
    graph.node.extend(nodes)
    read = {name for node in nodes for name in _reads(node)}
    kept = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    helper.set_model_props(proto, dict([PREPARED]))
    weights = {t.name for t in kept if t.data_type == TensorProto.FLOAT and len(t.dims) == 2}  # noqa: PLR2004
    chosen = [n.name for n in nodes if n.op_type == "MatMul" and n.input[1] in weights]
    if not chosen:
        raise ExportError("the file has no product with float32 weights, so nothing to quantise")
    if len(set(chosen)) < len(chosen) or not all(chosen):
        raise ExportError("products of the file have no names of their own")
    return chosen


def _as_product(graph: onnx.GraphProto, node: NodeProto) -> list[NodeProto]:
    """Write a ``Gemm`` with a fixed weight as ``MatMul`` and ``Add``; leave other nodes alone."""
    set_ = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
    is_turned = bool(set_.pop("transB", 0))
    if node.op_type != "Gemm" or any(set_.get(key, plain) != plain for key, plain in PLAIN.items()):
        return [node]
    rows, weight, *bias = node.input
    fixed = [tensor for tensor in graph.initializer if tensor.name == weight]
    if is_turned and not fixed:
        return [node]
    if is_turned:  # a copy, since another node may read the weight as it stands
        weight = f"{node.name}/turned"
        turned = np.ascontiguousarray(numpy_helper.to_array(fixed[0]).T)
        graph.initializer.append(numpy_helper.from_array(turned, weight))
    product = node.output[0] if not bias else f"{node.name}/product"
    made = [helper.make_node("MatMul", [rows, weight], [product], name=f"{node.name}/product")]
    if bias:
        made.append(helper.make_node("Add", [product, *bias], node.output, name=node.name))
    return made


def _reads(node: NodeProto) -> Iterator[str]:
    """Yield what a node reads, in its bodies too."""
    yield from node.input
    for attribute in node.attribute:
        for body in [attribute.g, *attribute.graphs]:
            for inner in body.node:
                yield from _reads(inner)
            yield from (output.name for output in body.output)
