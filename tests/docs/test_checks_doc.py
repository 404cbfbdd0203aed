"""docs/checks.md names every finding, and its thresholds as they are."""

import re
from pathlib import Path

import pytest

from searcher.checks import case, classes, drift, duplicates, giveaways, holes, identifiers, order
from searcher.checks import single as alone
from searcher.preflight import choices, exports, sample

DOC = " ".join((Path(__file__).parents[2] / "docs" / "checks.md").read_text().split())
FOLDER = Path(case.__file__).parent


def test_every_kind_of_finding_is_documented_and_no_other() -> None:
    source = "".join(path.read_text() for path in FOLDER.glob("*.py"))
    kinds = set(re.findall(r'^ +kind="(\w+)"(?:,| if)', source, re.MULTILINE))

    table = DOC.split("## Findings")[1].split("## What they find")[0]
    documented = {
        kind for row in re.findall(r"\| (`[\w`, ]+`) \| ", table) for kind in row.split(", ")
    }
    assert {kind.strip("`") for kind in documented} == kinds | {"target_drift"}


@pytest.mark.parametrize(
    "phrase",
    [
        f"at most {case.MOST_ROWS:,} rows and {case.MOST_CELLS:,} cells",
        f"warning from {duplicates.TWIN_SHARE:.0%} of the test rows and ".replace("%", " %")
        + f"{duplicates.LEAST_ROWS} of them",
        f"note from {duplicates.CONFLICT_SHARE:.0%} of the rows".replace("%", " %"),
        f"nearly all different ({identifiers.UNIQUE_SHARE:.0%})".replace("%", " %"),
        f"rank correlation {identifiers.IN_ORDER}",
        f"single rows ({identifiers.SINGLETON_SHARE:.0%} of the rows)".replace("%", " %"),
        f"from {identifiers.LEAST_ROWS} rows on",
        f"up to {alone.MOST_BINS} bins of its values, {alone.FOLDS}-fold",
        "ROC AUC {roc_auc} (two classes), balanced accuracy {balanced_accuracy} (more), R² of the "
        "target's ranks {r2}".format(**giveaways.DECIDES),
        "note from {roc_auc}, {balanced_accuracy}, {r2}".format(**giveaways.LEADS),
        "next best column by {roc_auc}, {balanced_accuracy}, {r2}".format(**giveaways.LEAD),
        "warning from {roc_auc}, {balanced_accuracy}, {r2}".format(**giveaways.MISSING_DECIDES),
        f"at least {order.LEAST_GROUPS} values",
        f"at least {order.LEAST_ALIKE} other columns agree ({order.ALIKE:.0%} of pairs)".replace(
            "%", " %"
        ),
        f"sorted by (rank correlation {order.IN_TIME})",
        f"note below {classes.FEW} rows",
        f"note below {classes.RARE:.0%}".replace("%", " %"),
        f"warning from {drift.SHIFT}",
        f"less than once in {1 / drift.ERROR_RATE:,.0f} such searches",
        f"note above {holes.MOSTLY_MISSING:.0%}".replace("%", " %"),
        f"fitted on {sample.N_ROWS} rows (at least {sample.EACH_CLASS} of each class",
        f"Whole numbers above {choices.SMALL}",
        f"takes longer than {exports.EACH_S:.0f} s",
        f"not reached within {exports.LIMIT_S:.0f} s",
    ],
)
def test_thresholds_are_documented_as_they_are(phrase: str) -> None:
    assert phrase in DOC
