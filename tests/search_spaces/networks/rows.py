"""Rows as networks over columns see them: codes, quantities, and two features of other kinds."""

import numpy as np
import torch

from search_spaces.networks.inputs import Inputs

INPUTS = Inputs(categories=(3, 5), n_quantities=3)
NO_CODES = Inputs(categories=(), n_quantities=3)
ONLY_CODES = Inputs(categories=(3, 5), n_quantities=0)


def rows(n=40, inputs=INPUTS, others=2, seed=0):
    """Features (n, n_features), some codes unknown."""
    rng = np.random.default_rng(seed)
    codes = [rng.integers(0, count, n).astype(float) for count in inputs.categories]
    for column in codes:
        column[rng.integers(0, n)] = np.nan
    quantities = rng.normal(size=(n, inputs.n_quantities))
    rest = rng.integers(0, 2, (n, others))
    return torch.from_numpy(np.column_stack([*codes, quantities, rest]).astype(np.float32))


def exported(module, X):
    """The module as ``torch.export`` sees it, for any number of rows."""
    batch = torch.export.Dim("batch")
    return torch.export.export(module.eval(), (X,), dynamic_shapes=({0: batch},)).module()
