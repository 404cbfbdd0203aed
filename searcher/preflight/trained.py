"""What came of trying to train a network, and which choices are to blame for what failed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["passed", "failed", "not built", "not tried"]


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of one choice."""

    path: str  # families.<reference>[.<parameter>]
    family: str  # as written in the spec
    parameter: str | None  # None: the default configuration
    value: Any
    default: Any  # the parameter's value in the default configuration, if it has one
    outcome: Outcome
    reason: str | None = None
    loss: float | None = None  # before training: cross-entropy, or mean squared error
    expected: float | None = None  # the same of a network that knows nothing
    steps: int | None = None  # in which a few rows were learnt by heart
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """Where, and what: ``families.mlp.activation: 'relu'``."""
        return self.path if self.parameter is None else f"{self.path}: {self.value!r}"


def failures(trained: Sequence[Trained]) -> Iterator[Trained]:
    """Yield choices that failed beside a default configuration that did not."""
    for default, others in _families(trained):
        if default.outcome != "failed":
            yield from (each for each in others if each.outcome == "failed")


def hopeless(trained: Sequence[Trained]) -> Iterator[str]:
    """Say whose default configuration can't be trained, and which values would cure it."""
    for default, others in _families(trained):
        if default.outcome == "failed":
            cures = [each.name for each in others if each.outcome == "passed"]
            instead = f"; what can: {', '.join(cures)}" if cures else ""
            yield (
                f"{default.path}: its default configuration can't be trained: "
                f"{default.reason}{instead}"
            )


def _families(trained: Sequence[Trained]) -> Iterator[tuple[Trained, list[Trained]]]:
    """Yield each family's default configuration, with its other choices."""
    families: dict[str, list[Trained]] = defaultdict(list)
    for each in trained:
        families[each.family].append(each)
    for default, *others in families.values():
        yield default, others
