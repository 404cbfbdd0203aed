"""Population based bandits: as PBT, but a model of past gains chooses the new numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from search_spaces.parameters import Float, Integer, Parameter
from search_spaces.space import Configuration
from searcher.strategies.pb2_model import Floats, GainModel, to_unit, to_value
from searcher.strategies.pbt import Evolving
from searcher.strategies.population import Member, Population, Replacement
from searcher.strategies.population_selection import stream
from searcher.strategies.population_strategy import Evolution, PopulationStrategy

CANDIDATES = 512
"""Points drawn at which the model is asked; the most promising is taken."""

MOST_GAINS = 100
"""Latest gains that a model is made of: it takes the third power of their number."""

FEWEST_GAINS = 2
"""While there are fewer, numbers change as in PBT."""


class Pb2(PopulationStrategy):
    """Population based bandits (Parker-Holder, Nguyen and Roberts 2020, arXiv:2002.02518).

    PBT says who is replaced, and how choices change. Numbers are chosen by a Gaussian process of
    what a generation gains, over time, the score before it and the numbers, at its upper
    confidence bound. Ray's (2.60, tune/schedulers/pb2.py) models numbers on a linear scale, here
    each has its own; and settings of the model and proposals are taken from lists, not optimised,
    so that the last digits of a sum on another machine hardly ever change a decision.
    """

    kind: Literal["pb2"] = "pb2"

    def evolve(self, evolution: Evolution) -> Population:
        """Decide by the scores of all generations so far."""
        return Bandit(evolution)


class Point(NamedTuple):
    """Where a member stood at the beginning of a generation."""

    before: float  # its score then
    configuration: Configuration


class Gain(NamedTuple):
    """What a member gained in a generation."""

    generation: int
    point: Point
    gain: float


class Bandit:
    """PBT, and then a model's choice of the numbers.

    What the first generation gained is not known, as there is no score before it. So after it
    numbers change as in PBT.
    """

    def __init__(self, evolution: Evolution) -> None:
        self._evolution, self._evolving = evolution, Evolving(evolution)
        parameters = evolution.space.parameters
        numbers = {name: parameters[name] for name in parameters if name in evolution.mutable}
        self._numbers = {n: p for n, p in numbers.items() if isinstance(p, Float | Integer)}
        self._generation = 0
        self._gains: list[Gain] = []
        self._before: dict[str, float] = {}  # by trial id: score with which it went on

    @property
    def interval(self) -> int:
        """Units of resource in a generation."""
        return self._evolution.interval

    def next_generation(self, generation: int, members: Sequence[Member]) -> dict[str, Replacement]:
        """Replace whom PBT replaces.

        Raises
        ------
        ValueError
            If it is not the generation after the last one that was told.
        """
        if generation != self._generation + 1:
            raise ValueError(
                f"generation {generation} was told, and generation {self._generation + 1} is due"
            )
        self._generation = generation
        self._learn(members)
        replaced = self._evolving.next_generation(generation, members)
        chosen = self._choose(members, replaced)
        scores = {m.trial_id: m.score for m in members if m.score is not None}
        self._before = scores | {name: scores[r.source] for name, r in replaced.items()}
        return chosen

    def _learn(self, members: Sequence[Member]) -> None:
        """Keep what the generation gained for those who began and ended it with a score."""
        for member in members:
            before = self._before.get(member.trial_id)
            if before is not None and member.score is not None:
                point = Point(before, member.configuration)
                self._gains.append(Gain(self._generation, point, member.score - before))

    def _choose(
        self, members: Sequence[Member], replaced: Mapping[str, Replacement]
    ) -> dict[str, Replacement]:
        """Choose for one after the other; what was chosen counts as being tried for the next.

        As in Ray, the question is what would have gained most in the generation that is over,
        from where the source began it: there is data around that point, and none ahead of it.
        """
        chosen: dict[str, Replacement] = {}
        models: dict[tuple[str, ...], GainModel | None] = {}
        tried: list[Point] = []
        for place, member in enumerate(members):
            if member.trial_id not in replaced:
                continue
            source, explored = replaced[member.trial_id].source, replaced[member.trial_id]
            point = Point(self._before.get(source, 0.0), explored.configuration)
            names = tuple(name for name in self._numbers if name in point.configuration)
            if names not in models:
                models[names] = self._model(names)
            model = models[names]
            if model is not None:
                rng = stream(self._evolution.seed, self._generation, place, "candidates")
                point = self._best(model, names, point, tried, rng)
            tried.append(point)
            chosen[member.trial_id] = Replacement(source, point.configuration)
        return chosen

    def _model(self, names: Sequence[str]) -> GainModel | None:
        """Model the gains of configurations that have these numbers, if there are enough."""
        gains = [g for g in self._gains if _has(g.point, names)][-MOST_GAINS:]
        if not names or len(gains) < FEWEST_GAINS:
            return None
        return GainModel(
            np.array([float(g.generation) for g in gains]),
            self._inputs(names, [g.point for g in gains]),
            np.array([g.gain for g in gains]),
        )

    def _best(
        self,
        model: GainModel,
        names: Sequence[str],
        point: Point,
        tried: Sequence[Point],
        rng: np.random.Generator,
    ) -> Point:
        """Find the numbers that promise most, those of ``point`` among them."""
        own = self._inputs(names, [point])
        drawn = np.tile(own, (CANDIDATES, 1))
        drawn[:, 1:] = rng.random((CANDIDATES, len(names)))
        candidates = np.vstack([own, drawn])
        others = self._inputs(names, [p for p in tried if _has(p, names)])
        best = int(np.argmax(model.upper_bounds(self._generation, candidates, others)))
        if best == 0:
            return point
        values = {
            name: to_value(self._numbers[name], float(place))
            for name, place in zip(names, candidates[best, 1:], strict=True)
        }
        return Point(point.before, self._with(point.configuration, values, rng))

    def _with(
        self, configuration: Configuration, values: Mapping[str, Any], rng: np.random.Generator
    ) -> Configuration:
        """Put in the numbers; what applies because of them is drawn, what no longer does goes."""
        wanted = configuration | dict(values)

        def choose(name: str, parameter: Parameter) -> Any:
            return wanted[name] if name in wanted else parameter.sample(rng)

        return self._evolution.space.walk(choose)

    def _inputs(self, names: Sequence[str], points: Sequence[Point]) -> Floats:
        """Score before and numbers on their scales, shape (n_points, 1 + n_names)."""
        rows = [
            [p.before, *(to_unit(self._numbers[n], p.configuration[n]) for n in names)]
            for p in points
        ]
        return np.array(rows, dtype=np.float64).reshape(len(points), 1 + len(names))


def _has(point: Point, names: Sequence[str]) -> bool:
    return all(name in point.configuration for name in names)
