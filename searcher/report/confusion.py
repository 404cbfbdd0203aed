"""Which classes are taken for which others, on the outer folds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from searcher.report.figures import Figure, Plot, axis, layout, plain
from searcher.report.judged import Judged, Numbers, Part
from searcher.report.numbers import percent
from searcher.report.parallel import colourbar, steps

MAX_CLASSES = 20
MAX_WRITTEN = 12  # classes up to which the numbers are written into the cells
MAX_ROWS = 100
CELL_PX = 34

HOW = (
    "Rows are the true classes, columns the predicted ones; a cell's colour is its share of its "
    "row, so the diagonal is each class's recall. All outer test rows together."
)


@dataclass(frozen=True, slots=True)
class ClassRow:
    """How one class fared."""

    name: str
    rows: int
    recall: float | None  # share of its rows that are called so
    precision: float | None  # share of what is called so that is
    taken_for: str  # the other class that most of its rows are taken for; "" if none is


def confusion_part(judged: Judged) -> tuple[Part, list[ClassRow]]:
    """Draw the matrix; say of each class how it fared."""
    counts = count_pairs(judged.truth, judged.predicted, len(judged.classes))
    names = [judged.name(code) for code in range(len(counts))]
    order = np.argsort(-counts.sum(axis=1), kind="stable")
    shown, labels, note = counts, names, ""
    if len(counts) > MAX_CLASSES:
        kept = np.sort(order[: MAX_CLASSES - 1])
        shown, labels = _merged(counts, kept), [*(names[k] for k in kept), "all others"]
        note = f"The {len(kept)} most frequent of {len(counts)} classes; the others as one."
    figure = _figure(shown, labels, note)
    right = percent(float(np.trace(counts)), float(counts.sum()))
    words = (f"{int(counts.sum()):,} rows, {right} of them on the diagonal.",)
    return Part("Confusion", HOW, figure, words), _rows(counts, names, order)


def count_pairs(truth: Numbers, predicted: Numbers, n_classes: int) -> NDArray[np.int64]:
    """Rows of each true (first axis) and predicted class: (n_classes, n_classes)."""
    codes = np.stack([truth, predicted]).astype(int)
    n = max(n_classes, int(codes.max(initial=0)) + 1)
    return np.bincount(codes[0] * n + codes[1], minlength=n * n).reshape(n, n)


def _merged(counts: NDArray[np.int64], kept: NDArray[np.int64]) -> NDArray[np.int64]:
    place = np.full(len(counts), len(kept))
    place[kept] = np.arange(len(kept))
    merged = np.zeros((len(kept) + 1, len(kept) + 1), dtype=np.int64)
    np.add.at(merged, (place[:, None], place[None, :]), counts)
    return merged


def _figure(counts: NDArray[np.int64], names: list[str], note: str) -> Figure:
    n = len(counts)
    totals = counts.sum(axis=1)
    shares = [
        [count / total if total else None for count in row]
        for row, total in zip(counts.tolist(), totals.tolist(), strict=True)
    ]
    said = [
        [f"{count:,}\n{percent(count, total)}" for count in row]
        for row, total in zip(counts.tolist(), totals.tolist(), strict=True)
    ]
    labels = [plain(name, 18) for name in names]
    trace = {
        "type": "heatmap",
        "z": shares,
        "zmin": 0,
        "zmax": 1,
        "text": said,
        **({"texttemplate": "%{text}"} if n <= MAX_WRITTEN else {}),
        "hovertemplate": "%{y} taken for %{x}<br>%{text}<extra></extra>",
        "colorscale": steps(),
        "colorbar": colourbar("share of the row") | {"tickformat": ".0%"},
        "xgap": 2,
        "ygap": 2,
        "x": list(range(n)),
        "y": list(range(n)),
    }
    # Numbers, not names, are the places: two long names may be cut to the same text.
    ticks = {"tickvals": list(range(n)), "ticktext": labels, "showgrid": False}
    ours = layout(
        xaxis=axis(title={"text": "predicted class"}, **ticks),
        yaxis=axis(title={"text": "true class"}, autorange="reversed", **ticks),
    )
    alt = f"Confusion matrix of {n} classes, by share of each true class"
    height = 180 + max(CELL_PX * n, 160)
    plot = Plot("", [trace], ours, note, min_width=140 + CELL_PX * n)
    return Figure("confusion", alt, (plot,), height=height)


def _rows(counts: NDArray[np.int64], names: list[str], order: NDArray[np.int64]) -> list[ClassRow]:
    found = []
    for k in order[:MAX_ROWS].tolist():
        rows, called = int(counts[k].sum()), int(counts[:, k].sum())
        others = counts[k].copy()
        others[k] = 0
        worst = int(others.argmax())
        share = percent(int(others[worst]), rows)
        found.append(
            ClassRow(
                name=names[k],
                rows=rows,
                recall=counts[k, k] / rows if rows else None,
                precision=counts[k, k] / called if called else None,
                taken_for=f"{names[worst]} ({share})" if others[worst] else "",
            )
        )
    return found
