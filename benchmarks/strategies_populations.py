"""Populations in the benchmarks of strategies: members that copy each other between generations."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

from numpy.typing import NDArray

from benchmarks.strategies_race import Curve, Run
from benchmarks.strategies_surrogate import EPOCHS, EVOLVES
from search_spaces.space import Configuration, Space
from searcher.spec import Strategy
from searcher.strategies.base import Problem, TuneParts
from searcher.strategies.listed import key
from searcher.strategies.pb2 import Pb2
from searcher.strategies.pbt import Pbt
from searcher.strategies.population import Member

State = TypeVar("State")
Train = Callable[[State | None, Configuration], tuple[State, float]]
"""One epoch on: from a state, None at first, to the next one and its score; changes neither."""


class Evolution(Generic[State]):
    """All members of a population, one epoch each in turn; the ``initial`` ones are fixed."""

    def __init__(
        self, parts: TuneParts, train: Train[State], *, members: int, initial: int
    ) -> None:
        self._population, self._train, self._initial = parts.population, train, initial
        self.run = Run()
        self.configurations: dict[str, Configuration] = {}
        self.states: dict[str, State] = {}
        self.scores: dict[str, float] = {}
        for number in range(members):
            began = time.process_time()
            self.configurations[str(number)] = parts.searcher.suggest(str(number))
            self.run.thought_s += time.process_time() - began
        self.run.proposed = members

    def spend(self, epochs: int) -> Run:
        """Train every member for ``epochs`` epochs; decide after each generation but the last."""
        spent = 0
        for epoch in range(1, epochs + 1):
            for trial_id, configuration in self.configurations.items():
                state, score = self._train(self.states.get(trial_id), configuration)
                self.states[trial_id], self.scores[trial_id] = state, score
                spent += 1
                if epoch == epochs:
                    self.run.complete.append((spent, score))
            generation, left = divmod(epoch, self._population.interval)
            if left == 0 and epoch < epochs:
                self._decide(generation)
        return self.run

    def _decide(self, generation: int) -> None:
        members = [
            Member(trial_id, configuration, self.scores[trial_id], fixed=place < self._initial)
            for place, (trial_id, configuration) in enumerate(self.configurations.items())
        ]
        began = time.process_time()
        replaced = self._population.next_generation(generation, members)
        self.run.thought_s += time.process_time() - began
        before = dict(self.states)
        for trial_id, replacement in replaced.items():
            self.states[trial_id] = before[replacement.source]
            self.configurations[trial_id] = replacement.configuration
        self.run.proposed += len(replaced)


def on_new_curve(
    curves: Curve, state: int | None, configuration: Configuration
) -> tuple[int, float]:
    """Suppose that a copy stands where its new configuration would, trained from the beginning."""
    epoch = 1 + (state or 0)
    return epoch, float(curves(configuration)[epoch - 1])


def held_back(
    curves: Curve,
    state: tuple[int, float] | None,
    configuration: Configuration,
) -> tuple[tuple[int, float], float]:
    """Suppose that a copy starts from the accuracy copied, and gains no more than the new curve.

    Nor is it ever above the new curve.
    """
    curve = curves(configuration)
    if state is None:
        return (1, float(curve[0])), float(curve[0])
    epoch, accuracy = state
    gain = max(0.0, float(curve[epoch] - curve[epoch - 1]))
    accuracy = min(float(curve[epoch]), accuracy + gain)
    return (epoch + 1, accuracy), accuracy


Assumption = Callable[[Curve, Any, Configuration], tuple[Any, float]]


class Entrant:
    """A strategy that evolves a population, and what is supposed of copies in a table of curves."""

    def __init__(self, strategy: Strategy, assumption: Assumption) -> None:
        self._strategy, self._assumption = strategy, assumption

    def spend(
        self, space: Space, default: Configuration, seed: int, curve: Curve, *, trainings: int
    ) -> Run:
        """Spend ``trainings`` times ``EPOCHS`` epochs: one training is a member."""
        problem = Problem(space, (default,), trainings, EPOCHS, seed, evolves=EVOLVES)
        known: dict[str, NDArray[Any]] = {}

        def curves(configuration: Configuration) -> NDArray[Any]:
            name = key(configuration)
            if name not in known:
                known[name] = curve(configuration)
            return known[name]

        train = partial(self._assumption, curves)
        parts = self._strategy.build(problem)
        return Evolution(parts, train, members=trainings, initial=1).spend(EPOCHS)


POPULATIONS: dict[str, Entrant] = {
    "pbt, new curve": Entrant(Pbt(), on_new_curve),
    "pbt, held back": Entrant(Pbt(), held_back),
    "pb2, new curve": Entrant(Pb2(), on_new_curve),
    "pb2, held back": Entrant(Pb2(), held_back),
}
