"""How each inner search went: every trial's score in order of proposal, and the best so far."""

from searcher.records import NOUNS
from searcher.report.figures import (
    Figure,
    Layout,
    Plot,
    Trace,
    axis,
    from_optuna,
    hover,
    layout,
    legend_only,
    marks,
    merged,
    plain,
)
from searcher.report.inner import Limits, inner_figure
from searcher.report.material import Material
from searcher.report.sampling import (
    completed,
    focus,
    incumbents,
    keep,
    note_below,
    scores_of,
)
from searcher.report.studies import make_study
from searcher.report.words import fold_label, fold_list
from searcher.store import StoredTrial

LIMITS = Limits(shown=1500, others=3000, least=50, folds=50)  # points


def history(material: Material) -> tuple[Figure | None, list[str]]:
    """Draw one history for each inner search; say which have none."""
    folds = material.folds_to_choose_from
    drawable = [fold for fold in folds if completed(material.trials[fold])]
    empty = [fold for fold in folds if fold not in drawable]
    words = [f"No trial completed in {fold_list(empty)}."] if empty else []
    if len(drawable) > LIMITS.folds:
        words.append(
            f"The first {LIMITS.folds} of {len(drawable)} inner searches can be chosen here."
        )
    alt = "Score of every trial in order of proposal, with the best score so far"
    figure = inner_figure("history", alt, _plot, folds=drawable, material=material, limits=LIMITS)
    return figure, words


def _plot(material: Material, fold: str, limit: int) -> Plot:
    from optuna.visualization import plot_optimization_history

    trials = material.trials[fold]
    special = [trial for trial in trials if trial.origin != "strategy"]
    drawn = keep(trials, [*incumbents(trials), *special], limit)
    figure = plot_optimization_history(make_study(drawn), target_name=plain(material.search.metric))
    data, base = from_optuna(figure)
    data = data[:2]  # the third is for infeasible trials, and there are none
    numbers = [trial.number for trial in drawn]
    for trace in data:  # Optuna numbers the trials that it was given
        trace["x"] = [numbers[i] for i in trace["x"]]
    learnt = [trial for trial in trials if trial.origin != "dummy"]
    seen = focus(scores_of(learnt) or scores_of(trials))
    _style(data, drawn, material)
    data.reverse()  # the line first, so that the points lie on it
    data += [*_stopped(drawn, material), *_failed(drawn, material, seen), *_legend(drawn, material)]
    return Plot(fold_label(fold), data, _layout(base, seen), _note(trials, drawn, seen))


def _style(data: list[Trace], drawn: list[StoredTrial], material: Material) -> None:
    """Give Optuna's two traces, completed trials and the best so far, this page's looks."""
    points, best = data
    done, colours = completed(drawn), material.colours
    points |= {
        "showlegend": False,
        "marker": {
            "color": [colours[trial.family] for trial in done],
            "symbol": [{"default": "diamond"}.get(trial.origin, "circle") for trial in done],
            "size": [10 if trial.origin == "default" else 7 for trial in done],
            "opacity": 0.75,
        },
        "text": [
            hover(trial, material.digits, *(["its default"] if trial.origin == "default" else []))
            for trial in done
        ],
        "hovertemplate": "%{text}<extra></extra>",
    }
    best |= {
        "name": "best so far",
        "line": {"color": "@ink", "width": 1.5, "shape": "hv"},
        "hoverinfo": "skip",
    }


def _stopped(drawn: list[StoredTrial], material: Material) -> list[Trace]:
    stopped = [t for t in drawn if t.state == "stopped" and t.score is not None]
    return marks(
        "stopped early",
        [trial.number for trial in stopped],
        [trial.score for trial in stopped],
        [
            hover(
                t, material.digits, f"stopped after {t.resource:,} {NOUNS[t.unit][t.resource != 1]}"
            )
            for t in stopped
        ],
        {"symbol": "triangle-down-open", "size": 7, "color": "@muted", "line": {"width": 1}},
    )


def _failed(
    drawn: list[StoredTrial], material: Material, seen: tuple[float, float] | None
) -> list[Trace]:
    """Put failed trials, which have no score, at the bottom of the plot."""
    failed = [trial for trial in drawn if trial.state == "failed"] if seen else []
    low, high = seen or (0.0, 0.0)
    return marks(
        "failed",
        [trial.number for trial in failed],
        [low + 0.02 * (high - low)] * len(failed),
        [hover(trial, material.digits, f"failed: {trial.reason}") for trial in failed],
        {"symbol": "x", "size": 8, "color": "@bad"},
    )


def _legend(drawn: list[StoredTrial], material: Material) -> list[Trace]:
    done = completed(drawn)
    families = [f for f in material.families if any(trial.family == f for trial in done)]
    entries = [
        legend_only(family, mode="markers", marker={"color": material.colours[family], "size": 8})
        for family in families
    ]
    if any(trial.origin == "default" for trial in done):
        marker = {"color": "@muted", "symbol": "diamond", "size": 10}
        entries.append(legend_only("a family's default", mode="markers", marker=marker))
    return entries


def _layout(base: Layout, seen: tuple[float, float] | None) -> Layout:
    ours = layout(yaxis=axis(range=seen), xaxis=axis(rangemode="tozero"))
    return merged(base, ours)


def _note(
    trials: tuple[StoredTrial, ...], drawn: list[StoredTrial], seen: tuple[float, float] | None
) -> str:
    notes = []
    if len(drawn) < len(trials):
        notes.append(
            f"{len(drawn):,} of {len(trials):,} trials are drawn: every new best one, defaults, "
            "and an even sample of the others."
        )
    notes.append(note_below(scores_of(trials), seen))
    return " ".join(filter(None, notes))
