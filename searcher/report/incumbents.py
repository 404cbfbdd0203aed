"""When the best configurations were found: the best inner score so far against the clock."""

from searcher.records import FINAL
from searcher.report.figures import Figure, Plot, Trace, axis, hover, layout, plain
from searcher.report.material import Material
from searcher.report.sampling import focus, incumbents
from searcher.report.timeline import in_unit, unit_of
from searcher.report.words import fold_label
from searcher.store import StoredTrial

MAX_FOLDS = 20
MAX_POINTS = 200  # of a line


def incumbent_figure(material: Material) -> Figure | None:
    """Draw one line for each inner search, that which is shown in detail the strongest."""
    folds = material.folds_to_choose_from
    known = {fold: _by_time(material.trials[fold]) for fold in folds}
    drawn = [fold for fold in folds if known[fold]][:MAX_FOLDS]
    if not drawn:
        return None
    unit, seconds = unit_of(material)
    data = [_line(material, fold, known[fold], seconds) for fold in reversed(drawn)]
    learnt = [t.score for fold in drawn for t in known[fold] if t.origin != "dummy"]
    scores = [score for score in learnt if score is not None]
    every = [t.score for fold in drawn for t in known[fold] if t.score is not None]
    ours = layout(
        xaxis=axis(title={"text": f"{unit} since the search began"}, rangemode="tozero"),
        yaxis=axis(title={"text": plain(material.search.metric)}, range=focus(scores or every)),
    )
    left_out = sum(bool(found) for found in known.values()) - len(drawn)
    note = f"{left_out} more inner searches are not drawn." if left_out else ""
    alt = "Best inner score so far of each inner search against time"
    return Figure("incumbents", alt, (Plot("", data, ours, note),), height=360)


def _by_time(trials: tuple[StoredTrial, ...]) -> list[StoredTrial]:
    """Trials that were better than all that had ended before them, in the order of their ends."""
    ended = [trial for trial in trials if trial.ended_at is not None]
    return incumbents(sorted(ended, key=lambda trial: (trial.ended_at, trial.number)))


def _line(material: Material, fold: str, best: list[StoredTrial], seconds: float) -> Trace:
    start = material.search.started_at
    best = best[-MAX_POINTS:]
    last = max(t.ended_at for t in material.trials[fold] if t.ended_at is not None)
    final = fold == FINAL
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": fold_label(fold),
        "x": [*(in_unit(t.ended_at, start, seconds) for t in best), in_unit(last, start, seconds)],
        "y": [*(trial.score for trial in best), best[-1].score],
        "text": [*(hover(trial, material.digits) for trial in best), "no better one after this"],
        "hovertemplate": "%{text}<extra></extra>",
        "line": {
            "shape": "hv",
            "color": "@accent" if final else "@s2",
            "width": 3 if final else 1.5,
        },
        "marker": {"size": 7 if final else 4},
        "showlegend": final,
    }
