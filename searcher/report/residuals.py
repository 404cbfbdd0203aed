"""How far the predicted values are from the observed ones, and where, on the outer folds."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from searcher.report.figures import Figure, Plot, Trace, axis, layout, plain
from searcher.report.judged import Judged, Numbers, Part
from searcher.report.numbers import value_text

MAX_POINTS = 1500
MAX_QUANTILES = 300
N_GROUPS = 12  # of the line of medians
N_BARS = 40
LEAST = 3  # rows that a distribution takes


def residual_parts(judged: Judged, target: str) -> Iterator[Part]:
    """Draw observed against predicted, residuals, and how they are distributed."""
    truth, predicted = judged.truth, judged.predicted
    residuals = truth - predicted
    yield Part(
        "Observed against predicted",
        "Each point is an outer test row; on the diagonal the prediction is right.",
        _observed(truth, predicted, plain(target)),
        _errors(residuals, truth),
    )
    yield Part(
        "Residuals",
        "Observed minus predicted. The line joins the medians of groups of equally many rows: away "
        "from zero the model is wrong in one direction; a funnel means that large values are less "
        "certain.",
        _against_predicted(predicted, residuals),
        (),
    )
    if len(residuals) >= LEAST and residuals.std() > 0:
        yield Part(
            "Distribution of the residuals",
            "The second plot sets their quantiles against a normal distribution's: on the line "
            "they are normal; ends that bend away are rare large errors.",
            _distribution(residuals),
            (),
        )


def _errors(residuals: Numbers, truth: Numbers) -> tuple[str, ...]:
    low, middle, high = np.quantile(residuals, (0.05, 0.5, 0.95))
    spread = float(((truth - truth.mean()) ** 2).sum())
    explained = f"; R² {1 - (residuals**2).sum() / spread:.4f}" if spread > 0 else ""
    said = [value_text(float(x)) for x in (low, high, middle)]
    return (
        f"Over the {len(residuals):,} outer test rows together: root mean squared error "
        f"{value_text(float(np.sqrt((residuals**2).mean())))}, mean absolute error "
        f"{value_text(float(np.abs(residuals).mean()))}, mean residual "
        f"{value_text(float(residuals.mean()))}{explained}. Nine tenths of the residuals lie from "
        f"{said[0]} to {said[1]}, their median is {said[2]}.",
    )


def _sample(order_by: Numbers) -> NDArray[np.intp]:
    """Positions of at most MAX_POINTS rows, evenly by rank, the smallest and largest included."""
    ranked = np.argsort(order_by, kind="stable")
    kept = np.linspace(0, len(ranked) - 1, min(MAX_POINTS, len(ranked))).round().astype(int)
    sample: NDArray[np.intp] = ranked[np.unique(kept)]
    return sample


def _points(x: Numbers, y: Numbers, hover: str) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "outer test rows",
        "x": x,
        "y": y,
        "marker": {"size": 5, "color": "@accent", "opacity": 0.45},
        "hovertemplate": hover + "<extra></extra>",
    }


def _line(x: object, y: object, name: str, **line: object) -> Trace:
    trace = {"type": "scatter", "mode": "lines", "name": name, "x": x, "y": y}
    return {**trace, "line": {"width": 2, **line}, "hoverinfo": "skip"}


def _note(n: int) -> str:
    if n <= MAX_POINTS:
        return ""
    return f"{MAX_POINTS:,} of {n:,} rows are drawn, an even sample by rank."


def _observed(truth: Numbers, predicted: Numbers, target: str) -> Figure:
    kept = _sample(truth)
    ends = [float(min(truth.min(), predicted.min())), float(max(truth.max(), predicted.max()))]
    data = [
        _points(predicted[kept], truth[kept], "predicted %{x}, observed %{y}"),
        _line(ends, ends, "no error", color="@muted", dash="dash"),
    ]
    ours = layout(
        xaxis=axis(title={"text": f"predicted {target}"}),
        yaxis=axis(title={"text": f"observed {target}"}),
    )
    plot = Plot("", data, ours, _note(len(truth)))
    return Figure("observed", "Observed against predicted values", (plot,), height=440)


def _against_predicted(predicted: Numbers, residuals: Numbers) -> Figure:
    kept = _sample(predicted)
    groups = np.array_split(np.argsort(predicted, kind="stable"), min(N_GROUPS, len(predicted)))
    medians = [(np.median(predicted[g]), np.median(residuals[g])) for g in groups]
    ends = [float(predicted.min()), float(predicted.max())]
    data = [
        _points(predicted[kept], residuals[kept], "predicted %{x}, residual %{y}"),
        _line(ends, [0, 0], "no error", color="@muted", dash="dash"),
        _line([x for x, _ in medians], [y for _, y in medians], "median", color="@f1", width=3),
    ]
    ours = layout(xaxis=axis(title={"text": "predicted"}), yaxis=axis(title={"text": "residual"}))
    plot = Plot("", data, ours, _note(len(predicted)))
    return Figure("residuals", "Residuals against predicted values", (plot,), height=420)


def _distribution(residuals: Numbers) -> Figure:
    counts, edges = np.histogram(residuals, bins=min(N_BARS, max(5, int(len(residuals) ** 0.5))))
    bars = {
        "type": "bar",
        "x": (edges[:-1] + edges[1:]) / 2,
        "y": counts,
        "width": float(edges[1] - edges[0]),
        "marker": {"color": "@s3", "line": {"width": 0}},
        "hovertemplate": "%{x}: %{y} rows<extra></extra>",
    }
    histogram = layout(
        showlegend=False,
        bargap=0,
        xaxis=axis(title={"text": "residual"}),
        yaxis=axis(title={"text": "rows"}),
    )
    plots = (Plot("histogram", [bars], histogram), _quantiles(residuals))
    alt = "Distribution of the residuals, and against a normal one"
    return Figure("residual-distribution", alt, plots, selector="As", height=400)


def _quantiles(residuals: Numbers) -> Plot:
    from scipy.stats import norm

    n = min(MAX_QUANTILES, len(residuals))
    levels = (np.arange(n) + 0.5) / n
    normal, found = norm.ppf(levels), np.quantile(residuals, levels)
    quartiles = np.quantile(residuals, (0.25, 0.75))
    slope = float(np.diff(quartiles)[0] / np.diff(norm.ppf((0.25, 0.75)))[0])
    line = quartiles.mean() + slope * normal[[0, -1]]
    data = [
        _points(normal, found, "%{x:.2f}: %{y}"),
        _line(normal[[0, -1]], line, "normal, through the quartiles", color="@muted", dash="dash"),
    ]
    ours = layout(
        xaxis=axis(title={"text": "quantile of a normal distribution"}),
        yaxis=axis(title={"text": "quantile of the residuals"}),
    )
    return Plot("normal quantiles", data, ours)
