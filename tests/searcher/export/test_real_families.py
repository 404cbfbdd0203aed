"""Families on real rows: the file passes the gate with labels equal and differences tiny."""

from dataclasses import replace

import numpy as np
import pytest

from search_spaces.families.stacking import Stacking
from search_spaces.families.voting import Voting
from searcher.export.convert import serialise
from searcher.export.gate.parity import check_parity
from searcher.export.gate.probes import make_probes
from searcher.model import fit_model
from tests.searcher.export.emitters.test_line_families import FAMILIES
from tests.searcher.export.models import export
from tests.searcher.export.test_real_data import load

ENSEMBLES = {family.name: family for family in (Voting(), Stacking())}
CLASSES = ("german_credit", "soybean", "hypothyroid", "mammography")
NUMBERS = ("diamonds", "abalone")
PAIRS = [
    *((name, f.name) for name in CLASSES for f in FAMILIES.values() if "binary" in f.tasks),
    *((name, f.name) for name in NUMBERS for f in FAMILIES.values() if "regression" in f.tasks),
    *((name, f) for name in ("german_credit", "mammography", "abalone") for f in ENSEMBLES),
]
NAMES = [*CLASSES, *NUMBERS, *FAMILIES, *ENSEMBLES]
CASES = [(*pair, sum(map(NAMES.index, pair)) % 2) for pair in PAIRS]
"""Each family meets every other dataset with its defaults, seed 0, the others with a draw."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.shared_data,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.mark.parametrize(("name", "family", "seed"), CASES)
def test_a_family_of_real_rows_passes_the_gate(shared_data, name, family, seed):
    family = {**FAMILIES, **ENSEMBLES}[family]
    dataset, _ = load(shared_data, name)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(dataset.n_samples)[:500]
    if dataset.classes:  # at least one row of each class
        rows = np.union1d(rows, np.unique(dataset.y, return_index=True)[1])
    profile = replace(dataset.profile, n_samples=len(rows))
    configuration = family.space(profile).sample(rng) if seed else family.default(profile)
    model = fit_model(
        family, configuration, dataset.X[rows], dataset.y[rows],
        profile=profile, target=dataset.target, classes=dataset.classes, seed=0, cpus=1,
    )  # fmt: skip
    others = np.setdiff1d(np.arange(dataset.n_samples), rows)
    probes = make_probes(dataset.columns, dataset.X[rows], seed=0, held_out=dataset.X[others])

    verdict = check_parity(serialise(export(model)), model, probes)

    assert verdict.passed, (verdict.failure, configuration)
    assert verdict.worst < 0.02, verdict.probes  # boosters: expf, in float32
