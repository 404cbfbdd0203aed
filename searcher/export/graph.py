"""Which nodes, constants and names an ONNX graph has while it is being written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import (
    AttributeProto,
    GraphProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
)

OPSET = 21  # of the default domain; IR version 10 came with it (onnx 1.16)
ML_OPSET = 5  # of ai.onnx.ml: the first with TreeEnsemble, the tree operator that takes float64
IR_VERSION = 10
ML_DOMAIN = "ai.onnx.ml"
CONTRIB_DOMAIN = "com.microsoft"  # operators of ONNX Runtime itself: only where there is no other
CONTRIB_OPSET = 1


class GraphBuilder:
    """A graph under construction; every method that computes something returns a tensor's name."""

    def __init__(self, *, reserved: Iterable[str] = ()) -> None:
        self.opset = OPSET
        self.ml_opset = ML_OPSET
        self._taken = set(reserved)
        self._domains: set[str] = set()
        self._inputs: list[ValueInfoProto] = []
        self._outputs: list[ValueInfoProto] = []
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def input(self, name: str, element_type: int, shape: Sequence[str | int]) -> str:
        """Declare an input of the graph, under exactly this name."""
        self._taken.add(name)
        self._inputs.append(helper.make_tensor_value_info(name, element_type, shape))
        return name

    def output(self, name: str, element_type: int, shape: Sequence[str | int]) -> None:
        """Declare that the tensor of this name is an output of the graph."""
        self._outputs.append(helper.make_tensor_value_info(name, element_type, shape))

    def constant(self, value: NDArray[Any], hint: str = "constant") -> str:
        """Store a constant; strings come as an array of objects."""
        name = self.unique(hint)
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(
        self, op: str, *inputs: str, domain: str = "", name: str | None = None, **attributes: Any
    ) -> str:
        """Append a node with one output, called ``name`` (which must be a reserved one) if given.

        Attributes may be arrays: integers are stored as a list of integers, all else as a tensor.
        """
        output = name or self.unique(op.lower())
        self._domains.add(domain)
        node = NodeProto(op_type=op, domain=domain, name=output, input=inputs, output=[output])
        node.attribute.extend(_attribute(key, attributes[key]) for key in sorted(attributes))
        self._nodes.append(node)
        return output

    def append(self, nodes: Iterable[NodeProto], constants: Iterable[TensorProto]) -> None:
        """Append foreign nodes whose names are known to clash with nothing."""
        self._nodes.extend(nodes)
        self._constants.extend(constants)

    def inner(self) -> "GraphBuilder":
        """Begin the body of a node of this graph (``Scan``): it can use this graph's tensors."""
        body = GraphBuilder()
        body._taken = self._taken  # a name inside must not hide one outside
        body._domains = self._domains
        return body

    def body(self) -> GraphProto:
        """Return what an attribute ``body`` holds."""
        return helper.make_graph(
            self._nodes, self.unique("body"), self._inputs, self._outputs, self._constants
        )

    def unique(self, hint: str) -> str:
        """Make up a name that nothing else in the graph has."""
        name, number = hint, 0
        while name in self._taken:
            number += 1
            name = f"{hint}_{number}"
        self._taken.add(name)
        return name

    def build(self, metadata: Mapping[str, str]) -> onnx.ModelProto:
        """Return the finished model, without what no output needs.

        The same calls give the same bytes.
        """
        nodes, constants = self._needed()
        graph = helper.make_graph(nodes, "searcher", self._inputs, self._outputs, constants)
        opsets = {"": self.opset, ML_DOMAIN: self.ml_opset}
        if CONTRIB_DOMAIN in self._domains:
            opsets[CONTRIB_DOMAIN] = CONTRIB_OPSET
        model = helper.make_model(
            graph,
            producer_name="searcher",
            ir_version=IR_VERSION,
            opset_imports=[helper.make_opsetid(*opset) for opset in opsets.items()],
        )
        helper.set_model_props(model, {key: metadata[key] for key in sorted(metadata)})
        return model

    def _needed(self) -> tuple[list[NodeProto], list[TensorProto]]:
        """Leave out the label of an ensemble's member, say, of which only probabilities count."""
        needed = {output.name for output in self._outputs}
        nodes = []
        for node in reversed(self._nodes):
            if needed & set(node.output):
                needed |= set(_reads(node))
                nodes.append(node)
        return nodes[::-1], [tensor for tensor in self._constants if tensor.name in needed]


def _reads(node: NodeProto) -> Iterator[str]:
    """Yield what a node reads, in its bodies too."""
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:
            yield from _reads(inner)
        yield from (output.name for output in attribute.g.output)


def _attribute(key: str, value: Any) -> AttributeProto:
    if not isinstance(value, np.ndarray):
        return helper.make_attribute(key, value)
    if np.issubdtype(value.dtype, np.int64):
        # helper.make_attribute looks at every element: seconds for a forest of 100,000 nodes
        return AttributeProto(name=key, type=AttributeProto.INTS, ints=value.tolist())
    return AttributeProto(name=key, type=AttributeProto.TENSOR, t=numpy_helper.from_array(value))
