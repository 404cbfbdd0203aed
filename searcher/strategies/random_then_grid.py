"""A broad random part of the budget, then a narrow grid around the best that it found."""

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from search_spaces.space import Configuration
from searcher.spec import Strategy
from searcher.strategies.base import Problem, TuneParts


class RandomThenGrid(Strategy):
    """Explore at random, then refine around the incumbent."""

    kind: Literal["random_then_grid"] = "random_then_grid"
    random_share: float = Field(0.7, gt=0, lt=1, description="part of the budget drawn at random")
    points: int = Field(3, ge=2, description="grid values of each numeric parameter")
    width: float = Field(0.2, gt=0, le=1, description="grid's part of each parameter's range")

    def build(self, problem: Problem) -> TuneParts:
        """Random draws, then a shuffled grid over ``width`` of each range around the incumbent."""
        from searcher.strategies.listed import ListedSearcher, draw, shuffled_grid

        class Refining(ListedSearcher):
            """Remembers the best completed configuration until the grid is laid around it."""

            def __init__(self) -> None:
                self._proposed: dict[str, Configuration] = {}
                self._best: tuple[float, Configuration] | None = None
                super().__init__(problem, configurations(self))

            def suggest(self, trial_id: str) -> dict[str, Any] | str:
                """Next configuration, remembered by trial."""
                configuration = super().suggest(trial_id)
                if isinstance(configuration, dict):
                    self._proposed[trial_id] = configuration
                return configuration

            def recall(
                self, trial_id: str, configuration: Configuration, *, own: bool = True
            ) -> None:
                """Recall it, remembered by trial."""
                super().recall(trial_id, configuration, own=own)
                self._proposed[trial_id] = configuration

            def on_trial_complete(
                self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
            ) -> None:
                """Keep the incumbent; failed trials teach nothing."""
                configuration = self._proposed.pop(trial_id, None)
                score = None if error or result is None else result.get("score")
                if configuration is None or score is None:
                    return
                if self._best is None or score > self._best[0]:
                    self._best = (score, configuration)

            @property
            def centre(self) -> Configuration:
                """What the grid is laid around: the incumbent, else the first default."""
                return self._best[1] if self._best else problem.initial[0]

        def configurations(searcher: Refining) -> Iterator[Configuration]:
            drawn = max(1, round(self.random_share * problem.planned) - len(problem.initial))
            random = draw(problem.space, seed=problem.seed)
            yield from (next(random) for _ in range(drawn))
            narrow = problem.space.around(searcher.centre, share=self.width)
            yield from shuffled_grid(narrow, points=self.points, seed=problem.seed)
            yield from random  # the grid was smaller than what was left of the budget

        return TuneParts(Refining())
