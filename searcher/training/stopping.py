"""When to stop before the last epoch, and which weights were the best until then."""

import math
from typing import Any

from torch import nn

from searcher.training.states import copied


class Stopping:
    """Early stopping (Prechelt 1998, doi:10.1007/3-540-49430-8_3): best weights, and patience.

    Parameters
    ----------
    patience
        Epochs without a better loss after which training has stopped; 0 never stops.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._best_loss, self._waited = math.inf, 0
        self.best_weights: dict[str, Any] | None = None

    @property
    def has_stopped(self) -> bool:
        """Whether the best loss is too long ago."""
        return 0 < self._patience <= self._waited

    def see(self, loss: float, module: nn.Module) -> None:
        """Take the loss on the rows held out after an epoch."""
        if loss < self._best_loss:
            self._best_loss, self._waited = loss, 0
            self.best_weights = copied(module.state_dict())
        else:
            self._waited += 1

    def state(self) -> dict[str, Any]:
        """Best loss and weights, and how long ago they were."""
        return {"loss": self._best_loss, "waited": self._waited, "weights": self.best_weights}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._best_loss, self._waited = float(state["loss"]), int(state["waited"])
        self.best_weights = state["weights"]
