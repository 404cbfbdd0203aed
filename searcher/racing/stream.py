"""Whether a configuration goes on after a fold, when configurations arrive one by one."""

import numpy as np

from searcher.racing.belief import Belief
from searcher.racing.kernel import Floats

TOLERANCE = 0.03
"""Expected gain that is not worth another fold, in standard errors of cross-validation itself."""

MOST = 200
"""Configurations that are compared at once; the work of a decision grows with their cube."""


class Stream:
    """Stop a configuration once it is unlikely to beat the incumbent by much.

    The incumbent is the configuration with the best expected mean over all folds among those that
    are complete or still run; it may not have finished. A stop is for good. All configurations
    should take the folds in the same order. Beyond ``most`` configurations the oldest quarter is
    forgotten of those that have stopped, failed or are complete, but for the incumbent.

    Parameters
    ----------
    n_folds
        Inner folds of a configuration that is not stopped.
    n_columns
        Of ``coordinates``, if places are told.
    tolerance
        A configuration stops when its expected gain is not larger, in standard errors of a mean
        over all folds.
    most
        Configurations that are compared at once.
    """

    def __init__(
        self,
        n_folds: int,
        *,
        n_columns: int = 1,
        tolerance: float = TOLERANCE,
        most: int = MOST,
    ) -> None:
        self._belief, self._tolerance, self._n_columns = Belief(n_folds), tolerance, n_columns
        self._most = most
        self._numbers: dict[str, int] = {}
        self._stopped: set[int] = set()
        self._forgotten: set[str] = set()
        self.gains: dict[tuple[str, int], float] = {}
        """Expected gain at each decision, by configuration and number of its scores then."""

    def add(self, configuration_id: str, place: Floats | None = None) -> None:
        """Expect scores of a configuration; ``place`` is its row of ``coordinates``, if known.

        One that is there already is left as it is.
        """
        if configuration_id not in self._numbers and configuration_id not in self._forgotten:
            if len(self._numbers) >= self._most:
                self._forget()
            self._numbers[configuration_id] = len(self._numbers)
            nowhere = np.full(self._n_columns, np.nan)
            self._belief.add((nowhere if place is None else place)[None, :])

    def observe(self, configuration_id: str, fold: int, score: float) -> bool:
        """Learn a score, larger is better; say whether the configuration goes on.

        A score that is not finite is a failure, and stops its configuration. Nobody stops before
        there is somebody else to compare with; who has scores on all folds is not asked. Of one
        that is forgotten nothing is learnt, and it does not go on.
        """
        if configuration_id in self._forgotten:
            return False
        number = self._numbers[configuration_id]
        self._belief.observe(number, fold, score)
        goes_on = not self._belief.failed[number] and self._goes_on(configuration_id, number)
        if not goes_on:
            self._stopped.add(number)
        return goes_on

    def keep(self, configuration_id: str) -> None:
        """Count on one that was to stop: it runs on, or has run to its end all the same."""
        if configuration_id in self._numbers:
            self._stopped.discard(self._numbers[configuration_id])

    def incumbent(self) -> str | None:
        """Return who has the best expected mean of those not stopped; None at first."""
        best = self._best_beside(None)
        return None if best is None else list(self._numbers)[best]

    def _forget(self) -> None:
        ended = [*np.flatnonzero(self._belief.failed), *self._belief.complete]
        over = self._stopped | {int(number) for number in ended}
        over -= {self._best_beside(None)}
        dropped = sorted(over)[: len(self._numbers) // 4]
        kept = np.setdiff1d(np.arange(len(self._numbers)), dropped)
        names = list(self._numbers)
        self._forgotten |= {names[number] for number in dropped}
        self._belief = self._belief.only(kept)
        now = {int(number): place for place, number in enumerate(kept)}
        self._stopped = {now[number] for number in self._stopped if number in now}
        self._numbers = {names[number]: place for number, place in now.items()}

    def _goes_on(self, configuration_id: str, number: int) -> bool:
        if number in self._belief.complete:
            return True
        rival = self._best_beside(number)
        if rival is None:
            return True
        gain = float(self._belief.gains(self._belief.posterior, rival)[number])
        n_scores = int(np.count_nonzero(~np.isnan(self._belief.scores[number])))
        self.gains[configuration_id, n_scores] = gain
        return gain > self._tolerance

    def _best_beside(self, number: int | None) -> int | None:
        has_scores = ~np.isnan(self._belief.scores).all(axis=1) & ~self._belief.failed
        rivals = [i for i in np.flatnonzero(has_scores) if i != number and i not in self._stopped]
        if not rivals:
            return None
        return int(rivals[int(self._belief.posterior.means[rivals].argmax())])
