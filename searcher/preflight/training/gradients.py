"""Whether gradients are finite and reach every layer of a network."""

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from searcher.preflight.training.subject import Subject, drawing
from searcher.training.batches import Rows

LOST = torch.finfo(torch.float32).eps
"""A layer's gradient, beside the largest, below which rounding has more to say."""

Gradients = Mapping[str, Tensor | None]


def check_gradients(subject: Subject) -> Iterator[str]:
    """Name frozen and unused parameters, gradients that are no numbers, and layers without any.

    A category that none of the rows has can't move its vector: so a layer may also be reached by
    rows whose gaps are filled.
    """
    module = subject.fresh()
    frozen = [name for name, weight in module.named_parameters() if not weight.requires_grad]
    rows = subject.few
    seen = gradients_of(subject, module, rows)
    full = Rows(torch.nan_to_num(rows.X), rows.y, rows.weight)
    filled = gradients_of(subject, module, full)
    broken = [n for n, g in seen.items() if g is not None and not bool(g.isfinite().all())]
    unused = [n for n, g in seen.items() if g is None and filled[n] is None and n not in frozen]
    if frozen:
        yield f"{_listed(frozen)} can't learn: requires_grad is False"
    if unused:
        yield f"{_listed(unused)} can't learn: the loss does not depend on it"
    if broken:
        yield f"the first gradient of {_listed(broken)} is infinite or NaN"
    if not (frozen or unused or broken) and (lost := unreached(seen, filled)):
        yield f"no gradient reaches {_listed(lost)}"


def gradients_of(subject: Subject, module: nn.Module, rows: Rows) -> dict[str, Tensor | None]:
    """Compute the gradient of the mean loss over rows in each parameter; None: not used."""
    module.train().zero_grad()
    with drawing(subject.seed):
        subject.mean_loss(module(rows.X), rows).backward()  # type: ignore[no-untyped-call]
    return {
        name: None if weight.grad is None else weight.grad.clone()
        for name, weight in module.named_parameters()
    }


def unreached(seen: Gradients, filled: Gradients) -> list[str]:
    """Name layers whose gradients, taken together, are lost beside the largest of any layer.

    Taken together: the bias before a batch normalisation rightly gets none.
    """
    layers: dict[str, float] = {}
    for gradients in (seen, filled):
        for name, gradient in gradients.items():
            if gradient is not None:
                layer = name.rpartition(".")[0] or name
                size = float(gradient.square().mean().sqrt())
                layers[layer] = max(layers.get(layer, 0.0), size if math.isfinite(size) else 0.0)
    largest = max(layers.values(), default=0.0)
    return [layer for layer, size in layers.items() if size <= LOST * largest]


def _listed(names: list[str], most: int = 3) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
