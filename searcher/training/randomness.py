"""How PyTorch's global random state is borrowed for an epoch and given back."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def own_randomness(seed: int, epoch: int, rank: int, device: torch.device) -> Iterator[None]:
    """Let what draws from PyTorch, as dropout does, draw by seed, epoch and rank alone."""
    drawn = np.random.SeedSequence([seed, epoch, rank]).generate_state(1, np.uint64)[0]
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        # Not torch.manual_seed: it would seed all GPUs, and only one of them is put back.
        torch.default_generator.manual_seed(int(drawn))
        for one in devices:
            with torch.cuda.device(one):
                torch.cuda.manual_seed(int(drawn))
        yield
