"""Real files: read alike by the search and by the predictor, exported and predicted alike."""

import json

import numpy as np
import pytest

from search_spaces.columns import UNKNOWN_CODE
from searcher.data import load_dataset
from searcher.export.artifact import export_model
from searcher.export.gate.probes import make_probes
from searcher.export.predict import predict_rows
from searcher.export.raw_cells import read_cells
from searcher.export.raw_rows import read_csv
from searcher.model import fit_model
from searcher.spec import DataSpec
from tests.searcher.export.models import FAMILIES
from tests.searcher.export.test_predict import SPELLINGS

CLASSES = ("german_credit", "hypothyroid", "soybean", "telco_churn")
NUMBERS = ("diamonds", "abalone")
PAIRS = [
    *((name, f) for name in CLASSES for f in ("logistic_regression", "random_forest", "xgboost")),
    *((name, f) for name in NUMBERS for f in ("ridge", "random_forest", "xgboost")),
]

pytestmark = [pytest.mark.slow, pytest.mark.shared_data]


def load(folder, name):
    facts = next(e for e in json.loads((folder / "datasets.json").read_text()) if e["name"] == name)
    spec = DataSpec(path=facts["file"], target=facts["target"])
    return load_dataset(spec, base=folder), folder / facts["file"]


@pytest.mark.parametrize("name", [*CLASSES, *NUMBERS])
def test_a_file_is_read_by_the_predictor_as_by_the_search(shared_data, name):
    dataset, file = load(shared_data, name)

    texts = read_csv(file, [column.name for column in dataset.columns])

    for i, column in enumerate(dataset.columns):
        cells = read_cells(column.name, column.kind, texts[column.name], SPELLINGS).ravel()
        if column.is_categorical:
            known = {text: float(code) for code, text in enumerate(column.categories)}
            cells = np.array([known.get(text, UNKNOWN_CODE) for text in cells])
        np.testing.assert_array_equal(cells, dataset.X[:, i], err_msg=column.name)


@pytest.mark.parametrize(("name", "family"), PAIRS)
def test_a_model_of_real_rows_passes_and_predicts_its_file(shared_data, tmp_path, name, family):
    dataset, file = load(shared_data, name)
    rng = np.random.default_rng(0)
    rows = rng.permutation(dataset.n_samples)[:300]
    if dataset.classes:  # at least one row of each class
        rows = np.union1d(rows, np.unique(dataset.y, return_index=True)[1])
    configuration = {**FAMILIES[family].default(dataset.profile)}
    configuration.update({"n_estimators": 30} if "n_estimators" in configuration else {})
    model = fit_model(
        FAMILIES[family], configuration, dataset.X[rows], dataset.y[rows],
        profile=dataset.profile, target=dataset.target, classes=dataset.classes, seed=0, cpus=1,
    )  # fmt: skip
    others = np.setdiff1d(np.arange(dataset.n_samples), rows)
    probes = make_probes(dataset.columns, dataset.X[rows], seed=0, held_out=dataset.X[others])

    _, verdict = export_model(model, tmp_path / "model.onnx", probes=probes, metadata={})
    got = predict_rows(tmp_path / "model.onnx", file)

    assert verdict.passed
    assert verdict.worst < 0.02, verdict.probes
    if dataset.classes:
        names = np.array(dataset.classes)
        np.testing.assert_array_equal(got.labels, names[model.predict(dataset.X)])
    else:
        np.testing.assert_allclose(got.values, model.predict(dataset.X), rtol=1e-9, atol=1e-9)
