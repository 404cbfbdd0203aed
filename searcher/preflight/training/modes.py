"""Whether training and evaluation mode differ in dropout and normalisation, and in nothing else."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from searcher.preflight.training.subject import Subject, drawing

BY_MODE = (_DropoutNd, _NormBase, nn.MultiheadAttention, nn.RNNBase, nn.RReLU)
"""PyTorch's layers (2.13) that do something else in training."""

CLOSE = 1e-3
"""Relative to the largest output: PyTorch's layers may compute otherwise in evaluation mode."""

Call = tuple[nn.Module, Any, Any]
"""A module, what it was given, and what it answered."""


def check_modes(subject: Subject) -> Iterator[str]:
    """Say what the mode does that it should not, and what it should do and does not."""
    module = subject.fresh().eval()
    before = _copied(module)
    settled, again = (_outputs(subject, module, seed) for seed in (0, 1))
    changed = [n for n, value in module.state_dict().items() if not _equal(value, before[n])]
    if changed:
        yield f"{changed[0]} changes in evaluation mode"
    if not _equal(settled, again):
        yield f"{_random_layer(subject, module)} draws at random in evaluation mode"
        return
    yield from _check_training(subject, settled)


def _check_training(subject: Subject, settled: Tensor) -> Iterator[str]:
    module = subject.fresh().train()
    before = _copied(module)
    one, other = (_outputs(subject, module, seed) for seed in (0, 1))
    if _equal(one, other) and (dropping := _dropping(module)):
        yield f"{dropping[0]} drops nothing out in training mode"
    after = module.state_dict()
    idle = [n for n in _statistics(module) if _equal(after[n], before[n])]
    if idle:
        yield f"{idle[0]} learns nothing in training mode"
    if _differs_otherwise(subject, settled):
        yield "its outputs differ by the mode for another reason than dropout and normalisation"


def _differs_otherwise(subject: Subject, settled: Tensor) -> bool:
    """Whether the rest in training mode answers otherwise, and not at random.

    What is random is taken for dropout that is no layer.
    """
    module = subject.fresh().train()
    for part in module.modules():
        if isinstance(part, BY_MODE):
            part.eval()
    one, other = (_outputs(subject, module, seed) for seed in (0, 1))
    largest = float(settled.abs().max())
    return _equal(one, other) and float((one - settled).abs().max()) > CLOSE * max(largest, 1e-6)


def _dropping(module: nn.Module) -> list[str]:
    return [n for n, part in module.named_modules() if isinstance(part, _DropoutNd) and part.p > 0]


def _statistics(module: nn.Module) -> list[str]:
    """Name the counters of the batches that normalisations have seen."""
    return [
        f"{name}.num_batches_tracked"
        for name, part in module.named_modules()
        if isinstance(part, _NormBase) and part.track_running_stats
    ]


def _outputs(subject: Subject, module: nn.Module, seed: int) -> Tensor:
    with torch.no_grad(), drawing(seed):
        outputs: Tensor = module(subject.few.X)
    return outputs


def _random_layer(subject: Subject, module: nn.Module) -> str:
    """Name the innermost module that answers otherwise to what is the same."""
    names = {part: name for name, part in module.named_modules()}
    first, second = (_calls(subject, module, seed) for seed in (0, 1))
    for (part, given, answer), (_, given_again, answer_again) in zip(first, second, strict=True):
        if _equal(given, given_again) and not _equal(answer, answer_again):
            return names[part] or "the network"
    return "the network"


def _calls(subject: Subject, module: nn.Module, seed: int) -> list[Call]:
    """Note what each module is given and answers, the innermost first."""
    calls: list[Call] = []

    def note(part: nn.Module, given: Any, answer: Any) -> None:
        calls.append((part, given, answer))

    handles = [part.register_forward_hook(note) for part in module.modules()]
    try:
        _outputs(subject, module, seed)
    finally:
        for handle in handles:
            handle.remove()
    return calls


def _copied(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor):
        return torch.equal(torch.nan_to_num(one), torch.nan_to_num(other))
    if isinstance(one, tuple | list):
        return all(_equal(a, b) for a, b in zip(one, other, strict=True))
    return True
