"""How the outer folds judged the winners, beside what the inner folds had promised."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from searcher.records import FINAL, Role
from searcher.report.figures import Figure, Plot, Trace, axis, layout, plain
from searcher.report.material import Material
from searcher.report.sampling import evenly, focus
from searcher.store import StoredSearch

MAX_ROWS = 200
SQUASHED = 3.0
"""The dummy is left off the plot if it is this many times further away than all else is wide."""

Scores = Mapping[str, float | None]

LOOKS: dict[str, dict[str, object]] = {
    "inner": {"symbol": "circle-open", "color": "@accent", "size": 11, "line": {"width": 2}},
    "winner": {"symbol": "circle", "color": "@accent", "size": 12},
    "default": {"symbol": "diamond", "color": "@f1", "size": 10},
    "dummy": {"symbol": "line-ew", "color": "@muted", "size": 14, "line": {"width": 2}},
}


@dataclass(frozen=True, slots=True)
class OuterRow:
    """One outer fold."""

    fold: str
    train: int | None
    test: int | None
    family: str | None
    inner: float | None
    winner: float | None
    default: float | None
    dummy: float | None

    @property
    def optimism(self) -> float | None:
        """Inner minus outer score."""
        known = self.inner is not None and self.winner is not None
        return self.inner - self.winner if known else None  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class MetricRow:
    """Mean outer scores in one metric."""

    metric: str
    folds: int
    winner: float | None
    lowest: float | None
    highest: float | None
    default: float | None
    dummy: float | None


@dataclass(frozen=True, slots=True)
class Outer:
    """The section."""

    figure: Figure | None
    words: list[str]
    rows: list[OuterRow]
    left_out: int
    means: OuterRow | None
    metrics: list[MetricRow]


def outer(material: Material) -> Outer:
    """Compare the outer folds."""
    search = material.search
    rows = _rows(material)
    scored = [row for row in rows if row.winner is not None]
    figure, words = _figure(material, scored) if scored else (None, [])
    return Outer(
        figure=figure,
        words=words or ([] if scored else [_why_nothing(material)]),
        rows=rows[:MAX_ROWS],
        left_out=max(0, len(rows) - MAX_ROWS),
        means=_means(scored) if len(scored) > 1 else None,
        metrics=_metrics(search),
    )


def mean(values: Scores) -> float | None:
    """Mean over the folds that have a score."""
    known = [value for value in values.values() if value is not None]
    return fmean(known) if known else None


def _rows(material: Material) -> list[OuterRow]:
    search = material.search
    winners = {winner.outer_fold: winner for winner in search.winners}
    scores = {role: search.scores(role) for role in ("winner", "default", "dummy")}
    folds = [fold for fold in search.outer_folds if fold != FINAL]
    found = []
    for fold in folds:
        chosen, (train, test) = winners.get(fold), material.sizes.get(fold, (None, None))
        found.append(
            OuterRow(
                fold=fold,
                train=train,
                test=test,
                family=chosen.family if chosen else None,
                inner=chosen.inner_score if chosen else None,
                winner=scores["winner"].get(fold),
                default=scores["default"].get(fold),
                dummy=scores["dummy"].get(fold),
            )
        )
    return found


def _means(rows: list[OuterRow]) -> OuterRow:
    def over(name: str) -> float | None:
        known = [value for row in rows if (value := getattr(row, name)) is not None]
        return fmean(known) if known else None

    return OuterRow(
        "mean", None, None, None, over("inner"), over("winner"), over("default"), over("dummy")
    )


def _metrics(search: StoredSearch) -> list[MetricRow]:
    """Rows of all metrics; none if there is only the one that is in the other table."""
    names = list(dict.fromkeys(score.metric for score in search.outer_scores_of))
    names.sort(key=lambda name: name != search.metric)
    if len(names) < 2:  # noqa: PLR2004
        return []
    return [_metric_row(search, name) for name in names]


def _metric_row(search: StoredSearch, name: str) -> MetricRow:
    roles: tuple[Role, ...] = ("winner", "default", "dummy")
    winner, default, dummy = (search.scores(role, name) for role in roles)
    known = [score for score in winner.values() if score is not None]
    return MetricRow(
        metric=name,
        folds=len(known),
        winner=mean(winner),
        lowest=min(known, default=None),
        highest=max(known, default=None),
        default=mean(default),
        dummy=mean(dummy),
    )


def _figure(material: Material, rows: list[OuterRow]) -> tuple[Figure, list[str]]:
    drawn = evenly(rows, MAX_ROWS)
    shown = [s for row in drawn for s in (row.winner, row.inner, row.default) if s is not None]
    dummies = [row.dummy for row in drawn if row.dummy is not None]
    hidden = bool(dummies) and _is_far(min(dummies), shown)
    search = material.search
    seen = focus(shown, [*shown, *(search.interval or ()), *([] if hidden else dummies)])
    x = [f"fold {row.fold}" for row in drawn]
    names = {
        "inner": "winner, inner score",
        "winner": "winner, outer score",
        "default": "default configuration, outer score",
        "dummy": "dummy, outer score",
    }
    data = [
        _trace(material, name, x, [getattr(row, role) for row in drawn])
        | {"marker": LOOKS[role], "visible": "legendonly" if role == "dummy" and hidden else True}
        for role, name in names.items()
        if any(getattr(row, role) is not None for row in drawn)
    ]
    words = []
    if hidden:
        shown_as = material.digits.score(fmean(dummies))
        words = [f"The dummy (mean {shown_as}) is too far away to draw; click it in the legend."]
    plot = Plot("", [*data, *_mean_line(search)], _layout(search, seen))
    alt = "Inner and outer score of each outer fold's winner, its default and the dummy"
    return Figure("outer-folds", alt, (plot,)), words


def _is_far(dummy: float, others: list[float]) -> bool:
    width = max(others) - min(others)
    return min(others) - dummy > SQUASHED * width


def _trace(material: Material, name: str, x: list[str], y: list[float | None]) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": plain(name),
        "x": x,
        "y": y,
        "text": [material.digits.score(value) for value in y],
        "hovertemplate": "%{x}: %{text}<extra>" + plain(name) + "</extra>",
    }


def _mean_line(search: StoredSearch) -> list[Trace]:
    """Put the band and the line of ``_layout`` into the legend."""
    if search.outer_mean is None:
        return []
    name = "mean outer score" + (" and 95 % interval" if search.interval else "")
    line = {"color": "@accent", "width": 2, "dash": "dash"}
    return [
        {"type": "scatter", "mode": "lines", "x": [None], "y": [None], "name": name, "line": line}
    ]


def _layout(search: StoredSearch, seen: tuple[float, float] | None) -> dict[str, object]:
    shapes: list[dict[str, object]] = []
    wide = {"xref": "paper", "x0": 0, "x1": 1, "layer": "below"}
    if search.interval is not None:
        low, high = search.interval
        band = {"type": "rect", "y0": low, "y1": high, "fillcolor": "@band", "line": {"width": 0}}
        shapes.append(wide | band)
    if search.outer_mean is not None:
        line = {"color": "@accent", "width": 2, "dash": "dash"}
        level = {"type": "line", "y0": search.outer_mean, "y1": search.outer_mean, "line": line}
        shapes.append(wide | level)
    return layout(
        xaxis=axis(type="category"),
        yaxis=axis(title={"text": plain(search.metric)}, range=seen),
        shapes=shapes,
    )


def _why_nothing(material: Material) -> str:
    search = material.search
    if search.state == "running":
        return (
            "No outer fold has been judged yet: that happens when all inner searches have chosen."
        )
    chosen = sum(winner.outer_fold != FINAL for winner in search.winners)
    folds = sum(fold != FINAL for fold in search.outer_folds)
    return f"No outer fold was judged: {chosen} of {folds} inner searches had chosen by the end."
