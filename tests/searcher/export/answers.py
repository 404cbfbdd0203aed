"""Comparing a file with its model without the gate's process: fast enough for many small models."""

import numpy as np

from search_spaces.columns import Column
from searcher.export.gate.probes import make_probes
from searcher.model import FittedModel, fit_model
from tests.searcher.export.models import Data, export, run

N_TRAIN = 150


def fit_configuration(family, configuration, data: Data, *, seed: int = 0) -> FittedModel:
    X, y = data.X[:N_TRAIN], data.y[:N_TRAIN]
    return fit_model(
        family, configuration, X, y, profile=data.profile, target="target", classes=data.classes,
        seed=seed, cpus=1,
    )  # fmt: skip


def assert_the_file_answers_alike(model: FittedModel, data: Data, *, atol=1e-12, rtol=1e-9) -> None:
    """On every probe that the model answers: equal labels, close probabilities or values."""
    proto = export(model)
    probes = make_probes(data.columns, data.X[:N_TRAIN], seed=0, held_out=data.X[N_TRAIN:])
    for name, rows in probes.items():
        answerable = rows[np.isfinite(model.features(rows)).all(axis=1)]
        got = run(proto, model, answerable, threads=2)
        if not data.classes:
            expected = model.predict(answerable)
            np.testing.assert_allclose(got["prediction"], expected, rtol, atol, err_msg=name)
            continue
        labels = np.array(data.classes)[model.predict(answerable)]
        np.testing.assert_array_equal(got["label"], labels, err_msg=name)
        expected = model.predict_proba(answerable)
        np.testing.assert_allclose(got["probabilities"], expected, rtol, atol, err_msg=name)


def make_plain(task: str, values: np.ndarray, *, is_rare: bool = False, seed: int = 0) -> Data:
    """Columns without gaps, of which the first says something of the target."""
    rng = np.random.default_rng(seed)
    columns = tuple(Column(f"n{i}", "numeric") for i in range(values.shape[1]))
    signal = values[:, 0] + rng.normal(scale=0.5, size=len(values))
    if task == "regression":
        return Data(columns, values, 10 * signal, (), task)
    cuts = [0.985] if is_rare else [0.5]
    shares = cuts if task == "binary" else [0.3, *cuts]
    order = np.argsort(np.argsort(signal)) / len(signal)
    y = np.digitize(order, shares)
    # the training rows come first, and hold every class
    front = [np.flatnonzero(y == code)[:2] for code in range(len(shares) + 1)]
    rows = np.concatenate([*front, np.setdiff1d(np.arange(len(y)), np.concatenate(front))])
    classes = ("no", "yes") if task == "binary" else ("a", "b", "c")
    return Data(columns, values[rows], y[rows], classes, task)
