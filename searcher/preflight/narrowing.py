"""What range tests say about the learning rates of a family."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from search_spaces.parameters import text
from searcher.checks import Finding

RATE = "learning_rate"


@dataclass(frozen=True, slots=True)
class RangeTest:
    """What a range test of one optimiser says."""

    optimizer: str
    falls: float | None  # rate from which on the loss falls; None: it did not
    breaks: float | None  # rate at which all that was learnt is lost again; None: it was not


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What the range tests of a family leave of its learning rates."""

    reference: str
    old: tuple[float, float]
    new: tuple[float, float]
    tests: tuple[RangeTest, ...]
    is_kept: bool  # the spec says which rates to try, and they stay
    late: str | None = None  # why there are no tests

    @property
    def is_applied(self) -> bool:
        """Whether fewer rates are tried because of it."""
        return self.new != self.old and not self.is_kept

    @property
    def change(self) -> Mapping[str, Any]:
        """What a spec would say."""
        return {"low": self.new[0], "high": self.new[1]}

    @property
    def finding(self) -> Finding:
        """Old and new bounds, and why."""
        path, old, new = f"families.{self.reference}.{RATE}", _range(self.old), _range(self.new)
        said = self.late or "; ".join(map(_said, self.tests))
        begin = f"{path} is searched from {old}"
        advice = (
            "The range test leaves it as it is" if self.tests else "The range test was given up"
        )
        if self.is_applied:
            begin = f"{path} is searched from {new}, not from {old}"
            wanted = f"{{low: {text(self.old[0])}, high: {text(self.old[1])}}}"
            advice = f"To search all of it, set {path} to {wanted}"
        elif self.is_kept and self.new != self.old:
            begin, advice = f"{begin}, as the spec says", f"The range test would leave {new}"
        ends = (*self.old, *self.new)
        numbers = dict(zip(("old_low", "old_high", "low", "high"), ends, strict=True))
        return Finding(RATE, "note", (), numbers, f"{begin} ({said})", advice)


def _range(ends: tuple[float, float]) -> str:
    return f"{text(ends[0])} to {text(ends[1])}"


def _said(test: RangeTest) -> str:
    falls = "does not fall" if test.falls is None else f"falls from {test.falls:.2g} on"
    breaks = "" if test.breaks is None else f", and what was learnt is lost at {test.breaks:.2g}"
    return f"{test.optimizer}: the loss {falls}{breaks}"
