"""Whether a file holds the weights of a fitted network, bit by bit.

Answers can't show a weight that is an ulp off, nor a row of an embedding that no row asks for. So
each parameter and buffer is read from the module and looked for in the file, under its own name.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

if TYPE_CHECKING:  # an import of this package needs no torch
    from torch import nn


def compare_weights(graph: onnx.GraphProto, estimator: Any) -> tuple[str, str | None]:
    """Compare a file with a fitted network: what was compared, and the first difference, in words.

    A tensor that the module computes nothing with need not be there. Which ones these are is not
    taken from what wrote the file: NaN in their place has to change no answer.

    Parameters
    ----------
    graph
        Whole: what else it holds does no harm.
    """
    module = estimator.module_
    found = _by_name(graph)
    compared, difference = 0, None
    for name, wanted in _tensors(module):
        said = _missing(found.get(name, {}), name, wanted)
        if said and name not in found and _is_idle(module, name, estimator.n_features_in_):
            continue
        compared += wanted.size
        difference = difference or said
    return f"{compared} weights of {type(module).__name__}", difference


def _tensors(module: "nn.Module") -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield each parameter and floating buffer once; counters of batches are none."""
    yield from ((name, tensor.detach().numpy()) for name, tensor in module.named_parameters())
    for name, tensor in module.named_buffers():
        if tensor.is_floating_point():
            yield name, tensor.numpy()


def _by_name(graph: onnx.GraphProto) -> Mapping[str, Mapping[str, NDArray[Any]]]:
    """Sort constants by what their names say behind the prefix: of each network one."""
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for tensor in graph.initializer:
        _, _, name = tensor.name.partition("/")
        found.setdefault(name, {})[tensor.name] = numpy_helper.to_array(tensor)
    return found


def _missing(candidates: Mapping[str, NDArray[Any]], name: str, wanted: NDArray[Any]) -> str | None:
    """Say that no constant of this name is this tensor, and where the first one differs."""
    said = ""
    for key, array in candidates.items():
        if array.dtype != wanted.dtype or array.shape != wanted.shape:
            kinds = (f"{each.dtype} {each.shape}" for each in (array, wanted))
            said = said or f"; {key!r} is {', not '.join(kinds)}"
            continue
        got, whole = array.ravel(), np.ascontiguousarray(wanted).ravel()
        unequal = np.flatnonzero(got.view(np.uint8) != whole.view(np.uint8))
        if not len(unequal):
            return None
        i = int(unequal[0]) // wanted.itemsize
        said = said or f"; {key!r} has {float(got[i])!r} for {float(whole[i])!r} at {i}"
    return f"no constant of the file is the network's {name}{said}"


def _is_idle(module: "nn.Module", name: str, n_features: int) -> bool:
    """Tell whether no answer depends on a tensor, to a row of zeros or one where all is missing."""
    import torch

    broken = deepcopy(module)
    dict([*broken.named_parameters(), *broken.named_buffers()])[name].data.fill_(torch.nan)
    rows = torch.stack([torch.zeros(n_features), torch.full((n_features,), torch.nan)])
    with torch.no_grad():
        return torch.allclose(module(rows), broken(rows), rtol=0, atol=0, equal_nan=True)
