"""The sound models that faults are put into, and when a fault can't change any answer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.columns import Column, Profile
from search_spaces.parameters import Integer
from searcher.export.convert import serialise, to_onnx
from searcher.export.gate.native import Truth, tell_truth
from searcher.export.gate.probes import make_probes
from searcher.model import fit_model
from searcher.plugins import load_family

N_TRAIN, N_HELD_OUT = 160, 40
FEW = 6
"""Most trees, rounds and the like: a fault is as hard to see in one tree of few as of many."""


@dataclass(frozen=True)
class Sound:
    """A fitted model with its file and its answers."""

    data: bytes
    truth: Truth


def make_sound(family_name: str, task: str, *, seed: int, variant: int) -> Sound:
    """Fit one model: the family's default for variant 0, else a random configuration."""
    rng = np.random.default_rng([seed, variant, *family_name.encode(), *task.encode()])
    columns, X, y, classes = make_rows(rng, task)
    profile = Profile(task, columns, N_TRAIN, len(classes))  # type: ignore[arg-type]
    family = load_family(family_name)
    space = family.space(profile)
    configuration = space.sample(rng) if variant else family.default(profile)
    for name, parameter in space.parameters.items():
        if isinstance(parameter, Integer) and name in configuration:
            few = max(parameter.low, min(FEW, configuration[name]))
            configuration[name] = few if name in SIZES else configuration[name]
    model = fit_model(
        family,
        configuration,
        X[:N_TRAIN],
        y[:N_TRAIN],
        profile=profile,
        target="target",
        classes=classes,
        seed=seed,
        cpus=1,
    )
    probes = make_probes(columns, X[:N_TRAIN], seed=seed, held_out=X[N_TRAIN:])
    data = serialise(to_onnx(model, metadata={}))
    return Sound(data, tell_truth(model, probes, seed=seed))


SIZES = frozenset({"n_estimators", "max_iter", "n_neighbors", "num_leaves", "max_leaf_nodes"})
"""Parameters that say how much of the same there is."""


def make_rows(
    rng: np.random.Generator, task: str
) -> tuple[tuple[Column, ...], NDArray[np.float64], NDArray[Any], tuple[str | int, ...]]:
    """Make rows with numbers of several scales, missing ones, dates, booleans and categories."""
    n = N_TRAIN + N_HELD_OUT
    words = ("", *sorted(f"level {i} é" for i in range(7)))
    columns = (
        *(Column(f"number {i}", "numeric", has_missing=i < 2) for i in range(4)),
        Column("flag", "boolean"),
        Column("day", "date"),
        Column("few", "categorical", categories=("", "a", "b")),
        Column("words", "categorical", has_missing=True, categories=words),
    )
    scales = 10.0 ** rng.uniform(-3, 5, size=4)
    numbers = rng.normal(rng.normal(size=4), 1.0, size=(n, 4)) * scales
    numbers[:, 3] = np.round(numbers[:, 3] / scales[3])
    numbers[rng.random((n, 4)) < [0.15, 0.05, 0.0, 0.0]] = np.nan
    X = np.column_stack(
        [
            numbers,
            (rng.random(n) < rng.uniform(0.3, 0.7)) * 1.0,
            rng.integers(8_000, 20_000, n) + 0.5,
            rng.integers(1, 3, n) * 1.0,
            rng.integers(0, len(words), n) * 1.0,
        ]
    )
    signal = np.nan_to_num(X[:, 0] / scales[0]) + X[:, 2] / scales[2] + X[:, 4] + X[:, 7] % 3
    signal += rng.normal(scale=0.3, size=n)
    if task == "regression":
        return columns, X, signal * 10 ** rng.uniform(-2, 5), ()
    n_classes = 2 if task == "binary" else 3
    y = np.searchsorted(np.quantile(signal, np.arange(1, n_classes) / n_classes), signal)
    names = ("no", "yes", "perhaps") if rng.random() < 0.5 else (7, -3, 2**40)
    return columns, X, y, names[:n_classes]
