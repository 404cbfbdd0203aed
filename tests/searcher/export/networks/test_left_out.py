"""Rows that rounding decides are counted, are never those of the data, and must be few."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from search_spaces.families.mlp import MLP
from searcher.export.gate.native import MUST_ANSWER, tell_truth
from searcher.export.gate.parity import hold_to
from searcher.export.gate.runtime import Limits
from tests.searcher.export.models import fit, make_data, probes_of

LIMITS = Limits(timeout_s=60, memory_bytes=2**33)


@pytest.fixture(scope="module")
def data():
    return make_data("binary")


@pytest.fixture
def model(data):
    return fit(data, MLP(), epochs=1, width=32, depth=1)


def undecided(model):
    """The network with both classes equally probable, but for rounding."""
    last = [part for part in model.estimator.module_.modules() if isinstance(part, torch.nn.Linear)]
    with torch.no_grad():
        last[-1].weight[1], last[-1].bias[1] = last[-1].weight[0], last[-1].bias[0]
    return model


def test_nothing_of_an_ordinary_network_is_left_out(model, data):
    truth = tell_truth(model, probes_of(data))

    assert truth.doubt is None
    counted = {probe.name: (probe.left_out, probe.unsettled) for probe in truth.asked}
    assert all(counted[name] == (0, 0) for name in (*MUST_ANSWER, "random", "missing", "single"))


def test_rows_of_the_data_stay_and_are_counted_where_rounding_decides(model, data):
    truth = tell_truth(undecided(model), probes_of(data))

    asked = {probe.name: probe for probe in truth.asked}
    assert set(asked) == set(MUST_ANSWER)
    assert all(p.unsettled == len(p.X) > 50 and p.left_out == 0 for p in asked.values())
    skipped = {probe.name: probe for probe in truth.skipped}
    assert skipped["random"].unsettled == skipped["random"].left_out == 500


def test_a_network_that_rounding_decides_is_not_released_whatever_its_file_says(model, data):
    truth = tell_truth(undecided(model), probes_of(data))

    verdict = hold_to(truth, b"no file at all", limits=LIMITS)

    assert not verdict.passed
    assert verdict.failure == (
        "the network's answer is a matter of rounding in float32 (allowed: a share of 0.1) "
        "on 300 of the 300 rows of probe set 'data'"
    )
    noted = {probe["name"]: probe.get("unsettled") for probe in verdict.probes}
    assert noted["random"] == 500


@pytest.mark.parametrize(
    ("name", "share", "is_refused"),
    [("data", 0.09, False), ("data", 0.12, True), ("random", 0.4, False), ("random", 0.6, True)],
)
def test_a_few_unsettled_rows_are_allowed(model, data, name, share, is_refused):
    truth = tell_truth(model, probes_of(data))
    probe = next(probe for probe in truth.asked if probe.name == name)
    few = int(share * len(probe.X))
    if name in MUST_ANSWER:
        other = replace(probe, unsettled=few)
    else:
        other = replace(probe, X=probe.X[few:], unsettled=few, left_out=few)

    doubt = replace(truth, asked=[other]).doubt

    assert (doubt is not None) == is_refused
    assert doubt is None or f"{few} of the {len(probe.X)} rows" in doubt


def test_a_small_set_of_which_all_is_left_out_refuses_nothing(model, data):
    truth = tell_truth(model, probes_of(data))
    asked = {probe.name: probe for probe in truth.asked}
    single = asked["single"]

    left = replace(single, X=np.empty((0, single.X.shape[1])), unsettled=1, left_out=1)

    assert replace(truth, asked=[left, asked["random"]]).doubt is None
    assert "1 of the 1 rows that were made up" in replace(truth, asked=[left]).doubt
