import json
import subprocess
import sys
from dataclasses import asdict, fields

import pytest

from search_spaces.networks import TrainingSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("optimizer", "lion"),
        ("schedule", None),
        ("loss", "bce"),
        ("class_weight", "none "),
        ("augment", "rotate"),
        ("precision", "float64"),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", "0.1"),
        ("weight_decay", -1e-9),
        ("weight_decay", float("inf")),
        ("momentum", 1.0),
        ("batch_size", 0),
        ("batch_size", 32.0),
        ("epochs", True),
        ("warmup", 1.0),
        ("label_smoothing", -0.1),
        ("focal_gamma", -1.0),
        ("clip_norm", -1.0),
        ("accumulate", 0),
        ("mixup", -0.5),
        ("average_weights", 1),
        ("patience", 2.5),
        ("compile", "yes"),
    ],
)
def test_an_impossible_value_is_refused_by_name(name, value):
    with pytest.raises(ValueError, match=f"^{name} must be "):
        TrainingSettings(**{name: value})


def test_every_field_has_a_value_that_it_can_not_have():
    (mark,) = test_an_impossible_value_is_refused_by_name.pytestmark

    assert {name for name, _ in mark.args[1]} == {field.name for field in fields(TrainingSettings)}


def test_the_edges_are_allowed():
    edges = {"weight_decay": 0, "momentum": 0, "warmup": 0, "patience": 0, "clip_norm": 0}

    assert asdict(TrainingSettings(**edges)).items() >= edges.items()


def test_settings_are_json():
    settings = TrainingSettings(optimizer="sgd", learning_rate=0.1)

    assert TrainingSettings(**json.loads(json.dumps(asdict(settings)))) == settings


def test_spaces_of_networks_are_listed_without_torch():
    code = """
import sys
from search_spaces.columns import Column, Profile
from search_spaces.families.ft_transformer import FTTransformer
from search_spaces.families.mlp import MLP
from search_spaces.networks import Network, TrainingSettings
columns = (Column("a", "numeric"), Column("b", "categorical", categories=("", "x", "y")))
profile = Profile("binary", columns, 99, 2)
for family in (MLP(), FTTransformer()):
    family.space(profile), family.default(profile)
print([name for name in ("torch", "sklearn", "scipy") if name in sys.modules])
"""

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"
