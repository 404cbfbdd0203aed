"""What the ranks of one training do together: share batches, average gradients, add up sums."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from searcher.errors import TrialError


@dataclass(frozen=True, slots=True)
class Ranks:
    """One process's place among those that train a module together.

    Raises
    ------
    TrialError
        If there is no such place, or ``torch.distributed`` is not set up for it.
    """

    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world:
            raise TrialError(f"there is no rank {self.rank} among {self.world}; the first is 0")
        if self.world == 1:
            return
        is_up = dist.is_available() and dist.is_initialized()
        found = (dist.get_rank(), dist.get_world_size()) if is_up else None
        if found != (self.rank, self.world):
            has = "no process group" if found is None else f"rank {found[0]} of {found[1]}"
            raise TrialError(
                f"rank {self.rank} of {self.world} was asked for; this process has {has}"
            )

    def share(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Every so manieth of a global batch's rows: theirs together are the batch."""
        return rows[self.rank :: self.world]

    def wrap(self, module: nn.Module, device: torch.device) -> nn.Module:
        """Make gradients the average over all ranks; all begin as rank 0 does.

        Buffers are not sent around afterwards: what they are follows from the global batches.
        """
        if self.world == 1:
            return module
        return DistributedDataParallel(
            module,
            device_ids=[device] if device.type == "cuda" else None,
            forward_sync_buffers=False,
        )

    def summed(self, sums: Tensor) -> Tensor:
        """Add up a tensor over all ranks, in place; all of them must call this."""
        if self.world > 1:
            dist.all_reduce(sums)
        return sums


def without_exchange(module: nn.Module) -> AbstractContextManager[None]:
    """Keep the gradients of what is done within on this rank, for a later exchange."""
    if isinstance(module, DistributedDataParallel):
        return module.no_sync()
    return nullcontext()
