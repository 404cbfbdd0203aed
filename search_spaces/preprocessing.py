"""How the columns of X become features: imputing, scaling and encoding, as searchable choices."""

from collections.abc import Mapping, Sequence
from typing import Any

from search_spaces.columns import UNKNOWN_CODE, Column, Profile
from search_spaces.parameters import Categorical
from search_spaces.space import Configuration, Space

IMPUTE = ("median", "mean", "most_frequent", "none")
SCALE = ("standard", "minmax", "robust", "none")
ENCODE = ("onehot", "ordinal")

CHOICES = {"impute": IMPUTE, "scale": SCALE, "encode": ENCODE}
"""The parameters that belong to preprocessing; a family must not call its own ones so."""


def preprocessing_space(
    profile: Profile,
    *,
    impute: Sequence[str] = IMPUTE[:3],
    scale: Sequence[str] = SCALE,
    encode: Sequence[str] = ENCODE,
) -> Space:
    """Say which preprocessing can be tried on such data.

    A parameter is there only if the data have columns that it concerns: ``impute`` needs
    quantities with missing values, ``scale`` quantities, ``encode`` categoricals. A single choice
    stays as a parameter of one choice, so that the configuration says everything.

    Parameters
    ----------
    impute, scale, encode
        The choices that suit the family, of ``IMPUTE``, ``SCALE`` and ``ENCODE``. ``"none"`` for
        imputing hands NaN to the estimator.

    Raises
    ------
    ValueError
        If a choice is unknown.
    """
    offered = {"impute": impute, "scale": scale, "encode": encode}
    concerned = {
        "impute": profile.has_missing_quantities,
        "scale": bool(profile.quantities),
        "encode": bool(profile.categoricals),
    }
    for name, choices in offered.items():
        for choice in choices:
            _check(name, choice)
    return Space(
        parameters={
            name: Categorical(choices=tuple(choices))
            for name, choices in offered.items()
            if concerned[name]
        }
    )


def split(configuration: Mapping[str, Any]) -> tuple[Configuration, Configuration]:
    """Take a family's configuration apart: the preprocessing, and what the model is built from."""
    preprocessing = {k: v for k, v in configuration.items() if k in CHOICES}
    return preprocessing, {k: v for k, v in configuration.items() if k not in CHOICES}


def build(configuration: Mapping[str, Any], columns: Sequence[Column]) -> Any:
    """Untrained ``ColumnTransformer`` from X to features.

    Quantities are imputed even if the configuration does not say how (by the median), because new
    rows may miss what no training row missed; only ``impute: none`` lets NaN through. Left unsaid,
    ``scale`` is "none" and ``encode`` is "onehot".

    Parameters
    ----------
    configuration
        May hold ``impute``, ``scale`` and ``encode``.
    columns
        The columns of X, in order.

    Returns
    -------
    sklearn.compose.ColumnTransformer
        From X of shape (n_samples, n_columns), float64, to a dense float64 array of shape
        (n_samples, n_features): first block ``quantities``, a ``Pipeline`` of the steps ``impute``
        and ``scale`` (either may be "passthrough"), then block ``categoricals``, an encoder. A
        block without columns is absent.

    Raises
    ------
    ValueError
        If a choice is unknown, or there are no columns.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    quantities = [i for i, column in enumerate(columns) if not column.is_categorical]
    categoricals = [i for i, column in enumerate(columns) if column.is_categorical]
    if not columns:
        raise ValueError("there are no columns to learn from")
    blocks: list[tuple[str, Any, list[int]]] = []
    if quantities:
        steps = [
            ("impute", _imputer(_choice(configuration, "impute", "median"))),
            ("scale", _scaler(_choice(configuration, "scale", "none"))),
        ]
        blocks.append(("quantities", Pipeline(steps), quantities))
    if categoricals:
        encoder = _encoder(_choice(configuration, "encode", "onehot"))
        blocks.append(("categoricals", encoder, categoricals))
    return ColumnTransformer(blocks, sparse_threshold=0.0)


def _check(name: str, choice: Any) -> None:
    if choice not in CHOICES[name]:
        raise ValueError(f"{name} must be one of {', '.join(CHOICES[name])}, got {choice!r}")


def _choice(configuration: Mapping[str, Any], name: str, default: str) -> str:
    choice = configuration.get(name, default)
    _check(name, choice)
    return str(choice)


def _imputer(choice: str) -> Any:
    from sklearn.impute import SimpleImputer

    if choice == "none":
        return "passthrough"
    # Without keep_empty_features a column that one fold misses entirely would vanish there.
    return SimpleImputer(strategy=choice, keep_empty_features=True)


def _scaler(choice: str) -> Any:
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    scalers = {"standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustScaler}
    return "passthrough" if choice == "none" else scalers[choice]()


def _encoder(choice: str) -> Any:
    import numpy as np
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    if choice == "onehot":
        return OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float64)
    return OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=int(UNKNOWN_CODE), dtype=np.float64
    )
