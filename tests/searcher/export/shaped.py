"""Small images and sequences, and models that were fitted to them."""

from typing import Any

import numpy as np

from search_spaces.columns import Column, Profile, Shape
from searcher.model import FittedModel, fit_model
from tests.searcher.export.models import Data

IMAGE, SEQUENCE = Shape("image", (2, 4, 5)), Shape("sequence", (6, 2))
CLASSES = {"binary": ("no", "yes"), "multiclass": (3, 1, 7), "regression": ()}
N_TRAIN = 120


def make_shaped(shape: Shape, task: str, *, n: int = 160, seed: int = 0) -> Data:
    """Rows with gaps; sequences of different lengths."""
    rng = np.random.default_rng(seed)
    X = rng.normal(loc=10, scale=3, size=(n, shape.n_columns))
    signal = X[:, : shape.n_columns // 2].sum(axis=1)
    gaps = rng.random(X.shape) < 0.03
    if shape.kind == "sequence":
        steps, channels = shape.sizes
        gaps |= np.repeat(np.arange(steps) >= rng.integers(1, steps + 1, n)[:, None], channels, 1)
    classes = CLASSES[task]
    cuts = np.quantile(signal, np.arange(1, len(classes)) / max(1, len(classes)))
    y = np.digitize(signal, cuts) if classes else signal
    columns = tuple(Column(f"p{i}", "numeric", has_missing=True) for i in range(shape.n_columns))
    return Data(columns, np.where(gaps, np.nan, X), y, classes, task)


def fit_shaped(data: Data, family: Any, shape: Shape, **changes: Any) -> FittedModel:
    """Fit a family's default, changed, on the first rows."""
    profile = Profile(data.task, data.columns, N_TRAIN, len(data.classes), shape)
    return fit_model(
        family,
        {**family.default(profile), **changes},
        data.X[:N_TRAIN],
        data.y[:N_TRAIN],
        profile=profile,
        target="target",
        classes=data.classes,
        seed=0,
        cpus=1,
    )
