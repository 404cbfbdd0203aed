"""How trials' means grew fold by fold, and where and why some of them were stopped."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from searcher.audits import audits, told
from searcher.records import Decision
from searcher.report.figures import (
    Figure,
    Plot,
    Trace,
    axis,
    from_optuna,
    hover,
    layout,
    legend_only,
    marks,
    merged,
)
from searcher.report.inner import Limits, inner_figure
from searcher.report.material import Material
from searcher.report.sampling import completed, evenly, focus, keep
from searcher.report.studies import make_study
from searcher.report.words import fold_label
from searcher.store import StoredTrial

LIMITS = Limits(shown=150, others=400, least=20, folds=20)  # lines
MAX_STOPS = 100  # rows of the table
FEW_UNITS = 15  # that the axis can name one by one


@dataclass(frozen=True, slots=True)
class RungRow:
    """What happened at one rung of the inner search that is shown."""

    resource: int
    compared: int
    stopped: int
    lowest_cutoff: float | None
    highest_cutoff: float | None


@dataclass(frozen=True, slots=True)
class Rungs:
    """The section."""

    figure: Figure | None
    words: list[str]
    rows: list[RungRow]
    stops: list[Decision]
    left_out: int
    fits: int  # units that were trained, all inner searches
    full: int  # units that all their trials would have taken


def rungs(material: Material) -> Rungs:
    """Show the races."""
    decisions = material.decisions.get(material.shown_fold, ())
    stops = [decision for decision in decisions if decision.decision == "stop"]
    fits, full = _work(material)
    folds = [fold for fold in material.folds_to_choose_from if _raced(material, fold)]
    alt = "Mean score of each trial as it went on, with the points of stopping"
    figure = inner_figure("rungs", alt, _plot, folds=folds, material=material, limits=LIMITS)
    return Rungs(
        figure=figure,
        words=[*_words(material, figure), *_audit(material)],
        rows=_rows(decisions),
        stops=sorted(evenly(stops, MAX_STOPS), key=lambda d: int(d.trial_id.rsplit(".", 1)[-1])),
        left_out=max(0, len(stops) - MAX_STOPS),
        fits=fits,
        full=full,
    )


def _raced(material: Material, fold: str) -> bool:
    """Whether there are means of at least two folds to draw a line between, or a stop to show."""
    return any(
        len(material.curves.get(trial.trial_id, ())) > (trial.state != "stopped")
        for trial in material.trials[fold]
    )


def _words(material: Material, figure: Figure | None) -> list[str]:
    if figure is None:
        return ["No trial has a score on an inner fold."]
    if not any(d.decision == "stop" for found in material.decisions.values() for d in found):
        return ["No trial was stopped at a rung: every one ran to its end, failed, or still runs."]
    return []


def _audit(material: Material) -> list[str]:
    """Say what racing has cost, if the search was a race."""
    trials = [trial for found in material.trials.values() for trial in found]
    decisions = [decision for found in material.decisions.values() for decision in found]
    return [f"{line[0].upper()}{line[1:]}." for line in told(audits(trials, decisions))]


def _work(material: Material) -> tuple[int, int]:
    """Add up units; nothing where trials count in several, which have no sum."""
    fits = full = 0
    for found in material.trials.values() if len(material.units) == 1 else ():
        trials = [trial for trial in found if trial.unit in material.units]
        done = completed(trials)
        if done:
            length = max(trial.resource for trial in done)
            ended = [trial for trial in trials if trial.state in ("completed", "stopped")]
            fits += sum(trial.resource for trial in ended)
            full += length * len(ended)
    return fits, full


def _rows(decisions: Sequence[Decision]) -> list[RungRow]:
    by_rung: dict[int, list[Decision]] = defaultdict(list)
    for decision in decisions:
        by_rung[decision.resource].append(decision)
    rows = []
    for resource, found in sorted(by_rung.items()):
        cutoffs = [decision.cutoff for decision in found if decision.cutoff is not None]
        rows.append(
            RungRow(
                resource=resource,
                compared=len(found),
                stopped=sum(decision.decision == "stop" for decision in found),
                lowest_cutoff=min(cutoffs, default=None),
                highest_cutoff=max(cutoffs, default=None),
            )
        )
    return rows


def _plot(material: Material, fold: str, limit: int) -> Plot:
    from optuna.visualization import plot_intermediate_values

    trials = [t for t in material.trials[fold] if material.curves.get(t.trial_id)]
    chosen = material.winner_of(fold)
    drawn = keep(trials, [trial for trial in trials if trial.trial_id == chosen], limit)
    # Failed trials have means too, but Optuna draws none of them.
    raced = [trial for trial in drawn if trial.state != "failed"]
    raced.sort(key=lambda trial: trial.trial_id == chosen)  # the winner on top
    data, base = from_optuna(plot_intermediate_values(make_study(raced, curves=material.curves)))
    for trial, trace in zip(raced, data, strict=True):
        _style(trace, trial, material, won=trial.trial_id == chosen)
    ends = [material.curves[t.trial_id][-1][1] for t in completed(raced) if t.origin != "dummy"]
    always = [
        mean for t in raced if t.trial_id == chosen for _, mean in material.curves[t.trial_id]
    ]
    everywhere = [mean for t in raced for _, mean in material.curves[t.trial_id]]
    seen = focus(everywhere if len(ends) < 2 else ends + _stop_scores(raced, material), always)  # noqa: PLR2004
    data += [*_stops(raced, material, fold), *_legend(raced, chosen)]
    ours = layout(
        showlegend=True,
        xaxis=axis(title={"text": f"{material.nouns} finished"}, **ticks(material)),
        yaxis=axis(title={"text": "mean score so far"}, range=seen),
    )
    note = f"{len(drawn):,} of {len(trials):,} trials are drawn, an even sample."
    return Plot(
        fold_label(fold), data, merged(base, ours), note if len(drawn) < len(trials) else ""
    )


def ticks(material: Material) -> dict[str, int]:
    """Mark every unit of an axis of resource where they are few."""
    longest = max((len(curve) for curve in material.curves.values()), default=0)
    return {"dtick": 1} if longest <= FEW_UNITS else {}


def _stop_scores(trials: Sequence[StoredTrial], material: Material) -> list[float]:
    return [material.curves[t.trial_id][-1][1] for t in trials if t.state == "stopped"]


def _style(trace: Trace, trial: StoredTrial, material: Material, *, won: bool) -> None:
    colour = {"completed": "@s2", "stopped": "@f1"}.get(trial.state, "@muted")
    trace |= {
        "line": {"color": "@accent" if won else colour, "width": 3 if won else 1.2},
        "marker": {"size": 7 if won else 4, "color": "@accent" if won else colour},
        "opacity": 1 if won else 0.55,
        "showlegend": False,
        "text": hover(trial, material.digits),
        "hovertemplate": "%{y} after %{x}<br>%{text}<extra></extra>",
    }


def _stops(trials: Sequence[StoredTrial], material: Material, fold: str) -> list[Trace]:
    """Mark where the scheduler stopped a trial, with its grounds."""
    drawn = {trial.trial_id: trial for trial in trials}
    stops = [
        decision
        for decision in material.decisions.get(fold, ())
        if decision.decision == "stop" and decision.trial_id in drawn
    ]
    return marks(
        "stopped here",
        [decision.resource for decision in stops],
        [decision.score for decision in stops],
        [hover(drawn[d.trial_id], material.digits, *grounds(d, material)) for d in stops],
        {"symbol": "x-thin", "size": 8, "color": "@f1", "line": _line("@f1", 2)},
    )


def grounds(decision: Decision, material: Material) -> list[str]:
    """Say why a trial was stopped."""
    said = [decision.reason]
    if decision.cutoff is not None:
        said.append(f"needed {material.digits.score(decision.cutoff)} to go on")
    if decision.rank is not None and decision.rivals is not None:
        said.append(f"rank {decision.rank} of {decision.rivals} at this rung by then")
    return said


def _legend(trials: Sequence[StoredTrial], chosen: str | None) -> list[Trace]:
    looks = {
        "completed": ("went through", "@s2"),
        "stopped": ("stopped early", "@f1"),
        "running": ("still runs", "@muted"),
        "paused": ("waits for the search to go on", "@muted"),
    }
    entries = [
        legend_only(name, mode="lines", line=_line(colour, 2))
        for state, (name, colour) in looks.items()
        if any(t.state == state and t.trial_id != chosen for t in trials)
    ]
    if any(trial.trial_id == chosen for trial in trials):
        entries.insert(0, legend_only("the winner", mode="lines", line=_line("@accent", 3)))
    return entries


def _line(colour: str, width: int) -> dict[str, Any]:
    return {"color": colour, "width": width}
