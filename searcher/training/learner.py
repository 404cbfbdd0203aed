"""What one step does to the weights of a module."""

from typing import Any

import torch
from torch import Tensor, nn

from search_spaces.networks import TrainingSettings
from searcher.training import optimizers
from searcher.training.batches import Batch, Step
from searcher.training.losses import make_loss, total
from searcher.training.precision import Precision
from searcher.training.ranks import Ranks, without_exchange


class Learner:
    """A module with what changes it: loss, optimiser, precision, ranks.

    The gradient of a step is that of the mean loss over its rows, by their weights, wherever
    they are: each rank's sum is divided by the weight of all rows.
    """

    def __init__(
        self,
        module: nn.Module,
        settings: TrainingSettings,
        *,
        n_classes: int,
        ranks: Ranks,
        device: torch.device,
    ) -> None:
        self.module, self._n_classes, self._ranks = module, n_classes, ranks
        self._ranked = ranks.wrap(module, device)
        self._forward = torch.compile(self._ranked) if settings.compile else self._ranked
        self.loss = make_loss(settings, n_classes)
        self._optimizer = optimizers.make_optimizer(module, settings)
        self._precision = Precision(settings, device)

    def begin(self) -> None:
        """Put the module into training mode."""
        self._ranked.train()

    @property
    def is_finite(self) -> bool:
        """Whether all weights are numbers; the same on all ranks."""
        with torch.no_grad():
            return all(bool(weights.isfinite().all()) for weights in self.module.parameters())

    def take(self, step: Step, rate: float) -> Tensor:
        """Take a step at a learning rate; return the sum of its losses over this rank's rows."""
        self._optimizer.zero_grad()
        losses = []
        for batch in step.batches[:-1]:
            with without_exchange(self._ranked):
                losses.append(self._add_gradients(batch, step))
        losses.append(self._add_gradients(step.batches[-1], step))
        optimizers.set_rate(self._optimizer, rate)
        self._precision.step(self._optimizer, self.module.parameters())
        return torch.stack(losses).double().sum()

    def _add_gradients(self, batch: Batch, step: Step) -> Tensor:
        with self._precision.forward():
            outputs = self._forward(batch.X)
        loss = total(self.loss, outputs, batch.targets, self._n_classes)
        # DistributedDataParallel averages over the ranks, and their sum is wanted.
        self._precision.backward(loss * (self._ranks.world / step.weight).float())
        return loss.detach()

    def state(self) -> dict[str, Any]:
        """Say how module, optimiser and scaler are; tensors are not copied."""
        return {
            "module": self.module.state_dict(),
            "optimizer": optimizers.state_of(self._optimizer),
            "precision": self._precision.state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self.module.load_state_dict(state["module"])
        optimizers.load_state(self._optimizer, state["optimizer"])
        self._precision.load_state(state["precision"])
