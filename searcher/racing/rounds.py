"""Which configuration to train how far on which fold, where fits can stop early and go on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from searcher.racing.belief import Belief
from searcher.racing.kernel import Floats
from searcher.racing.posterior import Posterior
from searcher.racing.prefixes import Prefixes
from searcher.racing.race import choose, first_cells

TOLERANCE = 0.03
"""As for ``Race``; larger, as most fits are only foreseen."""

CAUTION = 3.0
"""How many times the variance of what is foreseen counts.

The errors of one configuration's fits are alike, so that averaging over folds helps less.
"""

GROWTH = 1.3
"""Complete curves are learnt from again when there are so many times as many."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One fit of a configuration on a fold, to be trained up to ``size`` units of resource."""

    configuration: int
    fold: int
    size: int


class RoundsRace:
    """A race (``searcher.racing.race``) whose fits may be short.

    A short fit counts as a score that is known up to a variance (``searcher.racing.prefixes``).
    Of the configuration with the greatest expected gain, the fold and size are taken that tell
    most for their cost, where a fit that goes on costs only what is added. One fit at a time.

    Parameters
    ----------
    places
        Shape (n_configurations, n_columns), from ``coordinates``; NaN where nothing is known.
    n_folds
        Inner folds of a configuration that is not stopped.
    sizes
        Where a fit is scored, in units of resource, ascending; the last one is a whole fit.
    tolerance
        The race ends when no gain expected is larger, in standard errors of a mean over all folds.
    """

    def __init__(
        self,
        places: Floats,
        n_folds: int,
        *,
        sizes: Sequence[int],
        seed: int,
        tolerance: float = TOLERANCE,
    ) -> None:
        self._belief, self._tolerance, self._sizes = Belief(n_folds), tolerance, list(sizes)
        self._belief.add(places)
        self._curves = np.full((len(places), n_folds, len(sizes)), np.nan)
        self._first = self._looks(seed)
        self._prefixes: Prefixes | None = None
        self._learnt_from = 0

    def next(self) -> Stretch | None:
        """Fit that is worth most for its cost; None when the race is over.

        A fit that was there before goes on from where it was.
        """
        if self._first:
            return self._first.pop(0)
        if self._belief.n_scores == 0:
            return self._untried()
        self._learn()
        is_open = np.isnan(self._curves[:, :, -1]).any(axis=1) & ~self._belief.failed
        if not is_open.any():
            return None
        posterior = self._belief.posterior
        chosen = choose(self._belief, posterior, is_open, self._tolerance)
        return None if chosen is None else self._most_for_its_cost(posterior, *chosen)

    def observe(self, stretch: Stretch, scores: Sequence[float]) -> None:
        """Learn the scores of a fit at all sizes up to its own, larger is better."""
        place = stretch.configuration, stretch.fold
        if not np.isfinite(scores).all():
            self._belief.observe(*place, np.nan)
            return
        self._curves[place][: len(scores)] = scores
        if len(scores) == len(self._sizes):
            self._belief.observe(*place, scores[-1])
        elif self._prefixes is not None:
            self._foresee(*place, self._prefixes)

    @property
    def winner(self) -> int | None:
        """Best of the configurations that have whole fits on all folds; None before."""
        complete = self._belief.complete
        if not len(complete):
            return None
        return int(complete[self._belief.scores[complete].mean(axis=1).argmax()])

    def _looks(self, seed: int) -> list[Stretch]:
        """Begin with whole fits, two a fold, to learn what short ones are worth; then short ones.

        A look at many is cheap, and where neighbours tell little much is lost without it.
        """
        n, n_folds, n_sizes = self._curves.shape
        sizes = [self._sizes[-1]] * 2 * n_folds + [self._sizes[max(n_sizes - 3, 0)]] * n
        cells = first_cells(n, n_folds, seed=seed)
        return [Stretch(c.configuration, c.fold, s) for c, s in zip(cells, sizes, strict=False)]

    def _untried(self) -> Stretch | None:
        """Choose when all that were tried have failed."""
        left = np.flatnonzero(~self._belief.failed)
        return Stretch(int(left[0]), 0, self._sizes[-1]) if len(left) else None

    def _learn(self) -> None:
        whole = ~np.isnan(self._curves[:, :, -1])
        n_whole = int(np.count_nonzero(whole))
        if n_whole < max(2, GROWTH * self._learnt_from):
            return
        self._learnt_from = n_whole
        folds = np.nonzero(whole)[1]
        self._prefixes = Prefixes(self._curves[whole], folds, self._curves.shape[1])
        for configuration, fold in np.argwhere(~whole & ~np.isnan(self._curves[:, :, 0])):
            self._foresee(int(configuration), int(fold), self._prefixes)

    def _foresee(self, configuration: int, fold: int, prefixes: Prefixes) -> None:
        n_sizes = self._n_sizes(configuration, fold)
        score = prefixes.foresee(self._curves[configuration, fold, :n_sizes].tolist(), fold)
        variance = max(CAUTION * prefixes.variance(n_sizes), 1e-300)  # never as good as a whole fit
        self._belief.observe(configuration, fold, score, variance)

    def _n_sizes(self, configuration: int, fold: int) -> int:
        return int(np.count_nonzero(~np.isnan(self._curves[configuration, fold])))

    def _most_for_its_cost(
        self, posterior: Posterior, configuration: int, reference: int | None
    ) -> Stretch:
        left = np.flatnonzero(np.isnan(self._curves[configuration, :, -1]))
        done = np.array([self._n_sizes(configuration, int(fold)) for fold in left])
        spent = np.array([0, *self._sizes])[done]
        best, worth = Stretch(configuration, 0, 0), -1.0
        for number, size in enumerate(self._sizes):
            if size < self._sizes[-1] and self._prefixes is None:
                continue
            further = done <= number
            noise = np.array([self._variance_added(n, number + 1) for n in done[further]])
            told = posterior.reductions(configuration, left[further], reference, noise)
            told /= size - spent[further]
            if len(told) and told.max() > worth:
                best = Stretch(configuration, int(left[further][told.argmax()]), size)
                worth = told.max()
        return best

    def _variance_added(self, done: int, n_sizes: int) -> float:
        """Variance, in squared scales, of a score that tells what the longer fit adds."""
        if self._prefixes is None or n_sizes == len(self._sizes):
            return 0.0
        after, scale = CAUTION * self._prefixes.variance(n_sizes), self._belief.scale or 1.0
        if done == 0:
            return after / scale**2
        before = CAUTION * self._prefixes.variance(done)
        # A longer fit that foresees no better tells nothing: as good as no observation.
        left = 1 / after - 1 / before if 0 < after < before else 1e-12
        return 1 / left / scale**2
