"""Families of networks over columns: ``mlp`` and ``ft_transformer``."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from search_spaces import preprocessing
from search_spaces.columns import UNKNOWN_CODE, Column, Profile
from search_spaces.families.ft_transformer import MAX_COLUMNS, FTTransformer
from search_spaces.families.mlp import MLP
from search_spaces.families.network_ranges import MAX_PIECEWISE
from search_spaces.networks import Network
from search_spaces.networks.parameters import TRAINING, training_settings

N_CLASSES = {"binary": 2, "multiclass": 3, "regression": 0}
FAMILIES = [MLP(), FTTransformer()]
CASES = [(family, task) for family in FAMILIES for task in N_CLASSES]

QUANTITIES = (Column("size", "numeric", has_missing=True), Column("flag", "boolean"))
CATEGORICALS = (
    Column("colour", "categorical", categories=("", "blue", "green", "red")),
    Column("town", "categorical", categories=("", "Oslo", "Rome")),
)
TEXTS = (Column("note", "text", categories=("", "a red hat", "a hat", "red")),)
LAYOUTS = {
    "all": (*QUANTITIES, *CATEGORICALS, *TEXTS),
    "mixed": (*QUANTITIES, *CATEGORICALS),
    "quantities": QUANTITIES,
    "categoricals": CATEGORICALS,
    "texts": TEXTS,
}
N = 64


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_profile(task, layout="mixed", n_samples=1_000):
    return Profile(task, LAYOUTS[layout], n_samples, N_CLASSES[task])


def make_rows(profile, n=N, seed=0):
    """X as in ``search_spaces.columns``, and a target that follows from it."""
    rng = np.random.default_rng(seed)
    draw = {
        "numeric": lambda c: np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
        "boolean": lambda c: rng.integers(0, 2, n).astype(float),
        "categorical": lambda c: rng.integers(0, len(c.categories), n).astype(float),
        "text": lambda c: rng.integers(0, len(c.categories), n).astype(float),
    }
    X = np.column_stack([draw[column.kind](column) for column in profile.columns])
    signal = np.nan_to_num(X).sum(axis=1)
    if profile.task == "regression":
        return X, (signal - signal.mean()) / signal.std()
    cuts = np.quantile(signal, np.arange(1, profile.n_classes) / profile.n_classes)
    return X, np.searchsorted(cuts, signal).astype(np.int64)


def prepare(family, configuration, profile, *, seed=0):
    """Network and features as a search makes them; some new rows hold unknown categories."""
    steps, rest = preprocessing.split(configuration)
    transformer = preprocessing.build(steps, profile, seed=0)
    X, y = make_rows(profile)
    new = X.copy()
    new[::2, profile.categoricals] = UNKNOWN_CODE
    train, unknown = (
        torch.from_numpy(np.ascontiguousarray(step(rows), dtype=np.float32))
        for step, rows in (
            (lambda rows: transformer.fit_transform(rows, y), X),
            (transformer.transform, new),
        )
    )
    network = family.build(rest, profile, seed=seed, cpus=1)
    network.module.adapt(train)
    return network, train, torch.from_numpy(y), unknown


def make_loss(task):
    return torch.nn.MSELoss() if task == "regression" else torch.nn.CrossEntropyLoss()


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("family", "task"), CASES)
def test_the_default_is_in_the_space(family, task, layout):
    profile = make_profile(task, layout)

    family.space(profile).validate_configuration(family.default(profile))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_whatever_is_drawn_takes_the_features_of_its_preprocessing(family, layout):
    rng = np.random.default_rng(0)

    for task in N_CLASSES:
        profile = make_profile(task, layout)
        for _ in range(4):
            drawn = family.space(profile).sample(rng)
            network, _, _, unknown = prepare(family, drawn, profile)
            outputs = network.module.eval()(unknown)
            expected = (N, profile.n_classes) if profile.n_classes else (N,)
            assert outputs.shape == expected
            assert torch.isfinite(outputs).all()


@pytest.mark.parametrize("quantities", ["plain", "piecewise"])
@pytest.mark.parametrize("family", FAMILIES)
def test_whatever_the_features_are_there_is_an_answer(family, quantities):
    profile = make_profile("binary", "all")
    default = family.default(profile) | {"quantities": quantities}
    configuration = family.space(profile).nearest(default)
    network, train, _, _ = prepare(family, configuration, profile)
    extremes = torch.tensor([torch.inf, -torch.inf, 3.4e38, -3.4e38, 1e30, -1e9, 1e-45])

    rows = train[:7].clone()
    rows[:, len(profile.categoricals) :] = extremes.unsqueeze(1)

    outputs = network.module.eval()(rows)
    assert torch.isfinite(outputs).all()
    assert outputs.abs().max() < 100


@pytest.mark.parametrize("family", FAMILIES)
def test_a_network_comes_with_its_training(family):
    profile = make_profile("binary")
    drawn = family.space(profile).sample(np.random.default_rng(3))

    network = family.build(preprocessing.split(drawn)[1], profile, seed=0, cpus=1)

    assert isinstance(network, Network)
    assert network.training == training_settings(drawn, profile)


@pytest.mark.parametrize(("family", "task"), CASES)
def test_the_seed_decides_where_weights_begin(family, task):
    profile = make_profile(task)
    default = family.default(profile)

    one, same, other = (
        prepare(family, default, profile, seed=seed)[0].module.state_dict() for seed in (5, 5, 6)
    )

    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(("family", "task"), CASES)
def test_training_begins_where_nothing_is_known(family, task):
    """Near ln(n_classes), or the variance of the target."""
    profile = make_profile(task)

    network, train, y, _ = prepare(family, family.default(profile), profile)

    loss = make_loss(task)(network.module.eval()(train), y.float() if task == "regression" else y)
    expected = 1.0 if task == "regression" else math.log(N_CLASSES[task])
    assert loss.item() == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(("family", "task"), CASES)
def test_a_batch_can_be_learnt_by_heart(family, task):
    profile = make_profile(task)
    changes = {"dropout": 0.0, "attention_dropout": 0.0}
    default = family.default(profile)
    default = default | {name: changes[name] for name in changes.keys() & default.keys()}
    network, train, y, _ = prepare(family, default, profile)
    y, loss_of = y.float() if task == "regression" else y, make_loss(task)
    optimizer = torch.optim.AdamW(network.module.parameters(), lr=3e-3)

    for _ in range(300):
        loss = loss_of(network.module(train[:16]), y[:16])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    assert loss.item() < 0.05


@pytest.mark.parametrize("family", FAMILIES)
def test_a_space_has_some_twenty_parameters(family):
    space = family.space(make_profile("binary", "all"))

    searched = [name for name, one in space.parameters.items() if len(one.grid(2)) > 1]
    assert 18 <= len(searched) <= 29


@pytest.mark.parametrize("family", FAMILIES)
def test_all_that_training_leaves_to_choose_is_there(family):
    space = family.space(make_profile("binary"))

    lacking = set(TRAINING) - set(space.parameters)
    assert lacking - {"augment"} <= ({"momentum"} if family.name == "ft_transformer" else set())


@pytest.mark.parametrize(
    ("layout", "lacking"),
    [("quantities", {"embedding_size", "encode"}), ("categoricals", {"quantities", "bins"})],
)
def test_a_perceptron_is_not_asked_about_columns_that_are_not_there(layout, lacking):
    space = MLP().space(make_profile("binary", layout))

    assert lacking.isdisjoint(space.parameters)


def test_only_so_many_quantities_are_cut_into_bins():
    def parameters(n):
        columns = tuple(Column(f"c{i}", "numeric") for i in range(n))
        return MLP().space(Profile("binary", columns, 1_000, 2)).parameters

    assert "bins" in parameters(MAX_PIECEWISE)
    assert "bins" not in parameters(MAX_PIECEWISE + 1)


def test_so_many_columns_are_too_many_tokens():
    columns = tuple(Column(f"c{i}", "numeric") for i in range(MAX_COLUMNS + 1))

    with pytest.raises(ValueError, match=r"at most 300 columns.* these are 301\. mlp has no such"):
        FTTransformer().space(Profile("binary", columns, 1_000, 2))


def test_encoded_categories_need_no_vectors():
    profile = make_profile("binary")
    space = MLP().space(profile)
    onehot = space.nearest(MLP().default(profile) | {"encode": "onehot"})

    network, train, _, _ = prepare(MLP(), onehot, profile)

    assert train.shape[1] == 2 + 4 + 3
    assert network.module.body.front.categories is None


@pytest.mark.parametrize("residual", [False, True])
def test_structure_reaches_the_module(residual):
    profile = make_profile("multiclass", "quantities")
    changes = {"residual": residual, "depth": 3, "width": 40, "hidden_factor": 2.0, "bins": 4}
    space = MLP().space(profile)
    configuration = space.nearest(MLP().default(profile) | changes)

    network, *_ = prepare(MLP(), configuration, profile)

    linear = [m for m in network.module.body.layers.modules() if isinstance(m, torch.nn.Linear)]
    inside = [(40, 80), (80, 40)] * 3 if residual else [(40, 40)] * 2
    assert [(m.in_features, m.out_features) for m in linear] == [(16, 40), *inside, (40, 3)]
    assert network.module.body.front.quantities.weight.shape == (2, 4, 8)


def test_heads_and_their_size_reach_the_module():
    profile = make_profile("binary")
    changes = {"depth": 3, "head_size": 4, "feed_forward_factor": 2.0, "residual_dropout": 0.1}

    network, *_ = prepare(FTTransformer(), FTTransformer().default(profile) | changes, profile)

    blocks = network.module.body.blocks
    assert len(blocks) == 3
    assert {(b.attention.embed_dim, b.attention.num_heads) for b in blocks} == {(32, 8)}
    assert {b.feed_forward[1].out_features for b in blocks} == {128}
    assert {b.residual_dropout.p for b in blocks} == {0.1}
