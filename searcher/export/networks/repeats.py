"""Which nodes and constants of a graph say what another one has said before."""

from collections.abc import Hashable, Iterator, Mapping, Set

import onnx
from onnx import NodeProto, TensorProto


def drop_repeats(graph: onnx.GraphProto, *, weights: Set[str]) -> None:
    """Keep one of equal nodes and of equal constants, and no node that passes its input on.

    An exporter writes the same shape anew for each layer. ONNX Runtime would drop such nodes on
    loading; here they would be most of a small network's file.

    Parameters
    ----------
    graph
        Without nodes that draw at random: of these no two are equal.
    weights
        Constants that stay, whatever they are equal to.
    """
    instead: dict[str, str] = {}
    constants = list(_constants(graph, weights, instead))
    nodes = list(_nodes(graph, instead))
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(constants)


def _constants(
    graph: onnx.GraphProto, weights: Set[str], instead: dict[str, str]
) -> Iterator[TensorProto]:
    """Yield those that stay, and note which others are read in place of the rest."""
    seen: dict[bytes, str] = {}
    for tensor in graph.initializer:
        copy = TensorProto.FromString(tensor.SerializeToString())
        copy.ClearField("name")
        first = tensor.name
        if first not in weights:
            first = seen.setdefault(copy.SerializeToString(), first)
        if first == tensor.name:
            yield TensorProto.FromString(tensor.SerializeToString())
        else:
            instead[tensor.name] = first


def _nodes(graph: onnx.GraphProto, instead: dict[str, str]) -> Iterator[NodeProto]:
    """Yield those that stay, reading what stays."""
    answers = {value.name for value in graph.output}
    seen: dict[Hashable, NodeProto] = {}
    for node in graph.node:
        copy = NodeProto.FromString(node.SerializeToString())
        rename_inputs(copy, instead)
        if answers & set(node.output):
            yield copy
        elif copy.op_type == "Identity":
            instead[copy.output[0]] = copy.input[0]
        elif (first := seen.setdefault(_key(copy), copy)) is copy:
            yield copy
        else:
            instead |= dict(zip(copy.output, first.output, strict=True))


def rename_inputs(node: NodeProto, new: Mapping[str, str]) -> None:
    """Rename what a node reads, in its bodies too; a name inside hides none outside."""
    node.input[:] = [new.get(name, name) for name in node.input]
    for attribute in node.attribute:
        for body in [attribute.g, *attribute.graphs]:
            for inner in body.node:
                rename_inputs(inner, new)
            for value in body.output:
                value.name = new.get(value.name, value.name)


def _key(node: NodeProto) -> Hashable:
    """Return what two nodes have to share so that one will do."""
    attributes = sorted(entry.SerializeToString(deterministic=True) for entry in node.attribute)
    return node.domain, node.op_type, tuple(node.input), len(node.output), tuple(attributes)
