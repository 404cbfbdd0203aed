"""How well the probabilities rank the rows: ROC and precision-recall curves on the outer folds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from searcher.report.figures import Figure, Plot, Trace, axis, layout, plain
from searcher.report.judged import MAX_FOLDS, Judged, Numbers, Part
from searcher.report.numbers import plural

MAX_POINTS = 150  # of a curve
MAX_CLASSES = 8  # as many as there are colours
DASHES = ("solid", "dash", "dot", "dashdot")  # so that colours are not the only difference
GRID = np.linspace(0, 1, 101)

Curve = Callable[[NDArray[np.bool_], Numbers], tuple[Numbers, Numbers, float]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the two curves."""

    id: str
    title: str
    area: str  # what the number is called
    x: str
    y: str
    how: str
    curve: Curve


def curve_parts(judged: Judged) -> Iterator[Part]:
    """Draw both curves; nothing where there are no probabilities."""
    if judged.probabilities is not None:
        for kind in KINDS:
            binary = judged.probabilities.shape[1] == 2  # noqa: PLR2004
            yield _by_fold(kind, judged) if binary else _by_class(kind, judged)


def thin(x: Numbers, y: Numbers, limit: int = MAX_POINTS) -> tuple[Numbers, Numbers]:
    """Points of a curve (n,) that are about evenly apart along it, both ends among them."""
    if len(x) <= limit:
        return x, y
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    kept = np.unique(np.searchsorted(along, np.linspace(0, along[-1], limit)))
    kept = np.unique([0, *kept, len(x) - 1])
    return x[kept], y[kept]


def _roc(truth: NDArray[np.bool_], scores: Numbers) -> tuple[Numbers, Numbers, float]:
    from sklearn.metrics import auc, roc_curve

    x, y, _ = roc_curve(truth, scores)
    return x, y, float(auc(x, y))


def _precision_recall(truth: NDArray[np.bool_], scores: Numbers) -> tuple[Numbers, Numbers, float]:
    from sklearn.metrics import average_precision_score, precision_recall_curve

    precision, recall, _ = precision_recall_curve(truth, scores, drop_intermediate=True)
    return recall[::-1], precision[::-1], float(average_precision_score(truth, scores))


KINDS = (
    Kind(
        "roc",
        "ROC curve",
        "area under the curve",
        "false positive rate",
        "true positive rate",
        "Which share of the positive rows is found (up) at which share of false alarms (right); "
        "the dashed diagonal is chance.",
        _roc,
    ),
    Kind(
        "precision-recall",
        "Precision-recall curve",
        "average precision",
        "recall",
        "precision",
        "Which share of what is called positive is so (up), when that share of the positive rows "
        "is found (right). Says more than the ROC curve where positive rows are rare.",
        _precision_recall,
    ),
)


def _by_fold(kind: Kind, judged: Judged) -> Part:
    """Draw thin lines for the folds and a thick one for all of them."""
    data: list[Trace] = []
    drawn, areas, skipped = [], [], 0
    for fold in judged.folds:
        truth, scores = fold.truth == 1, fold.probabilities[:, 1]  # type: ignore[index]
        if truth.all() or not truth.any():
            skipped += 1
            continue
        x, y, area = kind.curve(truth, scores)
        areas.append(area)
        drawn.append((x, y))
        if len(data) < MAX_FOLDS:
            data.append(_line(*thin(x, y), f"fold {fold.outer_fold}: {area:.3f}"))
    if not drawn:
        return Part(kind.title, kind.how, None, ("Every outer fold has rows of one class only.",))
    for i, trace in enumerate(data):
        trace["showlegend"] = not i  # one entry for all of them
    data[0]["name"] = "each outer fold"
    mean, how_mean = _together(kind, judged, drawn)
    said = f"{kind.area} {np.mean(areas):.3f}"
    line = {"color": "@accent", "width": 3}
    data.append(_line(*mean, f"all folds: {said}") | {"line": line})
    data.append(_chance(kind, judged))
    words = [
        f"{kind.area[0].upper()}{kind.area[1:]}: {np.mean(areas):.4f} in the mean of "
        f"{plural(len(areas), 'outer fold')}, from {min(areas):.4f} to {max(areas):.4f}. "
        f"Positive is “{judged.name(1)}”. {how_mean}"
    ]
    if skipped:
        words.append(f"{plural(skipped, 'outer fold')} without rows of both classes left out.")
    return Part(kind.title, kind.how, _figure(kind, data, said), tuple(words))


def _together(
    kind: Kind, judged: Judged, drawn: list[tuple[Numbers, Numbers]]
) -> tuple[tuple[Numbers, Numbers], str]:
    """One line for all folds: curves are averaged where that has a meaning, else rows pooled."""
    if kind.id == "roc":
        # Vertical averaging: Fawcett 2006, An introduction to ROC analysis, section 8.2.
        mean = np.mean([np.interp(GRID, x, y) for x, y in drawn], axis=0)
        ends = np.concatenate([[0.0], GRID]), np.concatenate([[0.0], mean])
        return ends, "The thick line is the mean of the folds' lines (Fawcett 2006)."
    # Precision is no linear function of recall between two points (Davis and Goadrich 2006).
    truth, scores = judged.truth == 1, judged.probabilities[:, 1]  # type: ignore[index]
    x, y, _ = kind.curve(truth, scores)
    return thin(x, y), "The thick line is of all folds' rows together."


def _by_class(kind: Kind, judged: Judged) -> Part:
    """Draw one line for each class against all others, over the rows of all folds."""
    truth, told = judged.truth, judged.probabilities
    counts = np.bincount(truth.astype(int), minlength=told.shape[1])  # type: ignore[union-attr]
    there = [int(k) for k in np.argsort(-counts, kind="stable") if 0 < counts[k] < len(truth)]
    data, areas = [], []
    for place, code in enumerate(there):
        x, y, area = kind.curve(truth == code, told[:, code])  # type: ignore[index]
        areas.append(area)
        if place < MAX_CLASSES:
            look = {"color": f"@f{place}", "width": 2, "dash": DASHES[place % len(DASHES)]}
            trace = _line(*thin(x, y), f"{judged.name(code)}: {area:.3f}")
            data.append(trace | {"line": look, "showlegend": True})
    if not data:
        return Part(kind.title, kind.how, None, ("All rows are of one class.",))
    said = f"mean {kind.area} {np.mean(areas):.3f}"
    words = [
        f"Each class against all others, rows of all outer folds together; {kind.area} "
        f"{np.mean(areas):.4f} in the mean of {plural(len(areas), 'class')}."
    ]
    if len(there) > MAX_CLASSES:
        words.append(f"The {MAX_CLASSES} most frequent of {len(there)} classes are drawn.")
    if kind.id == "roc":
        data.append(_chance(kind, judged))
    return Part(kind.title, kind.how, _figure(kind, data, said), tuple(words))


def _line(x: Numbers, y: Numbers, name: str) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": plain(name),
        "x": x,
        "y": y,
        "line": {"color": "@s2", "width": 1},
        "hovertemplate": "%{x:.3f}, %{y:.3f}<extra>" + plain(name) + "</extra>",
    }


def _chance(kind: Kind, judged: Judged) -> Trace:
    share = float(np.mean(judged.truth == 1))
    y = [0, 1] if kind.id == "roc" else [share, share]
    name = "chance" if kind.id == "roc" else f"chance: {share:.3f} are positive"
    line = {"color": "@muted", "width": 1.5, "dash": "dash"}
    return {
        **{"type": "scatter", "mode": "lines", "name": name, "x": [0, 1], "y": y, "line": line},
        "hoverinfo": "skip",
    }


def _figure(kind: Kind, data: list[Trace], said: str) -> Figure:
    ends: dict[str, Any] = {"range": [-0.01, 1.01]}
    ours = layout(
        xaxis=axis(title={"text": kind.x}, **ends), yaxis=axis(title={"text": kind.y}, **ends)
    )
    alt = f"{kind.title} on the outer test rows: {said}"
    return Figure(kind.id, alt, (Plot("", data, ours),), height=440)
