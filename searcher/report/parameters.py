"""Which parameters mattered, and which of their values were good."""

from collections.abc import Sequence
from dataclasses import dataclass

from searcher.report.compared import Compared
from searcher.report.contours import contour_figure
from searcher.report.figures import Figure
from searcher.report.importance import Shares, importance_figure, weigh, why_not_weighed
from searcher.report.material import Material
from searcher.report.numbers import plural
from searcher.report.parallel import parallel_figure
from searcher.report.slices import slice_figure
from searcher.report.studies import FAMILY
from searcher.report.varied import Varied, varied

MIN_TRIALS = 5  # of a family, to draw it
MAX_FAMILIES = 12


@dataclass(frozen=True, slots=True)
class ParameterSection:
    """The section."""

    importance: Figure | None
    parallel: Figure | None
    slices: Figure | None
    contours: Figure | None
    silent: list[str]  # of what importance says nothing, and why
    not_drawn: list[str]  # families that the others leave out, and why
    family_share: float | None  # importance of the choice of family, of all importance


def parameter_section(compared: Compared, material: Material) -> ParameterSection:
    """Draw importance, parallel coordinates, slices and contours, or say why not."""
    families = varied(compared, material)[:MAX_FAMILIES]
    weighed, silent = _weigh(families)
    shares = {asked[0].family: found for asked, found in weighed if len(asked) == 1}
    together = next((found for asked, found in weighed if len(asked) > 1), {})
    drawable = [f for f in families if f.parameters and len(f.trials) >= MIN_TRIALS]
    not_drawn = [
        f"{f.family} is not drawn: only {plural(len(f.trials), 'trial')} can be compared."
        for f in families
        if len(f.trials) < MIN_TRIALS
    ]
    if not families:
        silent.append("No trial but the dummy completed: there is nothing to compare.")
    return ParameterSection(
        importance=importance_figure(weighed),
        parallel=parallel_figure(drawable, shares, material),
        slices=slice_figure(drawable, shares, material),
        contours=contour_figure(drawable, shares, material),
        silent=silent,
        not_drawn=not_drawn,
        family_share=together.get(FAMILY),
    )


def _weigh(families: Sequence[Varied]) -> tuple[list[tuple[Sequence[Varied], Shares]], list[str]]:
    """Weigh the parameters of all families together and of each; with reasons where not."""
    questions = [[family] for family in families]
    if len(families) > 1:
        questions.insert(0, list(families))
    weighed: list[tuple[Sequence[Varied], Shares]] = []
    silent = []
    for asked in questions:
        why_not = why_not_weighed(asked)
        shares = {} if why_not else weigh(asked)
        if shares:
            weighed.append((asked, shares))
        elif why_not is None:
            silent.append(f"{asked[0].family}: too few trials have any one of its parameters.")
        elif len(asked) > 1:
            return [], [f"Nothing is said of importance: {why_not}."]  # nor of a part of them
        else:
            silent.append(f"{asked[0].family}: {why_not}.")
    return weighed, silent
