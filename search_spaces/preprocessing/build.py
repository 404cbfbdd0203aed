"""Which untrained steps a configuration stands for."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from search_spaces.columns import UNKNOWN_CODE, Profile
from search_spaces.preprocessing.choices import CHOICES, MAX_CATEGORIES, NATIVE, NONE, choice

Block = tuple[str, Any, list[int]]


def build(configuration: Mapping[str, Any], profile: Profile, *, seed: int) -> Any:
    """Untrained transformer from X to features.

    Quantities are imputed even if the configuration does not say how (by the median), because new
    rows may miss what no training row missed; only ``impute: none`` lets NaN through. Left unsaid,
    ``scale`` is "none", ``encode`` is "onehot", and everything else is off.

    Parameters
    ----------
    configuration
        May hold the parameters in ``CHOICES``.
    profile
        Its columns are those of X, in order.
    seed
        For steps that draw: the same arguments give the same features.

    Returns
    -------
    sklearn.compose.ColumnTransformer or sklearn.pipeline.Pipeline
        From X of shape (n_samples, n_columns), float64, to a dense float64 array of shape
        (n_samples, n_features), of these blocks, each absent without columns: ``quantities``, a
        ``Pipeline`` of the steps ``dates`` (if parted), ``impute``, ``scale`` (either may be
        "passthrough") and ``products`` (if any); ``indicators``; ``categoricals``, an encoder,
        which comes first where it is native; ``texts_0``, ..., one for each column of text. With
        ``reduce`` it is a ``Pipeline`` of ``columns`` and ``reduce``.

    Raises
    ------
    ValueError
        If a choice is unknown or can't be combined with another, or there are no columns.
    """
    from sklearn.compose import ColumnTransformer

    if not profile.columns:
        raise ValueError("there are no columns to learn from")
    for name in CHOICES:  # also of those that no column needs
        choice(configuration, name)
    blocks: list[Block] = [
        *_quantities(configuration, profile),
        *_indicators(configuration, profile),
    ]
    encoded = _categoricals(configuration, profile, seed)
    is_native = bool(encoded) and choice(configuration, "encode") == NATIVE
    blocks = [*encoded, *blocks] if is_native else [*blocks, *encoded]
    blocks += _texts(configuration, profile)
    columns = ColumnTransformer(blocks, sparse_threshold=0.0)
    kind = choice(configuration, "reduce")
    if kind == NONE:
        return columns
    _refuse_mixing(kind, configuration, profile)
    return _reduced(columns, kind, choice(configuration, "components"), seed)


def _quantities(configuration: Mapping[str, Any], profile: Profile) -> list[Block]:
    from sklearn.pipeline import Pipeline

    from search_spaces.transformers.dates import DateParts
    from search_spaces.transformers.products import Products

    positions = profile.quantities
    dates = [at for at, i in enumerate(positions) if profile.columns[i].kind == "date"]
    steps = [
        ("impute", _imputer(choice(configuration, "impute"))),
        ("scale", _scaler(choice(configuration, "scale"))),
    ]
    if dates and choice(configuration, "dates") == "parts":
        steps.insert(0, ("dates", DateParts(dates)))
    if choice(configuration, "interactions") == "products":
        steps.append(("products", Products()))
    return [("quantities", Pipeline(steps), positions)] if positions else []


def _indicators(configuration: Mapping[str, Any], profile: Profile) -> list[Block]:
    from sklearn.impute import MissingIndicator

    gappy = [i for i in profile.quantities if profile.columns[i].has_missing]
    if not choice(configuration, "indicators") or not gappy:
        return []
    return [("indicators", MissingIndicator(features="all"), gappy)]


def _categoricals(configuration: Mapping[str, Any], profile: Profile, seed: int) -> list[Block]:
    from search_spaces.transformers.target_means import TargetMeans

    kind = choice(configuration, "encode")
    rare = choice(configuration, "min_frequency") or None
    if not profile.categoricals:
        return []
    encoder = TargetMeans(profile.task, seed) if kind == "target" else _encoder(kind, rare)
    return [("categoricals", encoder, profile.categoricals)]


def _texts(configuration: Mapping[str, Any], profile: Profile) -> list[Block]:
    from search_spaces.transformers.texts import WordCounts

    words = choice(configuration, "text_words")
    weights = choice(configuration, "text_weights")
    return [
        (f"texts_{i}", WordCounts(profile.columns[position], words, weights), [position])
        for i, position in enumerate(profile.texts)
    ]


def _imputer(kind: str) -> Any:
    from search_spaces.transformers.imputer import Imputer

    if kind == NONE:
        return "passthrough"
    # Without keep_empty_features a column that one fold misses entirely would vanish there.
    return Imputer(strategy=kind, keep_empty_features=True)


def _scaler(kind: str) -> Any:
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    from search_spaces.transformers.piecewise import PiecewiseLinear

    scalers = {
        "standard": StandardScaler,
        "minmax": MinMaxScaler,
        "robust": RobustScaler,
        "power": partial(PiecewiseLinear, "power"),
        "quantile": partial(PiecewiseLinear, "quantile"),
    }
    return "passthrough" if kind == NONE else scalers[kind]()


def _encoder(kind: str, rare: float | None) -> Any:
    import numpy as np
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

    if kind == "onehot":
        return OneHotEncoder(
            handle_unknown="infrequent_if_exist",  # an unknown category is a rare one
            min_frequency=rare,
            max_categories=MAX_CATEGORIES,
            sparse_output=False,
            dtype=np.float64,
        )
    native = kind == NATIVE
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan if native else int(UNKNOWN_CODE),
        min_frequency=rare,
        max_categories=MAX_CATEGORIES if native else None,
        dtype=np.float64,
    )


def _refuse_mixing(kind: str, configuration: Mapping[str, Any], profile: Profile) -> None:
    """Refuse to mix features where one of them is a code or NaN."""
    if profile.categoricals and choice(configuration, "encode") == NATIVE:
        raise ValueError(
            f"reduce: {kind} mixes the features, but encode: native leaves codes among them; "
            "encode otherwise, or reduce: none"
        )
    if profile.has_missing_quantities and choice(configuration, "impute") == NONE:
        raise ValueError(
            f"reduce: {kind} mixes the features, but impute: none leaves NaN among them; "
            "impute otherwise, or reduce: none"
        )


def _reduced(columns: Any, kind: str, share: float, seed: int) -> Any:
    from sklearn.pipeline import Pipeline

    from search_spaces.transformers.projection import Projection

    return Pipeline([("columns", columns), ("reduce", Projection(kind, share, seed))])
