"""How the score depends on one parameter at a time, by Optuna's slice plot."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from search_spaces.parameters import Parameter
from searcher.report.figures import Figure, Plot, Trace, axis, from_optuna, layout, merged, plain
from searcher.report.material import Material
from searcher.report.numbers import value_text
from searcher.report.parallel import colourbar, steps
from searcher.report.sampling import evenly, focus, note_below, scores_of
from searcher.report.studies import make_study
from searcher.report.varied import Varied

MAX_POINTS = 400
MAX_SLICES = 4
MAX_TICKS = 6
SLICE_PX = 230


def slice_figure(
    families: Sequence[Varied], shares: Mapping[str, Mapping[str, float]], material: Material
) -> Figure | None:
    """Draw one plot for each family: its most important parameters, as far as that is known."""
    plots = [_plot(family, shares.get(family.family, {}), material) for family in families]
    if not plots:
        return None
    alt = "Score of each trial against the value of one parameter"
    return Figure("slices", alt, tuple(plots), selector="Family", height=360)


def _plot(family: Varied, shares: Mapping[str, float], material: Material) -> Plot:
    from optuna.visualization import plot_slice

    order = [*shares, *(name for name in family.parameters if name not in shares)]
    drawn = evenly(family.trials, MAX_POINTS)
    names = [n for n in order if any(n in trial.configuration for trial in drawn)][:MAX_SLICES]
    if not names:
        return Plot(plain(family.family), [], layout(), "Nothing varied among the trials drawn.")
    shown = {name: family.parameters[name] for name in names}
    study = make_study(drawn, {family.family: shown})
    figure = plot_slice(study, params=names, target_name=plain(material.search.metric))
    data, base = from_optuna(figure)
    # Optuna numbers the trials that it was given.
    spelt = spellings(shown)
    numbers = [trial.number for trial in drawn]
    for i, trace in enumerate(data):
        _style(trace, numbers, spelt, with_scale=i == 0)
        name_ticks(base[f"xaxis{i + 1 if i else ''}"], trace["x"], spelt)
    seen = focus(scores_of(drawn))
    ours = layout(margin={"l": 72})
    for key in base:
        if key.startswith(("xaxis", "yaxis")):
            ours[key] = merged(axis(), {"range": seen} if key.startswith("yaxis") else {})
    base.pop("width", None)  # Optuna's own idea of the page
    note = f"{_note(family, drawn, names, shares)} {note_below(scores_of(drawn), seen)}".strip()
    return Plot(plain(family.family), data, merged(base, ours), note, SLICE_PX * len(names))


def _style(
    trace: Trace, numbers: Sequence[int], spelt: Mapping[str, str], *, with_scale: bool
) -> None:
    order = [numbers[i] for i in trace["marker"]["color"]]
    trace["x"] = [spelt.get(x, plain(x)) if isinstance(x, str) else x for x in trace["x"]]
    trace["marker"] = {
        "color": order,
        "colorscale": steps(),
        "cmin": 0,
        "cmax": max(numbers),
        "size": 7,
        "line": {"width": 0.5, "color": "@muted"},
        "showscale": with_scale,
        **({"colorbar": colourbar("trial number")} if with_scale else {}),
    }
    trace["text"] = [f"trial {number}" for number in order]
    trace["hovertemplate"] = "%{x}: %{y}<br>%{text}<extra></extra>"


def spellings(parameters: Mapping[str, Parameter]) -> dict[str, str]:
    """Choices as Optuna writes them (slices by ``repr``, contours by ``str``) and as we do."""
    choices = [
        choice for parameter in parameters.values() for choice in getattr(parameter, "choices", ())
    ]
    return {write(choice): plain(value_text(choice)) for choice in choices for write in (str, repr)}


def name_ticks(given: dict[str, Any], x: Sequence[Any], spelt: Mapping[str, str]) -> None:
    """Label one axis of Optuna's in words of this page, with few ticks."""
    given["title"]["text"] = plain(given["title"]["text"])
    given["tickfont"] = {"size": 11}
    if "categoryarray" in given:
        given["categoryarray"] = [spelt.get(c, plain(c)) for c in given["categoryarray"]]
    elif given.get("type") == "log":
        ticks = log_ticks(min(x), max(x))
        given |= {"tickvals": ticks, "ticktext": [value_text(float(tick)) for tick in ticks]}
    else:
        given["nticks"] = 5


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high``, both above 0: at most six.

    plotly's own (4.1) for less than two decades read ``5, 0.01, 2, 5, 0.1``.
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for steps_of_ten in ((1, 3), (1,)):
        round_numbers = (step * 10.0**decade for decade in decades for step in steps_of_ten)
        ticks = [tick for tick in round_numbers if low <= tick <= high] or [low]
        if len(ticks) <= MAX_TICKS:
            break
    return ticks[:: -(-len(ticks) // MAX_TICKS)]


def _note(
    family: Varied, drawn: Sequence[object], names: Sequence[str], shares: Mapping[str, float]
) -> str:
    notes = []
    if len(drawn) < len(family.trials):
        notes.append(f"{len(drawn)} of {len(family.trials):,} trials are drawn, an even sample.")
    if len(names) < len(family.parameters):
        which = f"{len(names)} most important" if shares else f"first {len(names)}"
        notes.append(f"The {which} of {len(family.parameters)} parameters.")
    return " ".join(notes)
