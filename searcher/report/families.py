"""How the families compare with each other."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import fmean

from searcher.records import FINAL
from searcher.report.compared import Compared
from searcher.report.figures import Figure, Plot, Trace, axis, hover, layout, plain
from searcher.report.material import Material
from searcher.report.sampling import completed, evenly, focus, note_below, scores_of
from searcher.store import StoredTrial

MAX_POINTS = 200  # of a family


@dataclass(frozen=True, slots=True)
class FamilyRow:
    """One family in the inner search that is shown."""

    family: str
    is_dummy: bool
    states: Counter[str]
    best: float | None
    default: float | None
    fit_s: float | None  # mean wall seconds of a completed trial's fits
    seconds: float  # wall seconds of all its trials, all inner searches
    chosen: int  # outer folds that it won
    outer: float | None  # mean outer score where it won

    @property
    def gain(self) -> float | None:
        """What tuning it brought: best minus default, both inner scores."""
        known = self.best is not None and self.default is not None
        return self.best - self.default if known else None  # type: ignore[operator]


def family_rows(material: Material) -> list[FamilyRow]:
    """Compare the families, the best first."""
    chosen = Counter(w.family for w in material.search.winners if w.outer_fold != FINAL)
    won = _outer_scores(material)
    spent: dict[str, float] = defaultdict(float)
    for trial in material.every_trial:
        spent[trial.family] += trial.seconds or 0.0
    rows = []
    for family in material.families:
        trials = [trial for trial in material.shown if trial.family == family]
        done = completed(trials)
        if trials:
            defaults = [trial.score for trial in done if trial.origin == "default"]
            rows.append(
                FamilyRow(
                    family=family,
                    is_dummy=any(trial.origin == "dummy" for trial in trials),
                    states=Counter(trial.state for trial in trials),
                    best=max(scores_of(done), default=None),
                    default=defaults[0] if defaults else None,
                    fit_s=fmean([t.fit_s for t in done if t.fit_s is not None] or [0.0])
                    if done
                    else None,
                    seconds=spent[family],
                    chosen=chosen[family],
                    outer=fmean(won[family]) if won[family] else None,
                )
            )
    return sorted(rows, key=lambda row: (row.best is None, -(row.best or 0.0)))


def _outer_scores(material: Material) -> dict[str, list[float]]:
    """Family -> outer scores of the folds that it won."""
    scores = material.search.scores("winner")
    found: dict[str, list[float]] = defaultdict(list)
    for winner in material.search.winners:
        score = scores.get(winner.outer_fold)
        if score is not None:
            found[winner.family].append(score)
    return found


def family_figure(compared: Compared, material: Material) -> Figure | None:
    """Draw how the trials of each family scored."""
    if not compared.trials:
        return None
    order = compared.families[::-1]  # plotly draws from below
    scores = scores_of(compared.trials)
    seen = focus(scores)
    data = [_box([t for t in compared.trials if t.family == f], material) for f in order]
    ours = layout(
        showlegend=False,
        xaxis=axis(title={"text": plain(material.search.metric)}, range=seen),
        yaxis=axis(type="category"),
    )
    plot = Plot("", data, ours, note_below(scores, seen))
    height = 110 + 56 * len(order)
    return Figure("families-compared", "Scores of each family's trials", (plot,), height=height)


def _box(trials: list[StoredTrial], material: Material) -> Trace:
    family, ranked = trials[0].family, sorted(trials, key=lambda trial: trial.score or 0.0)
    drawn = evenly(ranked, MAX_POINTS)  # evenly by rank keeps the quartiles
    colour = material.colours[family]
    return {
        "type": "box",
        "orientation": "h",
        "name": plain(family),
        "x": [trial.score for trial in drawn],
        "y": [plain(family)] * len(drawn),
        "text": [hover(trial, material.digits) for trial in drawn],
        "hovertemplate": "%{text}<extra></extra>",
        "hoveron": "points",
        "boxpoints": "all",
        "jitter": 0.4,
        "pointpos": 0,
        "marker": {"color": colour, "size": 5, "opacity": 0.55},
        "line": {"color": colour, "width": 1.5},
        "fillcolor": "rgba(0,0,0,0)",
    }
