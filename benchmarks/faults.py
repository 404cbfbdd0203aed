"""Single faults that an ONNX file may have, seeded, put into any graph that has room for them.

A fault takes a random generator and a model, changes the model in place and says what it changed;
None if there is nothing there to change. It looks at the graph only, never at what wrote it.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto, helper, numpy_helper

from searcher.export.columns import FEATURES

Random: TypeAlias = np.random.Generator
Fault: TypeAlias = Callable[[Random, onnx.ModelProto], str | None]


def graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """Yield a graph and the bodies inside it."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from graphs(attribute.g)


def before_features(proto: onnx.ModelProto) -> set[str]:
    """Return the tensors that preprocessing reads or writes."""
    needed = {FEATURES}
    for node in reversed(proto.graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
    return needed


def nodes_of(proto: onnx.ModelProto, *kinds: str, before: bool | None = None) -> list[NodeProto]:
    """Return the nodes of these kinds, in preprocessing, in the estimator, or anywhere."""
    early = before_features(proto)
    found = [node for graph in graphs(proto.graph) for node in graph.node]
    return [
        node
        for node in found
        if node.op_type in kinds and (before is None or bool(early & set(node.output)) == before)
    ]


def constants(
    proto: onnx.ModelProto, kinds: str, *, before: bool | None = None
) -> list[TensorProto]:
    """Return the constants of these numpy kinds that something can be changed in."""
    early = before_features(proto)
    found = [tensor for graph in graphs(proto.graph) for tensor in graph.initializer]
    return [
        tensor
        for tensor in found
        if numpy_helper.to_array(tensor).dtype.kind in kinds
        and numpy_helper.to_array(tensor).size
        and (before is None or (tensor.name in early) == before)
    ]


def pick(rng: Random, choices: Any) -> Any:
    """Take one, or None of none."""
    return choices[int(rng.integers(len(choices)))] if len(choices) else None


def set_tensor(tensor: TensorProto, value: NDArray[Any]) -> None:
    """Replace what a constant holds."""
    tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))


def attributes(node: NodeProto) -> dict[str, AttributeProto]:
    """Return a node's attributes by name."""
    return {attribute.name: attribute for attribute in node.attribute}


def change_number(factor: float, *, before: bool) -> Fault:
    """Make the fault that multiplies one number of one constant."""

    def fault(rng: Random, proto: onnx.ModelProto) -> str | None:
        some = [
            tensor
            for tensor in constants(proto, "f", before=before)
            if np.any(_changeable(numpy_helper.to_array(tensor)))
        ]
        tensor = pick(rng, some)
        if tensor is None:
            return None
        value = numpy_helper.to_array(tensor).copy()
        place = pick(rng, np.flatnonzero(_changeable(value)))
        old = value.flat[place]
        value.flat[place] = old * value.dtype.type(factor)
        set_tensor(tensor, value)
        return f"{tensor.name}[{place}] {old!r} -> {value.flat[place]!r}"

    return fault


def _changeable(value: NDArray[Any]) -> NDArray[np.bool_]:
    return np.isfinite(value.ravel()) & (value.ravel() != 0)


def round_to_half(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Round one constant to 16 bits."""
    some = []
    for tensor in constants(proto, "f"):
        value = numpy_helper.to_array(tensor)
        with np.errstate(over="ignore"):
            rounded = value.astype(np.float16).astype(value.dtype)
        if not np.array_equal(rounded, value, equal_nan=True):
            some.append((tensor, rounded))
    if not some:
        return None
    tensor, rounded = pick(rng, some)
    set_tensor(tensor, rounded)
    return f"{tensor.name} in half precision"


def shift_index(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Add 1 to one whole number: of a shape, of a list of columns, of a table."""
    tensor = pick(rng, constants(proto, "iu"))
    if tensor is None:
        return None
    value = numpy_helper.to_array(tensor).copy()
    place = int(rng.integers(value.size))
    value.flat[place] += 1
    set_tensor(tensor, value)
    return f"{tensor.name}[{place}] + 1"


def swap_entries(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Swap two different entries of one constant."""
    some = [
        tensor
        for tensor in constants(proto, "fiuOSU")
        if len({str(v) for v in numpy_helper.to_array(tensor).ravel()[:2000]}) > 1
    ]
    tensor = pick(rng, some)
    if tensor is None:
        return None
    value = numpy_helper.to_array(tensor).copy()
    flat = value.reshape(-1)
    first = int(rng.integers(flat.size))
    second = int(pick(rng, np.flatnonzero(flat != flat[first])))
    flat[first], flat[second] = flat[second], flat[first]
    set_tensor(tensor, value)
    return f"{tensor.name}: {first} and {second} swapped"


def lose_step(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Let one step of the preprocessing pass its input on unchanged."""
    kinds = ("Sub", "Div", "Mul", "Add", "Where", "Cast", "Clip", "Floor", "Round", "MatMul")
    return _bypass(rng, [n for n in nodes_of(proto, *kinds, before=True) if n.input])


def lose_transform(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Let one step behind the estimator's scores pass its input on unchanged."""
    kinds = ("Softmax", "Exp", "Sigmoid", "Neg", "Div", "Sub", "Add", "Mul", "Sqrt", "Floor", "Log")
    return _bypass(rng, nodes_of(proto, *kinds, before=False))


def lose_cast(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Let a cast pass its input on as it is."""
    return _bypass(rng, nodes_of(proto, "Cast"))


def _bypass(rng: Random, some: list[NodeProto]) -> str | None:
    node = pick(rng, some)
    if node is None:
        return None
    said = f"{node.op_type} {node.name} passes on {node.input[0]}"
    node.CopyFrom(helper.make_node("Identity", [node.input[0]], list(node.output), name=node.name))
    return said


def swap_operands(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Swap two inputs of a node for which their order matters."""
    kinds = ("Sub", "Div", "Concat", "Gather", "Greater", "Where", "Less", "LessOrEqual")
    some = [n for n in nodes_of(proto, *kinds) if len(n.input) > 1 and n.input[-1] != n.input[-2]]
    node = pick(rng, some)
    if node is None:
        return None
    node.input[-1], node.input[-2] = node.input[-2], node.input[-1]
    return f"inputs of {node.op_type} {node.name} swapped"


def change_axis(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Work along the other axis."""
    found = nodes_of(proto, "Concat", "Gather", "Softmax", "ArgMax", "ArgMin")
    some = [node for node in found if "axis" in attributes(node)]
    node = pick(rng, some)
    if node is None:
        return None
    axis = attributes(node)["axis"]
    axis.i = 1 - axis.i
    return f"axis of {node.op_type} {node.name} is {axis.i}"


def change_sum(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Let a running sum leave out the last term, or run backwards."""
    node = pick(rng, nodes_of(proto, "CumSum"))
    if node is None:
        return None
    way = str(rng.choice(["exclusive", "reverse"]))
    node.attribute.append(helper.make_attribute(way, 1))
    return f"{way} {node.name}"


def change_ties(rng: Random, proto: onnx.ModelProto) -> str | None:
    """Decide ties the other way."""
    other = {"Greater": "GreaterOrEqual", "GreaterOrEqual": "Greater"}
    node = pick(rng, nodes_of(proto, "ArgMax", *other, before=False))
    if node is None:
        return None
    if node.op_type in other:
        node.op_type = other[node.op_type]
    else:
        attributes(node)["select_last_index"].i = 1
    return f"ties of {node.name}"


GRAPH_FAULTS: dict[str, Fault] = {
    "weight x1.01": change_number(1.01, before=False),
    "preprocessing constant x1.01": change_number(1.01, before=True),
    "preprocessing constant + 1e-7 of it": change_number(1 + 1e-7, before=True),
    "constant in half precision": round_to_half,
    "whole number + 1": shift_index,
    "two entries swapped": swap_entries,
    "preprocessing step lost": lose_step,
    "transform lost": lose_transform,
    "cast lost": lose_cast,
    "operands swapped": swap_operands,
    "other axis": change_axis,
    "sum changed": change_sum,
    "ties decided otherwise": change_ties,
}
"""Faults of any graph, by name."""
