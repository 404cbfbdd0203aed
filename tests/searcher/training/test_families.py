"""The networks of the families, trained as a search trains them."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from search_spaces import preprocessing
from search_spaces.columns import Column, Profile, Shape
from search_spaces.families.base import Family
from search_spaces.families.cnn import CNN
from search_spaces.families.ft_transformer import FTTransformer
from search_spaces.families.mlp import MLP
from search_spaces.families.recurrent import Recurrent
from search_spaces.families.transformer import Transformer
from searcher.fitting import fit_estimator, untrained
from searcher.training import Trainer
from searcher.training.alterations import Alterations
from tests.searcher.training.networks import same, train

TABLE = (
    Column("size", "numeric", has_missing=True),
    Column("colour", "categorical", categories=("", "blue", "green", "red")),
    Column("age", "numeric"),
)
FAMILIES: list[tuple[Family, Shape | None]] = [
    (MLP(), None),
    (FTTransformer(), None),
    (CNN(), Shape("image", (1, 6, 5))),
    (Recurrent(), Shape("sequence", (5, 2))),
    (Transformer(), Shape("sequence", (5, 2))),
]
N_ROWS = 60


def make_profile(shape: Shape | None, n_classes: int) -> Profile:
    columns = TABLE
    if shape is not None:
        columns = tuple(Column(f"x{i}", "numeric") for i in range(shape.n_columns))
    task = "multiclass" if n_classes else "regression"
    return Profile(task, columns, N_ROWS, n_classes, shape)


def rows(profile: Profile) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Rows with what may be missing, and a target that the first column tells."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, len(profile.columns)))
    signal = X[:, 0].copy()
    X[:, profile.categoricals] = rng.integers(0, 4, (N_ROWS, len(profile.categoricals)))
    if profile.shape is None:
        X[::7, 0] = np.nan
    elif profile.shape.kind == "sequence":
        X[::3, -2:] = np.nan  # one step shorter
    return X, (signal > 0).astype(int) + (signal > 1) if profile.n_classes else signal * 30 + 5


def prepared(
    family: Family, shape: Shape | None, n_classes: int, **chosen: Any
) -> tuple[Any, NDArray[Any], NDArray[Any]]:
    """Unfitted estimator, features and target."""
    profile = make_profile(shape, n_classes)
    configuration = {**family.default(profile), "epochs": 3, **chosen}
    steps, rest = preprocessing.split(configuration)
    X, y = rows(profile)
    features = preprocessing.build(steps, profile, seed=0).fit_transform(X, y)
    return untrained(family, rest, profile, seed=3, cpus=1), features.astype(np.float32), y


@pytest.mark.parametrize(("family", "shape"), FAMILIES)
@pytest.mark.parametrize("n_classes", [3, 0])
def test_every_family_trains_and_goes_on_from_a_state_bit_by_bit(
    family: Family, shape: Shape | None, n_classes: int
) -> None:
    estimator, X, y = prepared(family, shape, n_classes, mixup=0.2, average_weights=True)
    whole, again = (Trainer(estimator.network, X, y, n_classes=n_classes, seed=3) for _ in range(2))
    first = whole.train_epoch().loss
    again.load_state(whole.state())

    rest = train(whole)

    assert np.isfinite([first, *rest]).all()
    assert train(again) == rest
    assert same(again.trained(), whole.trained())
    answers = fit_estimator(estimator, X, y, n_classes=n_classes).predict(X)
    assert np.array_equal(answers, whole.predict(X))
    assert np.isfinite(answers).all()


@pytest.mark.parametrize("family", [MLP(), FTTransformer()])
def test_the_codes_of_a_table_are_not_mixed(family: Family) -> None:
    estimator, X, y = prepared(family, None, 3, encode="native", mixup=0.2)
    whole = Trainer(estimator.network, X, y, n_classes=3, seed=3)

    found = Alterations.of(whole.settings, whole.trained())

    assert found.n_codes == 1
    assert set(np.unique(X[:, 0])) == {0.0, 1.0, 2.0, 3.0}


@pytest.mark.parametrize("augment", ["flip", "shift", "crop"])
def test_images_can_be_moved(augment: str) -> None:
    estimator, X, y = prepared(CNN(), Shape("image", (1, 6, 5)), 3, augment=augment)
    plain, _, _ = prepared(CNN(), Shape("image", (1, 6, 5)), 3)

    found, wanted = (
        train(Trainer(it.network, X, y, n_classes=3, seed=3)) for it in (estimator, plain)
    )

    assert np.isfinite(found).all()
    assert found != wanted


def test_a_fold_without_a_class_keeps_its_column() -> None:
    estimator, X, y = prepared(MLP(), None, 3)

    fitted = fit_estimator(estimator, X[y != 1], y[y != 1], n_classes=3)

    assert fitted.predict_proba(X).shape == (N_ROWS, 3)
