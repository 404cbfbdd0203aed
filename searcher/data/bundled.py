"""Which datasets come inside scikit-learn, so that a first search needs no file, no network."""

from typing import Any

import numpy as np
import pyarrow as pa

from searcher.data.table import Table
from searcher.errors import DataError, near

PREFIX = "sklearn:"
NAMES = ("breast_cancer", "diabetes", "digits", "iris", "wine")
TARGET = "target"


def read_bundled(name: str) -> Table:
    """Columns of ``sklearn.datasets.load_<name>``; the target is ``target``, with class names.

    Raises
    ------
    DataError
        If scikit-learn does not bundle such a dataset.
    """
    from sklearn import datasets

    if name not in NAMES:
        known = ", ".join(f"{PREFIX}{known}" for known in NAMES)
        raise DataError(f"no bundled dataset {PREFIX}{name}; there are {known}.{near(name, NAMES)}")
    bunch = getattr(datasets, f"load_{name}")()
    arrays: dict[str, Any] = {
        feature: pa.array(np.ascontiguousarray(bunch.data[:, j]))
        for j, feature in enumerate(bunch.feature_names)
    }
    names = bunch.get("target_names")
    arrays[TARGET] = pa.array(bunch.target if names is None else np.asarray(names)[bunch.target])
    return Table(name, arrays, default_target=TARGET)
