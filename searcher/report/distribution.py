"""How often each family gets how far: empirical distributions of scores, by Optuna's plot."""

from searcher.report.compared import Compared
from searcher.report.figures import (
    Figure,
    Plot,
    axis,
    from_optuna,
    layout,
    merged,
    plain,
    unpacked,
)
from searcher.report.material import Material
from searcher.report.sampling import focus, scores_of
from searcher.report.studies import make_study

LEAST = 2  # trials of a family
DASHES = ("solid", "dash", "dot", "dashdot")


def distribution_figure(compared: Compared, material: Material) -> Figure | None:
    """Draw one line for each family; None if none has two trials."""
    from optuna.visualization import plot_edf

    of_family = {
        family: [trial for trial in compared.trials if trial.family == family]
        for family in compared.families
    }
    drawn = {family: found for family, found in of_family.items() if len(found) >= LEAST}
    if not drawn:
        return None
    studies = [make_study(found) for found in drawn.values()]
    data, base = from_optuna(plot_edf(studies, target_name=plain(material.search.metric)))
    for i, (family, trace) in enumerate(zip(drawn, data, strict=True)):
        line = {"color": material.colours[family], "width": 2, "dash": DASHES[i % len(DASHES)]}
        trace |= {
            "name": plain(family),  # Optuna's is the study's random one
            "x": unpacked(trace["x"]),
            "y": unpacked(trace["y"]),
            "line": line,
            "showlegend": True,
            "hovertemplate": "%{y:.0%} up to %{x}<extra>" + plain(family) + "</extra>",
        }
    seen = focus(scores_of(trial for found in drawn.values() for trial in found))
    ours = layout(
        xaxis=axis(range=seen),
        yaxis=axis(title={"text": "share of its trials"}, tickformat=".0%", range=[0, 1.02]),
    )
    alt = "Share of each family's trials that score no more than a value"
    return Figure("distribution", alt, (Plot("", data, merged(base, ours)),), height=380)
