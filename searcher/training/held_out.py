"""Training rows that only tell when to stop, and the loss on them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from search_spaces.estimators.holding_out import hold_out
from search_spaces.networks import TrainingSettings
from searcher.training.batches import Rows
from searcher.training.losses import OfRows, total
from searcher.training.prediction import AT_ONCE
from searcher.training.ranks import Ranks


def held_out(
    y: NDArray[Any], settings: TrainingSettings, *, seed: int, n_classes: int
) -> NDArray[np.bool_]:
    """Mark the rows to hold out; none, if training never stops early or there are too few."""
    if not settings.patience:
        return np.zeros(len(y), dtype=bool)
    return hold_out(y, seed=seed, is_classifier=bool(n_classes))


def mean_loss(module: nn.Module, rows: Rows, loss: OfRows, n_classes: int, ranks: Ranks) -> float:
    """Mean over the rows, by their weights; each rank looks at its share, all must call this."""
    module.eval()
    summed = torch.zeros((), dtype=torch.float64, device=rows.X.device)
    mine = torch.from_numpy(ranks.share(np.arange(len(rows))))
    with torch.no_grad():
        for some in torch.split(mine, AT_ONCE) if len(mine) else ():  # fewer rows than ranks
            targets = ((rows.y[some], rows.weight[some]),)
            summed += total(loss, module(rows.X[some]), targets, n_classes)
    return float(ranks.summed(summed) / rows.weight.double().sum())
