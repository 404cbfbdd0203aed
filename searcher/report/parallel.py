"""Which values go together in good trials: one line a trial, by Optuna's parallel coordinates."""

from collections.abc import Mapping, Sequence
from typing import Any

from searcher.report.figures import Figure, Layout, Plot, Trace, from_optuna, layout, merged, plain
from searcher.report.material import Material
from searcher.report.sampling import focus, keep, scores_of
from searcher.report.studies import make_study
from searcher.report.theme import SCALE
from searcher.report.varied import Varied
from searcher.store import StoredTrial

MAX_LINES = 150
MAX_AXES = 14
AXIS_PX = 72


def parallel_figure(
    families: Sequence[Varied], shares: Mapping[str, Mapping[str, float]], material: Material
) -> Figure | None:
    """Draw one plot for each family.

    Parameters
    ----------
    shares
        Family -> importance of its parameters, the largest first: those decide which are drawn.
    """
    plots = [_plot(family, shares.get(family.family, {}), material) for family in families]
    if not plots:
        return None
    alt = "One line a trial, through its score and its values"
    return Figure("parallel", alt, tuple(plots), selector="Family", height=440)


def _plot(family: Varied, shares: Mapping[str, float], material: Material) -> Plot:
    from optuna.visualization import plot_parallel_coordinate

    best = sorted(family.trials, key=lambda t: (-(t.score or 0.0), t.number))[: MAX_LINES // 3]
    drawn = keep(family.trials, best, MAX_LINES)
    drawn.sort(key=lambda trial: trial.score or 0.0)  # the best on top
    names = [*shares, *(name for name in family.parameters if name not in shares)][:MAX_AXES]
    study = make_study(drawn, {family.family: {name: family.parameters[name] for name in names}})
    present = [name for name in names if any(name in trial.configuration for trial in drawn)]
    if not present:
        return Plot(plain(family.family), [], layout(), "Nothing varied among the trials drawn.")
    figure = plot_parallel_coordinate(
        study, params=present, target_name=plain(material.search.metric)
    )
    data, base = from_optuna(figure)
    *lines, scale = data
    low, high = focus(scores_of(family.trials)) or (0.0, 1.0)
    for trial, line in zip(drawn, lines, strict=True):
        _style(line, trial, low, high)
    scale["marker"] |= {"color": [low, high], "cmin": low, "cmax": high}
    scale["marker"] |= {"colorscale": steps(), "colorbar": colourbar(material.search.metric)}
    notes = []
    if len(drawn) < len(family.trials):
        notes.append(
            f"{len(drawn)} of {len(family.trials):,} trials are drawn: the best "
            f"{len(best)}, and an even sample of the others."
        )
    if len(names) < len(family.parameters):
        notes.append(f"The first {MAX_AXES} of {len(family.parameters)} parameters are drawn.")
    width = AXIS_PX * (len(present) + 2)
    _spell_scores(base["annotations"], scores_of(drawn), material)
    return Plot(plain(family.family), data, _layout(base), " ".join(notes), width)


def steps() -> list[list[Any]]:
    """From poor to good, as plotly takes a colour scale."""
    last = len(SCALE) - 1
    return [[i / last, colour] for i, colour in enumerate(SCALE)]


def colourbar(title: str) -> dict[str, Any]:
    """Explain the colour scale."""
    return {
        "title": {"text": plain(title, 24), "side": "right"},
        "thickness": 10,
        "outlinewidth": 0,
        "tickfont": {"size": 10},
    }


def _style(line: Trace, trial: StoredTrial, low: float, high: float) -> None:
    share = min(1.0, max(0.0, ((trial.score or 0.0) - low) / (high - low)))
    shade = SCALE[min(len(SCALE) - 1, int(share * len(SCALE)))]
    line["line"] |= {"color": shade, "width": 1.5}
    line["opacity"] = round(0.3 + 0.6 * share, 2)
    line["customdata"] = [[plain(name), plain(value)] for name, value in line["customdata"]]


def _spell_scores(
    notes: Sequence[dict[str, Any]], scores: Sequence[float], material: Material
) -> None:
    """Write the first axis' ticks with this search's digits: Optuna's three say 0.83 twice."""
    low, high = min(scores), max(scores)
    for note in notes:
        if note["x"] == 0:
            value = low + note["y"] * (high - low)
            note["text"] = material.digits.score(value)


def _layout(base: Layout) -> Layout:
    """Put this page's looks over Optuna's axes, which are shapes and annotations."""
    ticks = [plain(text, 16) for text in base["xaxis"]["ticktext"]]
    for shape in base["shapes"]:
        shape["line"]["color"] = "@line"
    for note in base["annotations"]:
        note |= {
            "text": plain(note["text"], 14),
            "font": {"color": "@muted", "size": 10},
            "bgcolor": "@veil",
        }
    ours = layout(margin={"t": 36, "l": 40})
    return merged(
        merged(base, ours),
        {
            "xaxis": {
                "showgrid": False,
                "tickangle": 20,
                "tickfont": {"size": 11},
                "ticktext": ticks,
            },
            "yaxis": {"visible": False, "automargin": False},
        },
    )
