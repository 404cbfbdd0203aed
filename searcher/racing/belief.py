"""What is believed of all configurations, learnt from the fold scores seen so far."""

import math

import numpy as np
from scipy.special import ndtr

from searcher.racing.coordinates import squared_distances
from searcher.racing.kernel import Booleans, Floats, Integers
from searcher.racing.likely import PRIOR, Likelihood, most_likely
from searcher.racing.posterior import Posterior

CLIP = 4.0
"""Robust standard deviations below its fold's median beyond which a score is no worse.

How bad a bad configuration is says nothing of the good ones, and would widen the scale.
"""

GROWTH = 1.3
"""The settings are chosen anew when there are so many times as many scores, and a few more."""


class Belief:
    """The scores seen, and a model of them (``searcher.racing.kernel``).

    Selection by scores does no harm as long as the model has seen these scores: what is missing
    depends on what was observed, which a likelihood may ignore (Rubin 1976, Biometrika 63).

    Parameters
    ----------
    n_folds
        Inner folds of a configuration that is not stopped.

    Attributes
    ----------
    scores
        Shape (n_configurations, n_folds); NaN where there is none.
    failed
        Whether a fit of the configuration failed, shape (n_configurations,).
    """

    def __init__(self, n_folds: int) -> None:
        self.scores: Floats = np.full((0, n_folds), np.nan)
        self.failed = np.zeros(0, dtype=bool)
        self._noise: Floats = np.zeros((0, n_folds))
        self._squared: Floats = np.zeros((0, 0))
        self._places: Floats | None = None
        self._settings, self._chosen_at = PRIOR, 0
        self._centres: Floats = np.zeros(n_folds)
        self._level, self._scale, self._floor = 0.0, 1.0, -math.inf
        self._posterior: Posterior | None = None

    def add(self, places: Floats) -> None:
        """Know of more configurations, at ``places`` (n, n_columns); NaN where nothing is known."""
        before = np.zeros((0, places.shape[1])) if self._places is None else self._places
        self._places = np.vstack([before, places])
        across = squared_distances(before, places)
        own = squared_distances(places, places)
        own[np.diag_indices_from(own)] = 0
        self._squared = np.block([[self._squared, across], [across.T, own]])
        more = np.full((len(places), self.scores.shape[1]), np.nan)
        self.scores = np.vstack([self.scores, more])
        self._noise = np.vstack([self._noise, np.zeros_like(more)])
        self.failed = np.append(self.failed, np.zeros(len(places), dtype=bool))
        self._posterior = None

    def only(self, kept: Integers) -> "Belief":
        """Return one of these configurations alone, in this order."""
        other = Belief(self.scores.shape[1])
        if self._places is not None:
            other.add(self._places[kept])
        other.scores, other.failed = self.scores[kept], self.failed[kept]
        other._noise = self._noise[kept]
        other._settings, other._chosen_at = self._settings, min(self._chosen_at, other.n_scores)
        return other

    def observe(self, configuration: int, fold: int, score: float, variance: float = 0.0) -> None:
        """Learn a score; one that is not finite rules its configuration out.

        Parameters
        ----------
        variance
            Of what is only estimated, like a score foreseen after a few boosting rounds.
        """
        if not math.isfinite(score):
            self.failed[configuration] = True
            return
        again = not np.isnan(self.scores[configuration, fold])
        self.scores[configuration, fold], self._noise[configuration, fold] = score, variance
        if self._posterior is None or again or self._is_time(self.n_scores):
            self._posterior = None
            return
        scaled = self._scaled(np.array([score]), np.array([fold]))[0]
        self._posterior.add((configuration, fold), scaled, variance / self._scale**2)

    @property
    def n_scores(self) -> int:
        """How many scores were seen."""
        return int(np.count_nonzero(~np.isnan(self.scores)))

    @property
    def complete(self) -> Integers:
        """Configurations with exact scores on all folds."""
        known = ~np.isnan(self.scores) & (self._noise == 0)
        return np.flatnonzero(known.all(axis=1) & ~self.failed)

    @property
    def posterior(self) -> Posterior:
        """Of every configuration's mean over all folds, in units of ``scale``.

        There must be a score.
        """
        if self._posterior is None:
            self._posterior = self._fit()
        return self._posterior

    @property
    def scale(self) -> float:
        """Standard deviation of the scores within a fold; 0 if all are equal."""
        if self._posterior is None:
            self._posterior = self._fit()
        return self._scale if self._varies else 0.0

    def standard_error(self) -> float:
        """Of a mean over all folds, in units of ``scale``: the noise of cross-validation itself."""
        settings = self.posterior.settings
        return math.sqrt((settings.interaction + settings.residual) / self.scores.shape[1])

    def gains(self, posterior: Posterior, reference: int) -> Floats:
        """By how much each configuration is expected to beat another, in standard errors, (n,).

        Expected improvement (Jones, Schonlau and Welch 1998, J. Global Optimization 13, equation
        15) of the means over all folds. Zero if all scores seen are equal.
        """
        if self.scale == 0:
            return np.zeros(len(self.scores))
        ahead = posterior.means - posterior.means[reference]
        deviations = posterior.deviations(reference)
        ratio = np.divide(ahead, deviations, out=np.zeros_like(ahead), where=deviations > 0)
        density = np.exp(-0.5 * ratio**2) / math.sqrt(2 * math.pi)
        gains = deviations * (density + ratio * ndtr(ratio))
        gains = np.where(deviations > 0, gains, np.maximum(ahead, 0))
        scaled: Floats = np.where(self.failed, -np.inf, gains / self.standard_error())
        return scaled

    def _is_time(self, n_scores: int) -> bool:
        return n_scores >= GROWTH * self._chosen_at + 4

    def _fit(self) -> Posterior:
        configurations, folds = np.nonzero(~np.isnan(self.scores))
        cells = configurations, folds
        self._rescale()
        scores = self._scaled(self.scores[cells], cells[1])
        noise = self._noise[cells] / self._scale**2
        if self._is_time(len(scores)):
            likelihood = Likelihood(self._squared, cells, scores, noise)
            self._settings = most_likely(likelihood, self._settings)
            self._chosen_at = len(scores)
        n_folds = self.scores.shape[1]
        return Posterior(self._settings, self._squared, n_folds, cells, scores, noise)

    def _rescale(self) -> None:
        seen: Booleans = np.asarray((~np.isnan(self.scores)).any(axis=0))
        self._level = float(np.nanmedian(self.scores))
        self._centres = np.full(len(seen), self._level)
        self._centres[seen] = np.nanmedian(self.scores[:, seen], axis=0)
        away = (self.scores - self._centres)[~np.isnan(self.scores)]
        spread = 1.4826 * float(np.median(np.abs(away)))
        self._floor = -CLIP * spread if spread > 0 else -math.inf
        kept = np.maximum(away, self._floor)
        freedom = max(len(kept) - int(np.count_nonzero(seen)), 1)
        scale = math.sqrt(float(kept @ kept) / freedom)
        self._varies = scale > 0
        self._scale = scale or 1.0

    def _scaled(self, scores: Floats, folds: Integers) -> Floats:
        centres = self._centres[folds]
        kept = np.maximum(scores - centres, self._floor) + centres
        scaled: Floats = (kept - self._level) / self._scale
        return scaled
