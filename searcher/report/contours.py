"""How two parameters work together: the score over both, by Optuna's contour plot."""

from collections.abc import Mapping, Sequence
from typing import Any

from searcher.report.figures import (
    Figure,
    Plot,
    Trace,
    axis,
    from_optuna,
    layout,
    merged,
    plain,
    unpacked,
)
from searcher.report.material import Material
from searcher.report.parallel import colourbar, steps
from searcher.report.sampling import focus, keep, scores_of
from searcher.report.slices import name_ticks, spellings
from searcher.report.studies import make_study
from searcher.report.varied import Varied
from searcher.store import StoredTrial

MAX_POINTS = 80
"""Optuna's grid has a cell for each pair of values, mostly empty: their number squared."""

MAX_FAMILIES = 6
LEAST = 5


def contour_figure(
    families: Sequence[Varied], shares: Mapping[str, Mapping[str, float]], material: Material
) -> Figure | None:
    """Draw one plot for each family that has two parameters: the most important ones, if known."""
    plots = [
        _plot(family, trials, names, material)
        for family in families[:MAX_FAMILIES]
        for names, trials in [_pair(family, shares.get(family.family, {}))]
        if len(trials) >= LEAST
    ]
    if not plots:
        return None
    alt = "Score over two parameters, each point a trial"
    return Figure("contours", alt, tuple(plots), selector="Family", height=440)


def _pair(family: Varied, shares: Mapping[str, float]) -> tuple[list[str], list[StoredTrial]]:
    """Two parameters, and the trials that have both; none where there are no two that vary."""
    order = [*shares, *(name for name in family.parameters if name not in shares)]
    for i, second in enumerate(order):
        for first in order[:i]:
            names = [first, second]
            trials = [t for t in family.trials if all(n in t.configuration for n in names)]
            values = [{repr(t.configuration[name]) for t in trials} for name in names]
            if len(trials) >= LEAST and all(len(seen) > 1 for seen in values):
                return names, trials
    return [], []


def _plot(family: Varied, trials: list[StoredTrial], names: list[str], material: Material) -> Plot:
    from optuna.visualization import plot_contour

    best = sorted(trials, key=lambda t: (-(t.score or 0.0), t.number))[: MAX_POINTS // 4]
    drawn = keep(trials, best, MAX_POINTS)
    shown = {name: family.parameters[name] for name in names}
    study = make_study(drawn, {family.family: shown})
    figure = plot_contour(study, params=names, target_name=plain(material.search.metric))
    data, base = from_optuna(figure)
    surface, points = data[0], data[1]  # the third is for infeasible trials, and there are none
    spelt = spellings(shown)
    for trace in (surface, points):
        for key in ("x", "y"):
            values = unpacked(trace[key])
            trace[key] = [spelt.get(v, plain(v)) if isinstance(v, str) else v for v in values]
    _style(surface, points, drawn, material)
    for key in ("x", "y"):
        name_ticks(base[f"{key}axis"], points[key], spelt)
    ours = layout(xaxis=axis(), yaxis=axis(), showlegend=False)
    note = ""
    if len(drawn) < len(family.trials):
        note = f"{len(drawn)} of {len(family.trials):,} trials are drawn, the best among them."
    return Plot(plain(family.family), [surface, points], merged(base, ours), note)


def _style(surface: Trace, points: Trace, drawn: Sequence[StoredTrial], material: Material) -> None:
    low, high = focus(scores_of(drawn)) or (0.0, 1.0)
    surface |= {
        "z": unpacked(surface["z"]),
        "zmin": low,
        "zmax": high,
        "colorscale": steps(),
        "reversescale": False,
        "colorbar": colourbar(material.search.metric),
        "line": {"width": 0.5, "smoothing": 1.0},
        "hoverinfo": "skip",
    }
    points["marker"] = {"size": 6, "color": "@paper", "line": {"width": 1.5, "color": "@ink"}}
    scored = {trial.number: material.digits.score(trial.score) for trial in drawn}
    text: list[Any] = [f"trial {number}: {score}" for number, score in scored.items()]
    points |= {"text": text, "hovertemplate": "%{x}, %{y}<br>%{text}<extra></extra>"}
