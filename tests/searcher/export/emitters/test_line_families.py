"""Families of linear models, support vectors, neighbours and their like, as files."""

from dataclasses import replace

import numpy as np
import pytest

from search_spaces.families.elastic_net import ElasticNet
from search_spaces.families.k_neighbors import KNeighbors
from search_spaces.families.lasso import Lasso
from search_spaces.families.linear import Linear
from search_spaces.families.linear_svm import LinearSVM
from search_spaces.families.naive_bayes import NaiveBayes
from search_spaces.families.svm import SVM
from searcher.errors import ExportError
from searcher.export.convert import serialise
from searcher.export.gate.parity import check_parity
from tests.searcher.export.answers import (
    assert_the_file_answers_alike,
    fit_configuration,
    make_plain,
)
from tests.searcher.export.models import export, make_data, probes_of, run

FAMILIES = {f.name: f for f in (
    Linear(), Lasso(), ElasticNet(), LinearSVM(), SVM(), KNeighbors(), NaiveBayes(),
)}  # fmt: skip
TASKS = ("binary", "multiclass", "regression")
CASES = [
    (name, task) for name, family in FAMILIES.items() for task in TASKS if task in family.tasks
]
N = 220

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",  # as in a search
    "ignore:overflow encountered",  # in features of 1e30, as in the gate
)


def values_of(kind, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "one feature": rng.normal(size=(N, 1)),
        "constant features": np.full((N, 3), 7.25),
        "repeated rows": rng.integers(0, 3, (N, 3)).astype(float),
        "huge and tiny": rng.normal(size=(N, 3)) * [1e30, 1e-30, 1e9],
        "a mostly zero column": np.where(rng.random((N, 2)) < 0.97, 0.0, 1e4),
        "equal columns": np.repeat(rng.normal(size=(N, 1)), 5, axis=1),
    }[kind]


@pytest.mark.parametrize(("name", "task"), CASES)
@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.slow) for s in (1, 2, 3))])
def test_a_file_computes_what_the_model_computes(name, task, seed):
    data, family = make_data(task, n=N, seed=seed), FAMILIES[name]
    configuration = family.default(data.profile)
    if seed:
        configuration = family.space(data.profile).sample(np.random.default_rng(seed))

    model = fit_configuration(family, configuration, data, seed=seed)

    assert_the_file_answers_alike(model, data, atol=1e-10, rtol=1e-8)


@pytest.mark.parametrize(("name", "task"), CASES)
@pytest.mark.parametrize(
    "kind", ["one feature", "constant features", "repeated rows", "huge and tiny",
             "a mostly zero column", "equal columns"],
)  # fmt: skip
def test_odd_columns_are_computed_alike(name, task, kind):
    family, data = FAMILIES[name], make_plain(task, values_of(kind))

    model = fit_configuration(family, family.default(data.profile), data)

    if (name, kind) == ("naive_bayes", "constant features"):
        with pytest.raises(ExportError, match="no feature varies"):
            export(model)
        return
    assert_the_file_answers_alike(model, data, atol=1e-10, rtol=1e-8)


@pytest.mark.parametrize(("name", "task"), [case for case in CASES if case[1] != "regression"])
def test_a_class_of_two_rows_in_a_hundred_is_computed_alike(name, task):
    family = FAMILIES[name]
    data = make_plain(task, np.random.default_rng(1).normal(size=(N, 3)), is_rare=True)

    model = fit_configuration(family, family.default(data.profile), data)

    assert_the_file_answers_alike(model, data, atol=1e-10, rtol=1e-8)


@pytest.mark.parametrize(("name", "task"), CASES)
def test_categories_alone_are_computed_alike(name, task):
    family, data = FAMILIES[name], make_data(task, n=N).only(8, 9)

    model = fit_configuration(family, family.default(data.profile), data)

    assert_the_file_answers_alike(model, data, atol=1e-10, rtol=1e-8)


@pytest.mark.parametrize("name", [n for n, t in CASES if t == "regression"])
def test_values_beyond_float32_are_computed_alike(name):
    data = make_plain("regression", np.random.default_rng(0).normal(size=(N, 3)))
    data = replace(data, y=data.y * 1e40)  # and so are the coefficients

    model = fit_configuration(FAMILIES[name], FAMILIES[name].default(data.profile), data)

    assert np.abs(model.predict(data.X)).max() > 1e40
    assert_the_file_answers_alike(model, data, atol=1e25)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@pytest.mark.parametrize("k", [1, 4])
def test_neighbours_among_repeated_rows_are_equal_to_the_last_bit(task, weights, metric, k):
    family, data = KNeighbors(), make_plain(task, values_of("repeated rows"))
    chosen = {"n_neighbors": k, "weights": weights, "metric": metric}

    model = fit_configuration(family, {**family.default(data.profile), **chosen}, data)

    rtol = 1e-14 if task == "regression" else 0  # a mean of values is a sum that rounds
    assert_the_file_answers_alike(model, data, atol=0, rtol=rtol)


def test_a_batch_is_answered_like_its_rows_whatever_the_blocks(monkeypatch):
    data = make_plain("multiclass", values_of("repeated rows"))
    model = fit_configuration(KNeighbors(), KNeighbors().default(data.profile), data)

    for cells in (1, 1000, 2**19):  # a row at a time, some, all
        monkeypatch.setattr("searcher.export.emitters.blocks.CELLS", cells)
        assert_the_file_answers_alike(model, data, atol=0, rtol=0)


def test_no_rows_get_no_answer():
    data = make_plain("binary", values_of("one feature"))
    model = fit_configuration(KNeighbors(), KNeighbors().default(data.profile), data)

    got = run(export(model), model, data.X[:0])

    assert got["label"].shape == (0,)
    assert got["probabilities"].shape == (0, 2)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "task"), CASES)
def test_the_gate_lets_the_file_pass(name, task):
    data, family = make_data(task), FAMILIES[name]
    model = fit_configuration(family, family.default(data.profile), data)

    verdict = check_parity(serialise(export(model)), model, probes_of(data))

    assert verdict.passed, verdict.failure
    assert verdict.worst < 1e-4
