"""A fitted model: what the estimator sees, and answers that do not depend on threads."""

import numpy as np

from search_spaces.columns import Column, Profile
from search_spaces.families.random_forest import RandomForest
from search_spaces.families.ridge import Ridge
from searcher.model import FittedModel, fit_model, to_features


def fit(family: object, dtype: str = "float64", cpus: int = 1) -> tuple[FittedModel, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(1e4, 1, size=(80, 3))
    profile = Profile("regression", tuple(Column(f"x{i}", "numeric") for i in range(3)), 80)
    model = fit_model(
        family,
        family.default(profile),
        X,
        X @ [1.0, 2.0, 3.0],
        profile=profile,
        target="y",
        classes=(),
        seed=0,
        cpus=cpus,
    )
    return model, X


def test_features_hold_float32_values_in_the_familys_own_type() -> None:
    for family, dtype in ((Ridge(), np.float64), (RandomForest(), np.float32)):
        model, X = fit(family)

        features = model.features(X)

        assert features.dtype == dtype
        assert np.array_equal(features, features.astype(np.float32))


def test_scaling_is_done_before_the_rounding_and_not_after() -> None:
    matrix = np.array([[1e8 + 1.0], [1e8 + 2.0]])  # one float32 apart from each other, and less

    scaled = to_features(matrix - 1e8, "float64")

    assert scaled.ravel().tolist() == [1.0, 2.0]


def test_a_forest_that_was_fitted_on_several_threads_answers_on_one() -> None:
    model, X = fit(RandomForest(), cpus=2)

    assert model.estimator.n_jobs == 1
    assert model.predict(X).shape == (80,)
