"""How the winners did on the outer test rows, row by row: curves and confusion, or residuals."""

from dataclasses import dataclass

from searcher.report.calibration import calibration_parts
from searcher.report.confusion import ClassRow, confusion_part
from searcher.report.curves import curve_parts
from searcher.report.figures import Figure
from searcher.report.judged import Judged, Part
from searcher.report.material import Material
from searcher.report.numbers import plural
from searcher.report.residuals import residual_parts


@dataclass(frozen=True, slots=True)
class Quality:
    """The section."""

    words: list[str]
    parts: list[Part]
    classes: list[ClassRow]

    @property
    def figures(self) -> list[Figure]:
        """All that is drawn."""
        return [part.figure for part in self.parts if part.figure is not None]


def quality(material: Material) -> Quality:
    """Draw what the task allows."""
    judged, search = material.judged, material.search
    if judged is None:
        return Quality([_why_nothing(material)], [], [])
    words = _words(judged)
    if search.task == "regression":
        target = str(search.data.get("target") or "value")
        return Quality(words, list(residual_parts(judged, target)), [])
    parts = [*curve_parts(judged), *calibration_parts(judged)]
    if not parts:
        words.append("The model gives no probabilities, so there are no curves.")
    confusion, classes = confusion_part(judged)
    return Quality(words, [*parts, confusion], classes)


def _words(judged: Judged) -> list[str]:
    words = []
    if judged.sample is not None:
        kept, rows = judged.sample
        words.append(f"From a sample: {kept:,} of {rows:,} outer test rows are in the store.")
    if judged.n_left_out:
        words.append(
            f"{plural(judged.n_left_out, 'prediction')} that is not a finite number is left out."
            if judged.n_left_out == 1
            else f"{judged.n_left_out:,} predictions that are not finite numbers are left out."
        )
    return words


def _why_nothing(material: Material) -> str:
    if material.search.outer_scores:
        return "The store has no predictions of this search: an older searcher did not keep them."
    return "No outer fold has been judged, so there is nothing to draw."
