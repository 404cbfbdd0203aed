"""What it costs to try the exports of a network: its choices share files."""

import numpy as np
import pytest

from search_spaces.families.mlp import MLP
from searcher.candidates import Candidate
from searcher.preflight.exports import try_exports
from tests.searcher.checks.cases import dataset, numbers

COLUMNS = numbers(600, n_columns=2)
ROWS = dataset(COLUMNS, (COLUMNS["x0"] > 0).astype(np.int64))


@pytest.mark.slow
def test_choices_of_a_network_pass_together_in_one_file() -> None:
    family = MLP()
    changes = {"scale": "standard", "quantities": "plain", "residual": False, "width": 32}
    some = {"activation": ["relu", "gelu"], "normalisation": ["none", "layer"]}
    space = family.space(ROWS.profile).override(changes | some)
    default = space.nearest(family.default(ROWS.profile))
    it = Candidate(family.name, "mlp", family, space, default)

    found = try_exports([it], ROWS, seed=0, each_s=60.0)

    assert [(each.parameter, each.value, each.outcome, each.reason) for each in found] == [
        (None, None, "passed", None),
        ("normalisation", "layer", "passed", None),
        ("activation", "gelu", "passed", None),
    ]
    assert found[1].seconds == found[2].seconds  # half of what their file took
