"""What a generation is likely to gain: a Gaussian process whose past counts less and less."""

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from search_spaces.parameters import Float, Integer

LENGTHS = (0.1, 0.2, 0.5, 1.0)
"""Distances over which gains are alike, where each input runs from 0 to 1."""

FORGETTING = (0.01, 0.1, 0.3)
"""Part of what a generation tells that the next one does not; Ray allows 0.00001 to 0.5."""

NOISES = (0.01, 0.1, 0.5)
"""Variance of the noise, as a part of the whole."""

CLIPPED = 2.0
"""Standard deviations beyond which a gain counts no more: Ray's ``standardize``."""

Floats = NDArray[np.float64]


class GainModel:
    """Gains over time and inputs, by the time-varying kernel of Bogunovic et al. 2016.

    AISTATS, PMLR 51, the kernel of PB2: a squared exponential of the inputs times
    ``(1 - forgetting) ** (|t - t'| / 2)``. Its three settings are those of a short list under
    which the gains are most likely.

    Parameters
    ----------
    times
        Generation of each gain, shape (n,).
    inputs
        Shape (n, d). The first column, the score before, is scaled to 0 to 1 here; the others are.
    gains
        Scores gained, shape (n,).
    """

    def __init__(self, times: Floats, inputs: Floats, gains: Floats) -> None:
        self._times = times
        self._low, self._width = inputs[:, 0].min(), np.ptp(inputs[:, 0]) or 1.0
        self._inputs = self._scaled(inputs)
        spread = gains.std() or 1.0
        self._gains = np.clip((gains - gains.mean()) / spread, -CLIPPED, CLIPPED)
        self.length, self.forgetting, self.noise = self._most_likely()

    def upper_bounds(self, time: float, candidates: Floats, tried: Floats) -> Floats:
        """Bound what each candidate may gain, in standard deviations of the gains.

        Mean plus ``sqrt(0.2 + ln(0.4 n))`` times the variance, not its root: Ray's ``UCB`` (2.60,
        tune/schedulers/pb2_utils.py), which proposes less of what is merely unknown. Points that
        are being tried make their neighbours more certain and no better (Desautels, Krause and
        Burdick 2014, JMLR 15).

        Parameters
        ----------
        time
            Generation that gains.
        candidates, tried
            Inputs in that generation, shapes (m, d) and (k, d).

        Returns
        -------
        Shape (m,).
        """
        new = np.full(len(candidates), time)
        candidates, tried = self._scaled(candidates), self._scaled(tried)
        between = self._kernel(new, candidates, self._times, self._inputs)
        mean = between @ np.linalg.solve(self._covariance(self._times, self._inputs), self._gains)
        times = np.append(self._times, np.full(len(tried), time))
        inputs = np.vstack([self._inputs, tried])
        root = np.linalg.cholesky(self._covariance(times, inputs))
        towards = self._kernel(times, inputs, new, candidates)
        explained = solve_triangular(root, towards, lower=True, check_finite=False)
        variance = np.maximum(1 - self.noise - (explained**2).sum(axis=0), 0)
        beta = 0.2 + max(0.0, math.log(0.4 * len(self._gains)))
        return np.asarray(mean + math.sqrt(beta) * variance)

    def _scaled(self, inputs: Floats) -> Floats:
        before = (inputs[:, :1] - self._low) / self._width
        return np.hstack([before, inputs[:, 1:]])

    def _most_likely(self) -> tuple[float, float, float]:
        """Find the settings with the largest marginal likelihood; the first of equals."""
        best, found = -math.inf, (LENGTHS[0], FORGETTING[0], NOISES[0])
        near = [self._near(self._inputs, self._inputs, length) for length in LENGTHS]
        late = [self._late(self._times, self._times, forgetting) for forgetting in FORGETTING]
        for (length, space), (forgetting, time) in product(
            zip(LENGTHS, near, strict=True), zip(FORGETTING, late, strict=True)
        ):
            alike = space * time
            for noise in NOISES:
                covariance = (1 - noise) * alike + noise * np.eye(len(alike))
                likelihood = _log_likelihood(covariance, self._gains)
                if likelihood > best:
                    best, found = likelihood, (length, forgetting, noise)
        return found

    def _covariance(self, times: Floats, inputs: Floats) -> Floats:
        return self._kernel(times, inputs, times, inputs) + self.noise * np.eye(len(times))

    def _kernel(self, times: Floats, inputs: Floats, others: Floats, there: Floats) -> Floats:
        alike = self._near(inputs, there, self.length) * self._late(times, others, self.forgetting)
        return (1 - self.noise) * alike

    @staticmethod
    def _near(inputs: Floats, there: Floats, length: float) -> Floats:
        squared = ((inputs[:, None, :] - there[None, :, :]) ** 2).sum(axis=-1)
        return np.asarray(np.exp(-squared / (2 * length**2)))

    @staticmethod
    def _late(times: Floats, others: Floats, forgetting: float) -> Floats:
        return np.asarray((1 - forgetting) ** (np.abs(times[:, None] - others[None, :]) / 2))


def _log_likelihood(covariance: Floats, gains: Floats) -> float:
    """Logarithm of the marginal likelihood, less what is the same for all settings."""
    root = np.linalg.cholesky(covariance)
    white = solve_triangular(root, gains, lower=True, check_finite=False)
    return float(-0.5 * white @ white - np.log(np.diag(root)).sum())


def to_unit(parameter: Float | Integer, value: float) -> float:
    """Place of a value on its scale, from 0 at the low end to 1 at the high one."""
    low, high = _ends(parameter)
    place = math.log(value) if parameter.log else value
    return (place - low) / (high - low) if high > low else 0.0


def to_value(parameter: Float | Integer, place: float) -> float:
    """Value that is allowed and nearest to a place on the scale."""
    low, high = _ends(parameter)
    on_scale = low + place * (high - low)
    value: float = parameter.nearest(math.exp(on_scale) if parameter.log else on_scale)
    return value


def _ends(parameter: Float | Integer) -> tuple[float, float]:
    if parameter.log:
        return math.log(parameter.low), math.log(parameter.high)
    return float(parameter.low), float(parameter.high)
