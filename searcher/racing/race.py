"""Which configuration to fit on which fold next, when all configurations are known beforehand."""

from dataclasses import dataclass

import numpy as np

from searcher.racing.belief import Belief
from searcher.racing.kernel import Booleans, Floats, Integers
from searcher.racing.posterior import Posterior

TOLERANCE = 0.01
"""Expected gain that is not worth another fit, in standard errors of cross-validation itself."""

FIRST = 50
"""Configurations that are fitted once, each on the next fold, before any is passed over.

What neighbours tell is not enough: with 10 of 48 fitted first, the recorded tables of families
with many parameters lost ten times as much (docs/benchmarks_racing.md).
"""

BOUND = 1.0
"""Standard deviations added to the mean while no configuration is complete."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One fit: which configuration on which fold."""

    configuration: int
    fold: int


class Race:
    """Choose fits one after the other until no other configuration is likely to win.

    Folds as tasks of one Gaussian process, after Swersky, Snoek and Adams (2013, Multi-Task
    Bayesian Optimization, NIPS, section 4.2), over a finite list of configurations. The
    configuration with the greatest expected gain over the best complete one is fitted on the fold
    that tells most of their difference. Fits may be handed out before earlier ones have ended,
    and scores of fits that were not handed out are welcome.

    Parameters
    ----------
    places
        Shape (n_configurations, n_columns), from ``coordinates``; NaN where nothing is known.
    n_folds
        Inner folds of a configuration that is not stopped.
    tolerance
        The race ends when no gain expected is larger, in standard errors of a mean over all folds.
    """

    def __init__(
        self, places: Floats, n_folds: int, *, seed: int, tolerance: float = TOLERANCE
    ) -> None:
        self._belief, self._tolerance = Belief(n_folds), tolerance
        self._belief.add(places)
        self._first = first_cells(len(places), n_folds, seed=seed)
        self._taken = np.zeros((len(places), n_folds), dtype=bool)

    def next(self) -> Cell | None:
        """Fit that is worth most now; None: none is, as long as no other score arrives.

        When nothing runs and there is none, the race is over.
        """
        cell = self._next_first() or self._choose()
        if cell is not None:
            self._taken[cell.configuration, cell.fold] = True
        return cell

    def observe(self, cell: Cell, score: float) -> None:
        """Learn the score of a fit, larger is better; one that is not finite is a failure."""
        self._taken[cell.configuration, cell.fold] = True
        self._belief.observe(cell.configuration, cell.fold, score)

    @property
    def winner(self) -> int | None:
        """Best of the configurations that have scores on all folds; None before there is one."""
        complete = self._belief.complete
        if not len(complete):
            return None
        return int(complete[self._belief.scores[complete].mean(axis=1).argmax()])

    def _next_first(self) -> Cell | None:
        while self._first:
            cell = self._first.pop(0)
            if self._is_open()[cell.configuration, cell.fold]:
                return cell
        return None

    def _choose(self) -> Cell | None:
        is_open = self._is_open()
        if not is_open.any() or (self._belief.n_scores == 0 and self._running().size):
            return None
        if self._belief.n_scores == 0:  # all that were tried have failed
            return Cell(*(int(place) for place in np.argwhere(is_open)[0]))
        posterior = foresee(self._belief.posterior, self._running())
        has_open: Booleans = np.asarray(is_open.any(axis=1))
        chosen = choose(self._belief, posterior, has_open, self._tolerance)
        if chosen is None:
            return None
        configuration, reference = chosen
        folds = np.flatnonzero(is_open[configuration])
        told = posterior.reductions(configuration, folds, reference)
        return Cell(configuration, int(folds[told.argmax()]))

    def _is_open(self) -> Booleans:
        left: Booleans = ~self._taken & ~self._belief.failed[:, None]
        return left

    def _running(self) -> Integers:
        waits = self._taken & np.isnan(self._belief.scores) & ~self._belief.failed[:, None]
        return np.argwhere(waits)


def first_cells(n_configurations: int, n_folds: int, *, seed: int) -> list[Cell]:
    """Draw the configurations that are fitted before any choice, and go round the folds."""
    order = np.random.default_rng(seed).permutation(n_configurations)
    n_first = min(n_configurations, max(2 * n_folds, FIRST))
    return [Cell(int(c), place % n_folds) for place, c in enumerate(order[:n_first])]


def foresee(posterior: Posterior, running: Integers) -> Posterior:
    """Be as certain as when the fits that run, (n, 2), will have ended."""
    if len(running):
        posterior = posterior.copy()
    for configuration, fold in running:
        posterior.add((int(configuration), int(fold)), None)
    return posterior


def choose(
    belief: Belief, posterior: Posterior, is_open: Booleans, tolerance: float
) -> tuple[int, int | None] | None:
    """Return the configuration worth another fit, and whom it has to beat; None if none is.

    Parameters
    ----------
    is_open
        Whether there are fits left of each configuration, shape (n,).
    """
    complete = belief.complete
    if not len(complete):
        return _before_any_is_complete(belief, posterior, is_open)
    reference = int(complete[posterior.means[complete].argmax()])
    gains = np.where(is_open, belief.gains(posterior, reference), -np.inf)
    best = int(gains.argmax())
    return (best, reference) if gains[best] > tolerance else None


def _before_any_is_complete(
    belief: Belief, posterior: Posterior, is_open: Booleans
) -> tuple[int, int | None]:
    if belief.scale == 0:  # all are equal so far: whoever is nearest to the end
        n_scores = np.count_nonzero(~np.isnan(belief.scores), axis=1)
        return int(np.where(is_open, n_scores, -1).argmax()), None
    means = np.where(belief.failed, -np.inf, posterior.means)
    leader = int(means.argmax())
    bounds = means + BOUND * posterior.deviations(leader)
    best = int(np.where(is_open, bounds, -np.inf).argmax())
    return best, None if best == leader else leader
