"""How a figure shows several inner searches: one plot for each, the one in detail the fullest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from searcher.report.figures import Figure, Plot
from searcher.report.material import Material

Draw = Callable[[Material, str, int], Plot]
"""Draw the inner search of an outer fold with at most so many points or lines."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is drawn, so that a page of any search stays small."""

    shown: int  # of the inner search that is shown in detail
    others: int  # of all others together
    least: int  # of each of them
    folds: int  # inner searches that can be chosen


def inner_figure(
    name: str, alt: str, draw: Draw, *, folds: Sequence[str], material: Material, limits: Limits
) -> Figure | None:
    """One plot for each of the outer folds; None for none."""
    share = max(limits.least, limits.others // max(1, len(folds) - 1))
    plots = tuple(
        draw(material, fold, limits.shown if fold == material.shown_fold else share)
        for fold in folds[: limits.folds]
    )
    return Figure(name, alt, plots, selector="Inner search") if plots else None
