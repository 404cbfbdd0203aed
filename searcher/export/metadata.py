"""What an exported file says about itself.

The caller passes in what it knows, as text: ``search_id``, ``trial_id``, ``fingerprint``,
``metric``, ``outer_score``, ``git_commit``, and ``missing``, a JSON list of the further spellings
of a missing value that the spec's ``data.missing`` names (none, if left out).
"""

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from searcher.data import coding, spellings
from searcher.errors import ExportError
from searcher.export.columns import inputs_of, shape_of
from searcher.model import FittedModel

LIBRARIES = (
    "lightgbm",
    "numpy",
    "onnx",
    "onnxruntime",
    "scikit-learn",
    "skl2onnx",
    "torch",
    "xgboost",
)


def describe(model: FittedModel, metadata: Mapping[str, str]) -> dict[str, str]:
    """Join what the caller says with what the model says: text by text, JSON where it is a value.

    Raises
    ------
    ExportError
        If the caller sets a key that is ours to set, or a value that is no text.
    """
    columns = [
        {"name": column.name, "kind": column.kind, "input": name}
        for column, name in zip(model.profile.columns, inputs_of(model.profile), strict=True)
    ]
    shape = shape_of(model.profile)
    own = {
        "searcher_version": _version("searcher"),
        "family": model.family,
        "configuration": _to_json(dict(model.configuration)),
        "task": model.profile.task,
        "target": model.target,
        "classes": _to_json(model.classes),
        "columns": _to_json(columns),
        "shape": _to_json(shape and shape.to_json()),
        "spellings": _to_json(_spellings(metadata)),
        "libraries": _to_json({name: _version(name) for name in LIBRARIES}),
    }
    if clash := own.keys() & metadata.keys():
        raise ExportError(f"metadata keys {sorted(clash)} are set by the export itself")
    if wrong := [key for key, value in metadata.items() if not isinstance(value, str)]:
        raise ExportError(f"metadata must be text; these are not: {wrong}")
    return {**metadata, **own}


def _spellings(metadata: Mapping[str, str]) -> dict[str, list[str]]:
    """Return how cells were spelt in the data: with it, a reader of new rows needs no spec."""
    further = coding.further_spellings(json.loads(metadata.get("missing", "[]")))
    return {
        "missing": sorted(spellings.ALWAYS_MISSING | further),
        "missing_quantity": sorted(spellings.MISSING_QUANTITY),
        "true": sorted(spellings.TRUE),
        "false": sorted(spellings.FALSE),
    }


def _to_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # run from a source tree, or a library that this model needs not
        return "unknown"
