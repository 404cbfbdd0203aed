"""The five families pass on real rows, within seconds."""

from pathlib import Path

import pytest

from searcher.data import load_dataset
from searcher.plan import make_plan
from searcher.preflight.sample import draw
from searcher.preflight.training import try_trainings
from searcher.spec import load_spec

FAMILIES = "search_spaces.families"
SMALL = {
    "ft_transformer": {"depth": {"high": 2}, "head_size": {"high": 8}, "scale": "standard"},
    "cnn": {"channels": {"high": 16}, "blocks": {"high": 2}},
    "recurrent": {"size": {"high": 32}},
    "transformer": {"layers": [1], "heads": [4, 8], "head_size": {"low": 8, "high": 16}},
}
"""So that it takes a second or two."""


@pytest.mark.parametrize(
    ("data", "family"),
    [
        ({"path": "sklearn:diabetes"}, "mlp:MLP"),
        ({"path": "sklearn:wine"}, "ft_transformer:FTTransformer"),
        ({"path": "sklearn:digits", "shape": {"image": [1, 8, 8]}}, "cnn:CNN"),
        ({"path": "sklearn:digits", "shape": {"sequence": [8, 8]}}, "recurrent:Recurrent"),
        ({"path": "sklearn:digits", "shape": {"sequence": [8, 8]}}, "transformer:Transformer"),
    ],
)
def test_every_choice_of_every_family_can_be_trained(data: dict, family: str) -> None:
    changes = SMALL.get(family.split(":", maxsplit=1)[0])
    request = {"name": "t", "data": data, "families": {f"{FAMILIES}.{family}": changes}, "seed": 0}
    spec = load_spec(request)
    rows = load_dataset(spec.data, base=Path())
    plan = make_plan("t", spec, rows, base=Path())

    found = try_trainings(plan.candidates, draw(rows, seed=0))

    assert len(found) > 5
    assert [(each.name, each.reason) for each in found if each.outcome != "passed"] == []
