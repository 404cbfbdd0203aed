"""Stochastic weight averaging: the mean of the weights at the ends of the last epochs."""

from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, update_bn

from search_spaces.networks import TrainingSettings

SHARE = 4  # the last quarter; Izmailov et al. 2018 (arXiv:1803.05407), section 4.1


class Averaging:
    """The mean of a module's weights over the last quarter of the epochs, one at least.

    The statistics of batch normalisations are not averaged but found anew for the mean weights,
    by a pass over the training rows (Izmailov et al. 2018, section 3.2).
    """

    def __init__(self, settings: TrainingSettings) -> None:
        # Epochs after which it begins; all of them, if it never does.
        n_averaged = max(1, settings.epochs // SHARE) if settings.average_weights else 0
        self.begins_after = settings.epochs - n_averaged
        self._averaged: AveragedModel | None = None

    @property
    def module(self) -> nn.Module | None:
        """With the mean weights; None before the first."""
        return None if self._averaged is None else self._averaged.module

    def see(self, module: nn.Module, batches: Iterable[Tensor]) -> None:
        """Take in the weights after an epoch; ``batches`` hold all features."""
        if self._averaged is None:
            self._averaged = AveragedModel(module)
        self._averaged.update_parameters(module)
        update_bn(batches, self._averaged)

    def state(self) -> dict[str, Any] | None:
        """Mean weights and their number."""
        return None if self._averaged is None else self._averaged.state_dict()

    def load_state(self, state: dict[str, Any] | None, module: nn.Module) -> None:
        """Go on from a state; ``module`` says how the weights are laid out."""
        self._averaged = None
        if state is not None:
            self._averaged = AveragedModel(module)
            self._averaged.load_state_dict(state)
