"""The ways of a population's members through training, drawn: scores, exploits, the winner's."""

from collections.abc import Sequence

from searcher.report.figures import (
    Figure,
    Plot,
    Trace,
    axis,
    layout,
    legend_only,
    plain,
)
from searcher.report.inner import Limits, inner_figure
from searcher.report.material import Material
from searcher.report.numbers import plural, value_text
from searcher.report.population import Exploit, Population, exploits
from searcher.report.rungs import FEW_UNITS, ticks
from searcher.report.sampling import evenly, focus, keep
from searcher.report.words import fold_label
from searcher.store import StoredTrial

LIMITS = Limits(shown=60, others=160, least=8, folds=20)  # lines
MAX_DOTTED = 600  # points of all lines, above which they have no dots
MAX_POINTS = 100  # of a line
MAX_CHANGES = 6  # parameters that a hover text names
ALT = (
    "Score of each member of a population by resource, with an arrow from each state that was "
    "copied to the member that went on from it, and the way of the state that won"
)


def ways_figure(found: Sequence[Population], material: Material) -> Figure | None:
    """Draw one plot for each inner search that has members with scores."""
    known = {one.outer_fold: one for one in found if one.members}

    def draw(material: Material, fold: str, limit: int) -> Plot:
        return _plot(known[fold], material, limit)

    return inner_figure("ways", ALT, draw, folds=list(known), material=material, limits=LIMITS)


def _plot(population: Population, material: Material, limit: int) -> Plot:
    ancestors = {stage.trial_id for stage in population.stages}
    special = [trial for trial in population.members if trial.trial_id in ancestors]
    drawn = keep(population.members, special, limit)
    every = list(exploits(population, material.began, drawn))
    links = _chosen(every, population, limit)
    won = [one for one in links if population.on_the_way(one.record)]
    points = sum(len(population.curves[trial.trial_id]) for trial in drawn)
    mode = "lines+markers" if points <= MAX_DOTTED else "lines"
    data = [
        *(_line(trial, population, material) | {"mode": mode} for trial in drawn),
        *_way(population),
        *_arrows([one for one in links if one not in won], population, material, "@f1"),
        *_arrows(won, population, material, "@accent"),
        *_legend(population, links),
    ]
    scores = [score for trial in drawn for _, score in population.curves[trial.trial_id]]
    always = [score for _, score, _ in population.way]
    seen = focus(scores, always)
    ours = layout(
        showlegend=True,
        xaxis=axis(title={"text": f"{material.nouns} trained"}, **ticks(material)),
        yaxis=axis(title={"text": "mean inner score"}, range=seen),
    )
    lowest = (min(y for _, y in population.curves[trial.trial_id]) for trial in drawn)
    below = sum(score < seen[0] for score in lowest) if seen else 0
    note = _note(population, len(drawn), len(links), below)
    return Plot(fold_label(population.outer_fold), data, ours, note)


def _chosen(every: list[Exploit], population: Population, limit: int) -> list[Exploit]:
    """Keep those of the winner's way, and an even sample of the others."""
    own = [one for one in every if population.on_the_way(one.record)]
    others = [one for one in every if not population.on_the_way(one.record)]
    return evenly(own, limit) + evenly(others, max(0, limit - len(own)))


def _line(trial: StoredTrial, population: Population, material: Material) -> Trace:
    """Draw a member's scores; where it left its own state, the line goes on from the copied one."""
    x, y = _broken(population, trial)
    name = f"member {trial.number}" + (", its default" * (trial.origin == "default"))
    ended = f"{name}: {material.digits.score(trial.score)} in the end"
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "line": {"color": "@s2", "width": 1.2},
        "marker": {"size": 4, "color": "@s2"},
        "opacity": 0.7,
        "showlegend": False,
        "text": ended,
        "hovertemplate": "%{y} after %{x}<br>%{text}<extra></extra>",
    }


def _broken(
    population: Population, trial: StoredTrial
) -> tuple[list[int | None], list[float | None]]:
    """Coordinates of a member's line, with a gap at each exploit."""
    own = [record for record in population.lineage if record.trial_id == trial.trial_id]
    x: list[int | None] = []
    y: list[float | None] = []
    last = None
    for resource, score in evenly(population.curves[trial.trial_id], MAX_POINTS):
        left = [r for r in own if last is not None and last <= r.resource < resource]
        if left:
            copied = dict(population.curves.get(left[-1].source_trial_id, ()))
            x += [None, left[-1].resource]
            y += [None, copied.get(left[-1].resource)]
        x.append(resource)
        y.append(score)
        last = resource
    return x, y


def _arrows(
    links: Sequence[Exploit], population: Population, material: Material, colour: str
) -> list[Trace]:
    """Lead from each state that was copied to the one that was given up for it."""
    if not links:
        return []
    trace: Trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [x for one in links for x in (one.record.resource, one.record.resource, None)],
        "y": [y for one in links for y in (one.copied, one.given_up, None)],
        "text": [text for one in links for text in ("", _told(one, population, material), "")],
        "hovertemplate": "%{text}<extra></extra>",
        "line": {"color": colour, "width": 1.5, "dash": "dot"},
        "marker": {
            "symbol": "arrow",
            "angleref": "previous",
            "size": [size for _ in links for size in (0, 11, 0)],
            "color": colour,
            "opacity": 1,
            "line": {"width": 0},
        },
        "showlegend": False,
    }
    return [trace]


def _told(one: Exploit, population: Population, material: Material) -> str:
    """Say an exploit in lines, for the mouse."""
    member, source = (
        population.number(of) for of in (one.record.trial_id, one.record.source_trial_id)
    )
    changed = [
        f"{plain(name)}: {plain(value_text(old))} → {plain(value_text(new))}"
        for name, old, new in one.changes
    ]
    if len(changed) > MAX_CHANGES:
        changed[MAX_CHANGES:] = [f"and {len(changed) - MAX_CHANGES} more"]
    at = f"after {one.record.resource} {material.nouns}"
    return "\n".join([f"{at}, member {member} goes on from member {source}", *changed])


def _way(population: Population) -> list[Trace]:
    """Draw the winner's way as one line through all members that trained its state."""
    points = evenly(population.way, 2 * MAX_POINTS)
    if not points:
        return []
    line: Trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [resource for resource, _, _ in points],
        "y": [score for _, score, _ in points],
        "text": [f"trained by member {population.number(s.trial_id)}" for _, _, s in points],
        "hovertemplate": "%{y} after %{x}<br>the winner's way, %{text}<extra></extra>",
        "line": {"color": "@accent", "width": 3},
        "marker": {"size": 7 if len(points) <= FEW_UNITS else 4, "color": "@accent"},
        "showlegend": False,
    }
    return [line]


def _legend(population: Population, links: Sequence[Exploit]) -> list[Trace]:
    entries = []
    if population.way:
        line = {"color": "@accent", "width": 3}
        entries.append(legend_only("the winner's way", mode="lines", line=line))
    entries.append(legend_only("a member", mode="lines", line={"color": "@s2", "width": 2}))
    if links:
        line = {"color": "@f1", "width": 1.5, "dash": "dot"}
        entries.append(legend_only("copied to a member", mode="lines", line=line))
    return entries


def _note(population: Population, lines: int, links: int, below: int) -> str:
    notes = []
    if lines < len(population.members):
        notes.append(
            f"{lines:,} of {len(population.members):,} members are drawn: those of the winner's "
            "way, and an even sample of the others."
        )
    if links < len(population.lineage):
        notes.append(f"{links:,} of {len(population.lineage):,} exploits are drawn.")
    if below:
        notes.append(
            f"{plural(below, 'member')} scored below the axis; a double click shows everything."
        )
    return " ".join(notes)
