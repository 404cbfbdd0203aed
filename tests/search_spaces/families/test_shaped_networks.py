import subprocess
import sys

import numpy as np
import pytest
import torch

from search_spaces import preprocessing
from search_spaces.columns import Column, Profile, Shape
from search_spaces.families.cnn import CNN
from search_spaces.families.recurrent import Recurrent
from search_spaces.families.transformer import Transformer
from search_spaces.space import Space

IMAGE, SEQUENCE = Shape("image", (1, 8, 8)), Shape("sequence", (6, 2))
N_CLASSES = {"binary": 2, "multiclass": 3, "regression": 0}
FAMILIES = [(CNN(), IMAGE), (Recurrent(), SEQUENCE), (Transformer(), SEQUENCE)]


def make_profile(shape, task="multiclass", n_samples=600):
    columns = tuple(
        Column(f"x{j}", "numeric") for j in range(64 if shape is None else shape.n_columns)
    )
    return Profile(task, columns, n_samples, N_CLASSES[task], shape)


def build(family, profile, configuration, seed=3):
    return family.build(preprocessing.split(configuration)[1], profile, seed=seed, cpus=1)


@pytest.mark.parametrize(("family", "shape"), FAMILIES)
@pytest.mark.parametrize("task", N_CLASSES)
def test_every_configuration_builds_and_answers_in_the_right_shape(family, shape, task):
    profile, rng = make_profile(shape, task), np.random.default_rng(0)
    space = family.space(profile)
    X = torch.from_numpy(rng.normal(size=(5, shape.n_columns)).astype(np.float32))

    for configuration in (family.default(profile), *(space.sample(rng) for _ in range(10))):
        space.validate_configuration(configuration)
        network = build(family, profile, configuration)

        n_outputs = N_CLASSES[task]
        assert network.module(X).shape == ((5, n_outputs) if n_outputs else (5,))
        assert network.module.shape == shape
        for name in ("batch_size", "epochs", "loss", "optimizer"):
            assert getattr(network.training, name) == configuration[name]


@pytest.mark.parametrize(("family", "shape"), FAMILIES)
def test_the_seed_makes_the_weights_and_nothing_else_changes(family, shape):
    profile = make_profile(shape)
    before = torch.random.get_rng_state()

    one, same, other = (
        build(family, profile, family.default(profile), seed).module.state_dict()
        for seed in (3, 3, 4)
    )

    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(("family", "shape"), FAMILIES)
def test_a_table_is_refused_with_what_to_do(family, shape):
    with pytest.raises(
        ValueError, match=rf"needs {shape.kind}s.*set data\.shape to {{{shape.kind}"
    ):
        family.space(make_profile(None))


@pytest.mark.parametrize(("family", "other"), [(CNN(), SEQUENCE), (Transformer(), IMAGE)])
def test_another_shape_is_refused(family, other):
    with pytest.raises(ValueError, match=f"but a row is an? {other.kind} of"):
        family.space(make_profile(other))


@pytest.mark.parametrize(("family", "shape"), FAMILIES)
def test_the_space_comes_back_from_json_and_holds_the_default(family, shape):
    profile = make_profile(shape)
    space = family.space(profile)

    assert Space.model_validate_json(space.model_dump_json()) == space
    space.validate_configuration(family.default(profile))


@pytest.mark.parametrize(("family", "shape"), FAMILIES)
def test_missing_values_reach_the_network(family, shape):
    profile = make_profile(shape)
    X = np.random.default_rng(0).normal(size=(4, shape.n_columns))
    X[1, 3:] = np.nan

    prepare, _ = preprocessing.split(family.default(profile))
    features = preprocessing.build(prepare, profile, seed=0).fit_transform(X)

    np.testing.assert_array_equal(features, X)


@pytest.mark.parametrize(
    ("sizes", "most"), [((1, 8, 8), 3), ((3, 28, 28), 4), ((1, 2, 100), 4), ((1, 1, 1), 1)]
)
def test_an_image_goes_through_no_more_blocks_than_it_can_be_halved(sizes, most):
    space = CNN().space(make_profile(Shape("image", sizes)))

    assert space.parameters["blocks"].high == most


def test_images_are_moved_and_sequences_are_not_mixed():
    images, sequences = (family.space(make_profile(shape)) for family, shape in FAMILIES[:2])

    assert "augment" in images.parameters
    assert "augment" not in sequences.parameters
    assert sequences.parameters["mixup"].choices == (0.0,)


def test_listing_a_space_needs_no_torch():
    code = """
import sys
sys.modules["torch"] = None
from search_spaces.columns import Column, Profile, Shape
from search_spaces.families.cnn import CNN
from search_spaces.families.recurrent import Recurrent
from search_spaces.families.transformer import Transformer
for family, sizes in ((CNN(), (1, 2, 2)), (Recurrent(), (2, 2)), (Transformer(), (2, 2))):
    columns = tuple(Column(f"x{j}", "numeric") for j in range(4))
    profile = Profile("binary", columns, 9, 2, Shape(family.shape, sizes))
    family.space(profile), family.default(profile)
"""

    subprocess.run([sys.executable, "-c", code], check=True)
