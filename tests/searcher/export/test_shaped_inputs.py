"""Images and sequences come in one input, whatever family reads them."""

import json
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from search_spaces.columns import Column, Profile, Shape
from search_spaces.families.logistic_regression import LogisticRegression
from search_spaces.families.random_forest import RandomForest
from searcher.export.artifact import export_model
from searcher.export.columns import inputs_of, to_feeds
from searcher.export.predict import predict_rows
from tests.searcher.export.models import probes_of
from tests.searcher.export.shaped import IMAGE, SEQUENCE, fit_shaped, make_shaped

CASES = [
    (LogisticRegression(), IMAGE, "multiclass", {"indicators": True}),
    (RandomForest(), SEQUENCE, "regression", {"n_estimators": 10, "impute": "none"}),
]


@pytest.mark.parametrize(("family", "shape", "task", "changes"), CASES)
def test_any_family_is_asked_in_one_input_of_the_rows_shape(family, shape, task, changes, tmp_path):
    data = make_shaped(shape, task)
    model = fit_shaped(data, family, shape, **changes)
    path = tmp_path / "model.onnx"

    _, verdict = export_model(model, path, probes=probes_of(data), metadata={})

    assert verdict.passed, verdict.failure
    assert verdict.repairs == ({"name": "own nodes", "result": "passed"},)
    session = onnxruntime.InferenceSession(path)
    (value,) = session.get_inputs()
    assert (value.name, value.type, value.shape) == (
        shape.kind,
        "tensor(double)",
        ["rows", *shape.sizes],
    )
    rows = data.X[:7]
    answers = session.run(None, {shape.kind: rows.reshape(7, *shape.sizes)})
    native = model.predict_proba(rows) if data.classes else model.predict(rows)
    np.testing.assert_allclose(answers[-1], native, rtol=1e-9)


def test_cells_of_images_are_read_by_the_names_of_their_columns(tmp_path):
    data = make_shaped(IMAGE, "binary")
    model = fit_shaped(data, LogisticRegression(), IMAGE)
    path = tmp_path / "model.onnx"
    export_model(model, path, probes=probes_of(data), metadata={})
    cells = {c.name: data.X[:9, i] for i, c in reversed(list(enumerate(data.columns)))}

    told = predict_rows(path, cells)

    np.testing.assert_allclose(told.probabilities, model.predict_proba(data.X[:9]), rtol=1e-9)
    facts = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert json.loads(facts["shape"]) == {"image": [2, 4, 5]}
    assert {column["input"] for column in json.loads(facts["columns"])} == {"image"}


def test_a_failure_shows_the_cells_of_an_image(tmp_path):
    from searcher.export.gate.native import tell_truth
    from searcher.export.gate.parity import hold_to
    from searcher.export.gate.runtime import Limits

    data = make_shaped(IMAGE, "binary")
    model, other = (fit_shaped(data, LogisticRegression(), IMAGE, C=C) for C in (1.0, 0.01))
    path = tmp_path / "model.onnx"
    export_model(other, path, probes=probes_of(data), metadata={})

    truth = tell_truth(model, probes_of(data))
    verdict = hold_to(truth, path.read_bytes(), limits=Limits(timeout_s=60, memory_bytes=2**33))

    assert not verdict.passed
    assert "the row: p0=" in verdict.failure
    assert set(verdict.worst_rows[0]["cells"]) == {f"p{i}" for i in range(40)}


def test_a_table_and_a_shape_that_does_not_fit_the_columns_have_an_input_for_each_column():
    columns = tuple(Column(f"p{i}", "numeric") for i in range(4))
    profile = Profile("binary", columns, 9, 2, Shape("image", (1, 2, 2)))
    mixed = replace(profile, columns=(*columns[:3], Column("c", "categorical", categories=("",))))

    assert inputs_of(profile) == ("image",) * 4
    assert inputs_of(replace(profile, shape=None)) == ("p0", "p1", "p2", "p3")
    assert inputs_of(replace(profile, columns=columns[:3])) == ("p0", "p1", "p2")
    assert inputs_of(mixed) == ("p0", "p1", "p2", "c")
    (array,) = to_feeds(profile, np.arange(8.0).reshape(2, 4)).values()
    assert array.tolist() == [[[[0, 1], [2, 3]]], [[[4, 5], [6, 7]]]]
