"""docs/checks.md gives the thresholds of the training checks as they are."""

from pathlib import Path

import pytest

from searcher.preflight import sample
from searcher.preflight.training import (
    all_choices,
    beginning,
    gradients,
    overfitting,
    rates,
    subject,
)

DOC = " ".join((Path(__file__).parents[4] / "docs" / "checks.md").read_text().split())


@pytest.mark.parametrize(
    "phrase",
    [
        f"tried on up to {sample.N_ROWS + sample.N_HELD_OUT} rows of the data",
        f"not within {beginning.FAR:.0f} times of ln(number of classes)",
        f"is below {gradients.LOST:.1e} of the largest layer's",
        f"{overfitting.N_ROWS} rows by heart",
        f"a loss above {100 * overfitting.ENOUGH:.0f} % of the best constant answer's",
        f"after {overfitting.MOST_STEPS} steps of Adam",
        f"takes longer than {all_choices.EACH_S:.0f} s of CPU, or that is not reached within "
        f"{all_choices.LIMIT_S:.0f} s,",
        f"a look at a network {subject.N_FEW}",
        f"for {rates.STEPS} steps, of at most {rates.LARGEST_BATCH} rows, in which the rate grows",
        f"after {rates.LIMIT_S:.0f} s of CPU the test is given up",
        f"upwards to {rates.BEYOND:.0f} times the rate",
        f"a fall of less than {100 * rates.LEAST_FALL:.0f} % says nothing",
    ],
)
def test_thresholds_are_documented_as_they_are(phrase: str) -> None:
    assert phrase in DOC
