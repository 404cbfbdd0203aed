"""What a rank is: its number among the others, and the process that holds it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cluster.ranks.meeting import Meeting, is_in_step, join


@dataclass(frozen=True, slots=True)
class Rank:
    """What a function that runs on all ranks is told of the one it runs on."""

    number: int  # 0 is the process that made the group
    world: int  # how many there are
    device: str  # "cpu", or "cuda" for the GPU that Ray gave to this process
    kept: dict[str, Any] = field(default_factory=dict)  # stays between calls, in this process


class Member:
    """The actor behind each rank but the first."""

    def __init__(self, rank: Rank) -> None:
        import torch.distributed  # noqa: F401 - seconds, while the other ranks start as well

        self._rank = rank

    def address(self) -> str:
        """Say at which address the other nodes reach this one."""
        import ray

        return str(ray.util.get_node_ip_address())

    def join(self, meeting: Meeting) -> None:
        """Enter the process group."""
        join(meeting, self._rank.number)

    def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Do this rank's part."""
        return function(self._rank, *args)

    def is_in_step(self) -> bool:
        """Meet the others once more."""
        return is_in_step()

    def outlast(self) -> None:
        """Return never: whoever asks hears only of the end of this process."""
        while True:
            time.sleep(3600.0)
