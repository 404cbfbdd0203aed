"""Which learning rates a network can use: a range test, and what it leaves of the prior.

Smith 2017, "Cyclical Learning Rates for Training Neural Networks" (arXiv:1506.01186), section 3.3:
the rate grows from step to step, and the loss is watched. Here it grows by a factor, as in
fastai's ``lr_find`` (2.8, ``callback/schedule.py``), and never stops before the end.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.networks.parameters import DEFAULT
from search_spaces.parameters import Categorical, Float
from searcher.candidates import Candidate
from searcher.preflight.alarm import TooSlowError, at_most
from searcher.preflight.narrowing import RATE, Narrowing, RangeTest
from searcher.preflight.sample import Sample
from searcher.preflight.training.subject import CPU, Subject, drawing, one_thread
from searcher.training.alterations import Alterations
from searcher.training.batches import Batches, Step
from searcher.training.learner import Learner
from searcher.training.ranks import Ranks

STEPS = 60
LIMIT_S = 30.0
LARGEST_BATCH = 32
MEMORY = 0.8  # of the running mean of losses, whose beginning is corrected as Adam's is
N_FIRST = 5  # losses whose mean is where it began
MOST = 4.0  # times where it began: a loss above that counts as this
LEAST_FALL = 0.05  # share of the first loss, below which a fall is taken for noise (ours)
BEGUN = 0.1  # share of the fall after which the loss has begun to fall (ours)
KEPT = 0.5  # share of the fall; a loss that never falls so far again is lost (ours)
BEYOND = 3.0  # times the rate at which it is lost: it is not the same each time (ours)
FEWEST_TIMES = 10.0
"""How much lower than where the loss begins to fall the range goes on at least: a training has so
many times the steps of the test, or more (ours)."""


def narrow_rates(
    candidate: Candidate,
    sample: Sample,
    *,
    n_rows: int,
    is_kept: bool,
    limit_s: float = LIMIT_S,
) -> Narrowing | None:
    """Test each optimiser of a family's space, and take the range of the rates that one can use.

    Parameters
    ----------
    candidate
        A family that builds networks.
    n_rows
        Rows that a training has about: the more steps, the lower the rates that get somewhere.
    is_kept
        Whether the range is the spec's own, and stays.
    limit_s
        When so many seconds of CPU are spent, the range stays; in the main thread only.

    Returns
    -------
    narrowing
        None if there is no range of learning rates, or it is not of factors.
    """
    prior = candidate.space.parameters.get(RATE)
    if not isinstance(prior, Float) or not prior.log:
        return None
    old = prior.low, prior.high
    try:
        with one_thread(), at_most(limit_s):
            tests = tuple(
                range_test(Subject.of(candidate.family, configuration, sample), *old)
                for configuration in _configurations(candidate)
            )
    except TooSlowError as error:
        return Narrowing(candidate.reference, old, old, (), is_kept, str(error))
    slower = max(FEWEST_TIMES, _steps_of_training(candidate, n_rows) / STEPS)
    new = remaining(prior, tests, slower=slower, default=candidate.default[RATE])
    return Narrowing(candidate.reference, old, new, tests, is_kept)


def range_test(subject: Subject, low: float, high: float) -> RangeTest:
    """Train for ``STEPS`` steps, at rates from ``low`` to ``high``."""
    rates = np.geomspace(low, high, STEPS)
    losses = np.fromiter(_losses(subject, rates), dtype=np.float64)
    falls, breaks = read_curve(rates, losses)
    return RangeTest(subject.settings.optimizer, falls, breaks)


def read_curve(
    rates: NDArray[np.float64], losses: NDArray[np.float64]
) -> tuple[float | None, float | None]:
    """Say at which rate the loss begins to fall, and from which on half of it is lost for good.

    A loss that rises once, as with RMSprop's first steps, and comes back is no break.

    Parameters
    ----------
    rates : array of shape (n_steps,)
        Growing.
    losses : array of shape (n_done,)
        Of the first so many steps; fewer than ``rates`` if then there were no numbers any more.
    """
    ended = float(rates[len(losses)]) if len(losses) < len(rates) else None
    if len(losses) < N_FIRST:
        return None, ended
    first = losses[:N_FIRST].mean()
    smooth = _smoothed(losses.clip(max=MOST * first))
    fall = first - smooth.min()
    if fall < LEAST_FALL * first:
        return None, ended
    falls = float(rates[np.argmax(smooth <= first - BEGUN * fall)])
    after = int(np.flatnonzero(smooth <= first - KEPT * fall)[-1]) + 1
    return falls, float(rates[after]) if after < len(losses) else ended


def remaining(
    prior: Float, tests: Sequence[RangeTest], *, slower: float, default: float
) -> tuple[float, float]:
    """Return the lowest and the highest rate that an optimiser can use, and the default between.

    Where the test of one says nothing, the range stays as it is: it can only get narrower where
    all agree. Two digits, rounded outwards.
    """
    low, high = prior.low, prior.high
    if all(test.falls is not None for test in tests):
        low = max(low, _two_digits(min(t.falls or low for t in tests) / slower, math.floor))
    if all(test.breaks is not None for test in tests):
        high = min(high, _two_digits(max(t.breaks or high for t in tests) * BEYOND, math.ceil))
    return min(low, default), max(high, default)


def _configurations(candidate: Candidate) -> Iterator[dict[str, Any]]:
    """Yield the default configuration with each optimiser."""
    optimizers = candidate.space.parameters.get("optimizer")
    names = optimizers.choices if isinstance(optimizers, Categorical) else (None,)
    for name in names:
        wanted = {**DEFAULT, **candidate.default}  # momentum is not in a default without it
        yield candidate.space.nearest(wanted if name is None else {**wanted, "optimizer": name})


def _steps_of_training(candidate: Candidate, n_rows: int) -> float:
    epochs = candidate.default.get("epochs", 1)
    return float(epochs * n_rows / candidate.default.get("batch_size", n_rows))


def _losses(subject: Subject, rates: NDArray[np.float64]) -> Iterator[float]:
    """Yield the mean loss of each step, until it is no number."""
    settings = replace(
        subject.settings,
        batch_size=min(subject.settings.batch_size, LARGEST_BATCH),
        accumulate=1,
    )
    ranks = Ranks(0, 1)
    learner = Learner(
        subject.fresh(), settings, n_classes=subject.n_classes, ranks=ranks, device=CPU
    )
    batches = Batches(subject.rows, settings, Alterations(), seed=subject.seed, ranks=ranks)
    learner.begin()
    with drawing(subject.seed):
        for step, rate in zip(_endless(batches), rates, strict=False):
            loss = float(learner.take(step, float(rate)) / step.weight)
            if not math.isfinite(loss):
                return
            yield loss


def _endless(batches: Batches) -> Iterator[Step]:
    epoch = 0
    while True:
        yield from batches.of_epoch(epoch)
        epoch += 1


def _smoothed(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the running mean of losses (n,)."""
    means = np.empty_like(losses)
    mean = 0.0
    for i, loss in enumerate(losses):
        mean = MEMORY * mean + (1 - MEMORY) * loss
        means[i] = mean / (1 - MEMORY ** (i + 1))
    return means


def _two_digits(value: float, whole: Callable[[float], int]) -> float:
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{whole(round(value / unit, 6)) * unit:.2g}")  # 33.000000000000004 is 33
