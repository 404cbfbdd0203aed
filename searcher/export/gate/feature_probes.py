"""On which feature rows an estimator alone is asked, whatever its preprocessing can produce."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_spaces.preprocessing import NATIVE
from searcher.export.gate.dumped import Dump, Floats, Ints
from searcher.export.gate.library_dumps import members
from searcher.export.gate.node_probes import make_node_rows
from searcher.model import FittedModel

N_UNIT_ROWS = 20_000
N_OWN_ROWS = 1_000
STEPS = (1e-3, -1e-3, 1.0, -1.0, 30.0, -1e3, 1e6)
"""Values of one feature while the others rest: at one of them a coefficient of any size matters,
and a probability is not yet 0 or 1."""

OWN_ROWS = ("support_vectors_", "_fit_X", "theta_", "cluster_centers_")
"""Where fitted estimators keep rows: support vectors, neighbours, means."""


@dataclass(frozen=True, slots=True, eq=False)
class FeatureRows:
    """Rows for the estimator alone."""

    name: str
    rows: Floats  # (n_rows, n_features), float32 values
    note: str  # how many of how many
    forest: Dump | None = None
    nodes: Ints | None = None  # (n_rows,): the node that each row is for

    def node(self, row: int) -> str:
        """Name the node that a row is for, and its rule."""
        if self.forest is None or self.nodes is None:
            return ""
        position = int(self.nodes[row])
        return f"{self.forest.name(position)}: {self.forest.rule(position)}"


def make_feature_rows(
    model: FittedModel, base: NDArray[Any], forest: Dump | None, *, seed: int
) -> list[FeatureRows]:
    """Make sets of rows.

    ``units``: each feature alone takes some values, beside zeros and beside medians; ``own``: rows
    that the estimator itself keeps; ``nodes``: see ``node_probes``.

    Parameters
    ----------
    base : array of shape (n_rows, n_features)
        What the estimator sees of real rows.
    forest
        The estimator's trees, if it has any.
    """
    rng = np.random.default_rng(seed)
    base = np.asarray(base, dtype=np.float64)
    n_coded = n_coded_features(model)
    probes = [_units(base, n_coded, rng)] if base.shape[1] > n_coded else []
    own = _own_rows(model.estimator, base.shape[1])
    if len(own) and not n_coded:
        some = own[rng.permutation(len(own))[:N_OWN_ROWS]]
        probes.append(FeatureRows("own", some, f"{len(some)} of {len(own)} rows it keeps"))
    if forest is not None and not forest.is_leaf.all():
        found = make_node_rows(forest, base, seed=seed)
        note = f"{found.n_probed} of {found.n_inner} nodes"
        probes.append(FeatureRows("nodes", found.rows, note, forest, found.nodes))
    return probes


def n_coded_features(model: FittedModel) -> int:
    """Count the features that hold category codes: they come first, and allow no other number."""
    coded = model.configuration.get("encode") == NATIVE
    return len(model.profile.categoricals) if coded else 0


def _units(base: Floats, n_coded: int, rng: np.random.Generator) -> FeatureRows:
    n_features = base.shape[1]
    medians = np.nanmedian(np.where(np.isnan(base).all(axis=0), 0.0, base), axis=0)
    medians[:n_coded] = 0.0
    resting = [np.zeros(n_features), medians]
    size = len(STEPS) * len(resting)
    features = np.arange(n_coded, n_features)
    if len(features) > N_UNIT_ROWS // size:
        features = np.sort(rng.choice(features, N_UNIT_ROWS // size, replace=False))
    rows = np.tile(np.repeat(resting, len(STEPS), axis=0), (len(features), 1))
    rows[np.arange(len(rows)), np.repeat(features, size)] = np.tile(STEPS, 2 * len(features))
    note = f"{len(features)} of {n_features - n_coded} features"
    return FeatureRows("units", _rounded(rows), note)


def _own_rows(estimator: Any, n_features: int) -> Floats:
    found = [np.empty((0, n_features))]
    for part in members(estimator):
        rows = [getattr(part, name, None) for name in OWN_ROWS]
        found += [r for r in rows if isinstance(r, np.ndarray) and r.shape[1:] == (n_features,)]
    rounded = _rounded(np.concatenate(found))
    return rounded[np.isfinite(rounded).all(axis=1)]


def _rounded(rows: Floats) -> Floats:
    with np.errstate(over="ignore"):
        return rows.astype(np.float32).astype(np.float64)
