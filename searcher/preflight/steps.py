"""What is being tried: for whoever wants to say so while it lasts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Doing = Literal["training", "learning rates", "exports"]


@dataclass(frozen=True, slots=True)
class Step:
    """What is tried next, of the things that are tried one after the other."""

    doing: Doing
    what: str  # ``families.mlp.activation: 'relu'``
    number: int  # from 1
    of: int


OnStep: TypeAlias = Callable[[Step], object]


class Steps:
    """Counts what is tried, and tells it.

    Parameters
    ----------
    of
        How many there are.
    tell
        Called before each; None for nobody.
    """

    def __init__(self, doing: Doing, of: int, tell: OnStep | None) -> None:
        self._doing, self._of, self._tell = doing, of, tell
        self._done = 0

    def begin(self, what: str, *, together: int = 1) -> None:
        """Say what is tried now, which is so many at once."""
        if self._tell is not None:
            more = f" and {together - 1} more" if together > 1 else ""
            self._tell(Step(self._doing, what + more, self._done + 1, self._of))
        self._done += together

    def back(self, n: int) -> None:
        """Count so many once more: they are tried again, otherwise."""
        self._done -= n
