"""Whether a probability of 0.8 is right in eight of ten cases: reliability on the outer folds."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searcher.report.figures import Figure, Layout, Plot, Trace, axis, layout
from searcher.report.judged import Judged, Numbers, Part

N_BINS = 10
Z = 1.959964  # of a 95 % interval

HOW = (
    "Rows in ten groups by predicted probability: how often it happened (up) against what was "
    "predicted (right). On the diagonal probabilities can be taken at their word; above it they "
    "are too low. The lines are 95 % intervals (Wilson 1927); the bars below count the rows."
)


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows whose probabilities are about the same."""

    n: int
    predicted: float  # mean probability
    observed: float  # share in which it happened

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of ``observed``, by Wilson's score (1927, JASA 22, 209-212)."""
        share, n = self.observed, self.n
        centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
        half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
        # At a share of 0 or 1 the interval begins there, whatever rounding says.
        return float(min(centre - half, share)), float(max(centre + half, share))


def calibration_parts(judged: Judged) -> Iterator[Part]:
    """Draw the reliability diagram; nothing where there are no probabilities."""
    told = judged.probabilities
    if told is None:
        return
    binary = told.shape[1] == 2  # noqa: PLR2004
    if binary:
        what, probability, happened = "positive", told[:, 1], judged.truth == 1
        subject = f"The probability of “{judged.name(1)}”."
    else:
        what, probability = "the predicted class", told.max(axis=1)
        happened = judged.truth == told.argmax(axis=1)
        subject = "The probability of the class that is most likely (Guo et al. 2017)."
    bins = make_bins(probability, happened)
    score, chance = brier(told, judged.truth), _brier_of_shares(judged.truth, told.shape[1])
    ece = expected_error(bins)
    words = (
        f"{subject} Brier score {score:.4f}: the mean "
        f"{'squared difference' if binary else 'sum over the classes of squared differences'} "
        f"between probability and what happened (Brier 1950); 0 is perfect, and the shares of the "
        f"classes alone give {chance:.4f}.",
        f"Expected calibration error {ece:.4f}: the mean over these {N_BINS} groups, weighted by "
        f"their rows, of how far the point is from the diagonal (Naeini et al. 2015).",
    )
    alt = f"Reliability diagram: Brier score {score:.3f}, expected calibration error {ece:.3f}"
    data = [_diagonal(), _points(bins), _counts(bins)]
    figure = Figure("calibration", alt, (Plot("", data, _layout(what)),), height=480)
    yield Part("Calibration", HOW, figure, words)


def make_bins(probability: Numbers, happened: NDArray[np.bool_]) -> list[Bin]:
    """Group rows (n,) into ten equally wide bins of probability; empty ones are left out."""
    place = np.minimum((probability * N_BINS).astype(int), N_BINS - 1)
    return [
        Bin(int(here.sum()), float(probability[here].mean()), float(happened[here].mean()))
        for i in range(N_BINS)
        if (here := place == i).any()
    ]


def expected_error(bins: list[Bin]) -> float:
    """Mean distance from the diagonal, weighted by rows: the expected calibration error.

    Naeini, Cooper and Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian
    binning, AAAI.
    """
    rows = sum(each.n for each in bins)
    return sum(each.n / rows * abs(each.observed - each.predicted) for each in bins)


def brier(probabilities: Numbers, truth: Numbers) -> float:
    """Brier score of probabilities (n, n_classes) and codes (n,): smaller is better.

    Of two classes only the second counts, as is usual; else the sum over the classes, as in
    Brier (1950), Verification of forecasts expressed in terms of probability.
    """
    wrong = (probabilities - (truth[:, None] == np.arange(probabilities.shape[1]))) ** 2
    return float(wrong[:, 1].mean() if wrong.shape[1] == 2 else wrong.sum(axis=1).mean())  # noqa: PLR2004


def _brier_of_shares(truth: Numbers, n_classes: int) -> float:
    shares = np.bincount(truth.astype(int), minlength=n_classes) / len(truth)
    return brier(np.tile(shares, (len(truth), 1)), truth)


def _diagonal() -> Trace:
    line = {"color": "@muted", "width": 1.5, "dash": "dash"}
    trace = {"type": "scatter", "mode": "lines", "name": "perfect", "x": [0, 1], "y": [0, 1]}
    return {**trace, "line": line, "hoverinfo": "skip"}


def _points(bins: list[Bin]) -> Trace:
    ends = [each.interval for each in bins]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "outer test rows",
        "x": [each.predicted for each in bins],
        "y": [each.observed for each in bins],
        "error_y": {
            "array": [high - b.observed for b, (_, high) in zip(bins, ends, strict=True)],
            "arrayminus": [b.observed - low for b, (low, _) in zip(bins, ends, strict=True)],
            "color": "@accent",
            "thickness": 1.2,
            "width": 3,
        },
        "text": [f"{each.n:,} rows" for each in bins],
        "hovertemplate": "predicted %{x:.3f}, happened %{y:.3f}<br>%{text}<extra></extra>",
        "line": {"color": "@accent", "width": 2},
        "marker": {"size": 8},
    }


def _counts(bins: list[Bin]) -> Trace:
    return {
        "type": "bar",
        "name": "rows",
        "x": [each.predicted for each in bins],
        "y": [each.n for each in bins],
        "width": 0.6 / N_BINS,
        "yaxis": "y2",
        "showlegend": False,
        "marker": {"color": "@s2"},
        "hovertemplate": "%{y:,} rows<extra></extra>",
    }


def _layout(what: str) -> Layout:
    return layout(
        xaxis=axis(
            title={"text": f"predicted probability of {what}"}, range=[-0.02, 1.02], anchor="y2"
        ),
        yaxis=axis(title={"text": "share that was so"}, range=[-0.02, 1.02], domain=[0.3, 1]),
        yaxis2=axis(title={"text": "rows"}, domain=[0, 0.2], nticks=3),
    )
