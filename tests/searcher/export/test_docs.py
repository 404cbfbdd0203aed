"""docs/export.md says what is so."""

import re
from pathlib import Path

import numpy as np

from search_spaces.columns import Column
from searcher.export.convert import serialise
from searcher.export.gate.parity import TOLERANCE
from searcher.export.gate.probes import N_EACH, N_KNOWN, N_RANDOM, make_probes
from searcher.export.gate.run_onnx import SEVENS, SINGLE_ROWS
from searcher.export.graph import IR_VERSION, ML_OPSET, OPSET
from searcher.export.metadata import describe
from tests.searcher.export.models import Data, export, fit, make_data

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "export.md").read_text(encoding="utf-8")


def test_the_python_example_runs(tmp_path, monkeypatch):
    columns = (
        Column("age", "numeric", True),
        Column("education", "categorical", True, ("", "Bachelors", "Doctorate")),
    )
    X = np.random.default_rng(0).integers(0, 3, size=(300, 2)) * 1.0
    data = Data(columns, X, (X[:, 0] > 1) * 1, ("<=50K", ">50K"), "binary")
    (tmp_path / "model.onnx").write_bytes(serialise(export(fit(data, "xgboost"))))
    code = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)[1]
    monkeypatch.chdir(tmp_path)

    names = {}
    exec(code, names)  # noqa: S102 - our own document

    assert names["label"].shape == (2,)
    assert names["probabilities"].shape == (2, 2)


def test_every_probe_set_and_metadata_key_is_documented():
    data = make_data()
    probes = make_probes(data.columns, data.X, seed=0, held_out=data.X[:10])
    facts = describe(fit(data, "dummy"), {})

    missing = [name for name in (*probes, *facts) if f"`{name}`" not in TEXT]

    assert missing == []


def test_numbers_are_those_of_the_code():
    assert f"up to {N_KNOWN:,} of each" in TEXT
    assert f"| {N_RANDOM}: numbers" in TEXT
    assert f"({N_EACH} rows each)" in TEXT
    assert f"{SINGLE_ROWS} rows of each set one by one, {SEVENS} in batches" in TEXT
    assert f"opset {OPSET} and `ai.onnx.ml` {ML_OPSET}" in TEXT
    assert f"IR version {IR_VERSION}" in TEXT
    assert f"{TOLERANCE:.0e}".replace("e-0", "e-") in TEXT
