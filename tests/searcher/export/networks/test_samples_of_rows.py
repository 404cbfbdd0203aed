"""Of the many rows that wide data call for a network is asked a sample, and of the data all."""

import numpy as np
import pytest

from search_spaces.columns import Column
from search_spaces.families.logistic_regression import LogisticRegression
from search_spaces.families.mlp import MLP
from searcher.export.gate.native import LAST, NETWORK_ROWS, tell_truth
from searcher.export.gate.parity import FEWEST_AT_ONCE, _large_batch
from searcher.export.gate.probes import EXTREMES
from searcher.export.gate.run_onnx import MANY_ROWS
from tests.searcher.export.models import Data, fit, probes_of

pytestmark = pytest.mark.slow

N_COLUMNS = 300


@pytest.fixture(scope="module")
def wide():
    rng = np.random.default_rng(0)
    columns = tuple(Column(f"c{i}", "numeric") for i in range(N_COLUMNS))
    X = rng.normal(size=(400, N_COLUMNS))
    return Data(columns, X, (X[:, 0] > 0) * 1, ("no", "yes"), "binary")


def test_a_network_is_asked_a_sample_of_made_up_rows_and_every_row_of_the_data(wide):
    model = fit(wide, MLP(), epochs=1, width=32, depth=1, quantities="plain")
    rows = probes_of(wide)

    asked = {probe.name: probe for probe in tell_truth(model, rows).asked}

    assert len(rows["extreme"]) == N_COLUMNS * len(EXTREMES) + LAST > NETWORK_ROWS
    assert len(asked["extreme"].X) + asked["extreme"].left_out == NETWORK_ROWS
    assert asked["extreme"].note == f"{NETWORK_ROWS} of {len(rows['extreme'])} rows"
    np.testing.assert_array_equal(asked["extreme"].X[-LAST:], rows["extreme"][-LAST:])
    assert len(asked["units"].X) + asked["units"].left_out == NETWORK_ROWS
    assert asked["units"].note == f"{NETWORK_ROWS} of {14 * N_COLUMNS} rows, of 300 of 300 features"
    assert (len(asked["data"].X), len(asked["held_out"].X)) == (300, 100)
    assert _large_batch(model) == FEWEST_AT_ONCE


def test_another_model_is_asked_every_row(wide):
    model = fit(wide, LogisticRegression())

    asked = {probe.name: probe for probe in tell_truth(model, probes_of(wide)).asked}

    assert len(asked["extreme"].X) == N_COLUMNS * len(EXTREMES) + LAST
    assert not asked["extreme"].note
    assert _large_batch(model) == MANY_ROWS


def test_a_network_over_few_columns_is_asked_about_many_rows_at_once(wide):
    narrow = wide.only(*range(10))
    model = fit(narrow, MLP(), epochs=1, width=32, depth=1)

    assert _large_batch(model) == MANY_ROWS
