"""Single faults at both ends of an ONNX file: names of categories and classes, answers."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.faults import Fault, Random, attributes, nodes_of, pick, set_tensor


def swap_classes(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Swap the names of two classes."""
    producer = [node for node in proto.graph.node if "label" in node.output]
    tensors = {tensor.name: tensor for tensor in proto.graph.initializer}
    if not producer or producer[0].input[0] not in tensors:
        return None
    tensor = tensors[producer[0].input[0]]
    value = numpy_helper.to_array(tensor).copy()
    first, second = rng.choice(len(value), 2, replace=False)
    value[[first, second]] = value[[second, first]]
    set_tensor(tensor, value)
    return f"classes {first} and {second} swapped"


def swap_probabilities(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Swap two columns of the probabilities."""
    producer = [node for node in proto.graph.node if "probabilities" in node.output]
    widths = [
        value.type.tensor_type.shape.dim[1].dim_value
        for value in proto.graph.output
        if value.name == "probabilities"
    ]
    if not producer:
        return None
    order = np.arange(widths[0])
    first, second = rng.choice(widths[0], 2, replace=False)
    order[[first, second]] = order[[second, first]]
    producer[0].output[0] = "straight"
    proto.graph.initializer.append(numpy_helper.from_array(order, "swapped_columns"))
    node = helper.make_node("Gather", ["straight", "swapped_columns"], ["probabilities"], axis=1)
    proto.graph.node.append(node)
    return f"columns {first} and {second} swapped"


def answer_in_float32(_: Random, proto: onnx.ModelProto) -> str | None:
    """Round the answer to float32."""
    name = "probabilities" if any(o.name == "probabilities" for o in proto.graph.output) else ""
    name = name or "prediction"
    producer = [node for node in proto.graph.node if name in node.output]
    inputs = [*producer[0].input] if producer else []
    if not producer or (producer[0].op_type == "Cast" and _is_float32(proto, inputs[0])):
        return None
    producer[0].output[0] = "wide"
    narrow = helper.make_node("Cast", ["wide"], ["narrow"], to=TensorProto.FLOAT)
    wide = helper.make_node("Cast", ["narrow"], [name], to=TensorProto.DOUBLE)
    proto.graph.node.extend([narrow, wide])
    return f"{name} in float32"


def _is_float32(proto: onnx.ModelProto, name: str) -> bool:
    inferred = onnx.shape_inference.infer_shapes(proto).graph.value_info
    kinds = {value.name: value.type.tensor_type.elem_type for value in inferred}
    return kinds.get(name) == TensorProto.FLOAT


def swap_categories(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Swap two categories in the table of a column."""
    node = pick(rng, nodes_of(proto, "LabelEncoder"))
    if node is None or len(attributes(node)["keys_strings"].strings) < 2:
        return None
    keys = attributes(node)["keys_strings"].strings
    first, second = rng.choice(len(keys), 2, replace=False).tolist()
    keys[first], keys[second] = keys[second], keys[first]
    return f"categories {first} and {second} of {node.name} swapped"


END_FAULTS: dict[str, Fault] = {
    "class names swapped": swap_classes,
    "probabilities swapped": swap_probabilities,
    "answer in float32": answer_in_float32,
    "categories swapped": swap_categories,
}
"""Faults of names and answers, by name."""
