"""In which arithmetic gradients are found; weights, losses and predictions are float32."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from search_spaces.networks import TrainingSettings

TYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


class Precision:
    """Mixed precision (Micikevicius et al. 2018, arXiv:1710.03740).

    Losses are scaled for float16 alone, so that small gradients do not vanish in it; a step whose
    gradients overflow is left out, and the next loss is scaled less.
    """

    def __init__(self, settings: TrainingSettings, device: torch.device) -> None:
        self._clip_norm = settings.clip_norm
        self._device, self._type = device.type, TYPES.get(settings.precision)
        self._scaler = torch.amp.GradScaler(device.type, enabled=settings.precision == "float16")

    def forward(self) -> AbstractContextManager[Any]:
        """Enter what a module is called in."""
        enabled = self._type is not None
        return torch.autocast(self._device, dtype=self._type, enabled=enabled)

    def backward(self, loss: Tensor) -> None:
        """Add a loss's gradients to what is there."""
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # torch 2.13

    def step(self, optimizer: torch.optim.Optimizer, parameters: Iterable[nn.Parameter]) -> None:
        """Clip the gradients, change the parameters (Pascanu et al. 2013, arXiv:1211.5063)."""
        self._scaler.unscale_(optimizer)
        if self._clip_norm:
            nn.utils.clip_grad_norm_(parameters, self._clip_norm)
        self._scaler.step(optimizer)
        self._scaler.update()

    def state(self) -> dict[str, Any]:
        """Say how losses are scaled, for float16."""
        return self._scaler.state_dict()

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state; one of another precision has nothing to say."""
        if state and self._scaler.is_enabled():
            self._scaler.load_state_dict(state)
