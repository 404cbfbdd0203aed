"""Which of PyTorch's optimisers changes a module's parameters, and with what."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from search_spaces.networks import TrainingSettings

Groups = list[dict[str, Any]]


def make_optimizer(module: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    """PyTorch's optimiser of that name; its learning rate is set before each step.

    Biases and the parameters of normalisations, all of one dimension, do not decay (He et al. 2019,
    arXiv:1812.01187, section 3.1).
    """
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    groups = [
        {
            "params": [parameter for parameter in trained if parameter.dim() > 1],
            "weight_decay": settings.weight_decay,
        },
        {
            "params": [parameter for parameter in trained if parameter.dim() <= 1],
            "weight_decay": 0.0,
        },
    ]
    kept = [group for group in groups if group["params"]]
    return OPTIMIZERS[settings.optimizer](kept, settings)


def _adamw(groups: Groups, settings: TrainingSettings) -> torch.optim.Optimizer:
    """Loshchilov & Hutter 2019 (arXiv:1711.05101)."""
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


def _adam(groups: Groups, settings: TrainingSettings) -> torch.optim.Optimizer:
    """Kingma & Ba 2015 (arXiv:1412.6980)."""
    return torch.optim.Adam(groups, lr=settings.learning_rate)


def _sgd(groups: Groups, settings: TrainingSettings) -> torch.optim.Optimizer:
    """Sutskever et al. 2013 (ICML), as PyTorch has it."""
    return torch.optim.SGD(groups, lr=settings.learning_rate, momentum=settings.momentum)


def _rmsprop(groups: Groups, settings: TrainingSettings) -> torch.optim.Optimizer:
    """Tieleman & Hinton 2012, as PyTorch has it."""
    return torch.optim.RMSprop(groups, lr=settings.learning_rate, momentum=settings.momentum)


OPTIMIZERS: dict[str, Callable[[Groups, TrainingSettings], torch.optim.Optimizer]] = {
    "adamw": _adamw,
    "adam": _adam,
    "sgd": _sgd,
    "rmsprop": _rmsprop,
}


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the next step."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def state_of(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Say what it remembers of each parameter, without its settings."""
    return {"kind": type(optimizer).__name__, "memory": optimizer.state_dict()["state"]}


def load_state(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Go on from a state, with the optimiser's own settings; one of another kind starts afresh."""
    if state["kind"] != type(optimizer).__name__:
        return
    memory = copy.deepcopy(state["memory"])  # else both would change the same tensors
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": memory, "param_groups": groups})
