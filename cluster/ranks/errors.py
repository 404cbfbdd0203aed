"""What can go wrong with ranks that is not the fault of what they compute."""

from collections.abc import Iterable


class RankDiedError(RuntimeError):
    """Ranks died, never started, or lost each other: a failure of machines, not of the function.

    Attributes
    ----------
    ranks
        Numbers of the ranks that are known to be gone; empty when they lost each other alive.
    """

    def __init__(self, message: str, ranks: Iterable[int] = ()) -> None:
        super().__init__(message)
        self.ranks = tuple(ranks)

    def __reduce__(self) -> tuple[type["RankDiedError"], tuple[str, tuple[int, ...]]]:
        """Travel between processes with both arguments."""
        return type(self), (str(self), self.ranks)


class NodeLeavesError(RuntimeError):
    """The node is about to go, as was announced; what is to survive it is safe by now."""


class TooManyRanksError(ValueError):
    """More ranks than there are CPUs or GPUs for: they would wait for each other for ever."""
