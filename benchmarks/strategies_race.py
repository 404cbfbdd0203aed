"""One contestant on one task: epochs are spent until there are none left."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from benchmarks.strategies_contestants import Contestant
from benchmarks.strategies_surrogate import EPOCHS
from search_spaces.space import Configuration

Curve = Callable[[Configuration], NDArray[Any]]


@dataclass
class Run:
    """What a contestant did; JSON holds it."""

    proposed: int = 0
    thought_s: float = 0.0  # CPU, for proposals and decisions
    complete: list[tuple[int, float]] = field(default_factory=list)  # epochs spent, last accuracy


class Race:
    """``slots`` trials at once, one epoch each in turn, as equal workers would take them."""

    def __init__(self, contestant: Contestant, curve: Curve, *, slots: int) -> None:
        self._contestant, self._curve = contestant, curve
        self._trials: list[tuple[Any, NDArray[Any]] | None] = [None] * slots
        self._epochs = [0] * slots  # of the trial in each slot
        self.run = Run()

    def spend(self, epochs: int) -> Run:
        """Train for ``epochs`` epochs in sum; trials that run then are left as they are."""
        for spent in range(1, epochs + 1):
            self._train(spent % len(self._trials), spent)
        return self.run

    def _train(self, slot: int, spent: int) -> None:
        trial, curve = self._trials[slot] or self._start(slot)
        self._epochs[slot] += 1
        epoch = self._epochs[slot]
        began = time.process_time()
        goes_on = self._contestant.tell(trial, epoch, float(curve[epoch - 1]))
        self.run.thought_s += time.process_time() - began
        if epoch == EPOCHS:
            self.run.complete.append((spent, float(curve[-1])))
        if not goes_on:
            self._trials[slot] = None

    def _start(self, slot: int) -> tuple[Any, NDArray[Any]]:
        began = time.process_time()
        trial, configuration = self._contestant.ask()
        self.run.thought_s += time.process_time() - began
        self.run.proposed += 1
        started = trial, self._curve(configuration)
        self._trials[slot], self._epochs[slot] = started, 0
        return started
