"""What a trained module says of rows, a bounded number at a time."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

AT_ONCE = 4096  # rows: enough to keep a GPU busy, few enough for images


def outputs_of(module: nn.Module, X: NDArray[Any], device: torch.device) -> Tensor:
    """Compute outputs for features (n_samples, n_features), float32, on the CPU."""
    module.eval()
    features = torch.tensor(np.asarray(X, dtype=np.float32))
    with torch.inference_mode():
        parts = [module(part.to(device)).float().cpu() for part in torch.split(features, AT_ONCE)]
    return torch.cat(parts)
