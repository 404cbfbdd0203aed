"""How networks are trained: plain PyTorch, an epoch at a time, over one process or several.

Importing this package needs torch.
"""

from searcher.training.estimator import NetworkEstimator
from searcher.training.states import State, read_state, save_state, write_state
from searcher.training.trainer import EpochResult, Trainer

__all__ = [
    "EpochResult",
    "NetworkEstimator",
    "State",
    "Trainer",
    "read_state",
    "save_state",
    "write_state",
]
