"""What a search relies on in a family: each promise a function, each break a sentence."""

import json
import pickle
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from search_spaces import preprocessing
from search_spaces.columns import ShapeKind, Task
from search_spaces.families.base import Resource
from search_spaces.networks import Network
from search_spaces.parameters import Categorical
from search_spaces.space import Configuration, Space
from searcher.testing.samples import SEED, Sample

PARTS = ("name", "tasks", "resource", "dtype", "space", "default", "build")
DTYPES = ("float32", "float64")
NAME = re.compile(r"[a-z][a-z0-9_]*")  # it goes into joint spaces, file names and SQL
DRAWS_BUILT = 20  # configurations of each sample that must build
DRAWS_FITTED = 2  # configurations of each first sample that must train too
EPOCHS = 2  # that a network is trained for: what it promises does not depend on more


class BrokenPromiseError(Exception):
    """A promise broken on one sample; the message is a sentence whose subject is the family."""


Promise: TypeAlias = Callable[[Any, Sample], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """A model trained as a search trains it, and what it is to predict."""

    model: Any
    new: NDArray[Any]  # features of the new rows
    sample: Sample

    def outputs(self) -> list[NDArray[Any]]:
        """Predictions for the new rows, and class probabilities if there are classes."""
        outputs = [np.asarray(_call("predict(X)", self.model.predict, self.new))]
        if self.sample.profile.n_classes:
            if not hasattr(self.model, "predict_proba"):
                raise BrokenPromiseError("its model has no predict_proba, which classes need")
            probabilities = _call("predict_proba(X)", self.model.predict_proba, self.new)
            outputs.append(np.asarray(probabilities))
        return outputs


def make(family: Any) -> Any:
    """Instance of a family given as a class; an instance is returned as it is."""
    if not isinstance(family, type):
        return family
    return _call(f"{family.__name__}() (a family is made without arguments)", family)


def says_what_it_is(family: Any) -> list[str]:
    """Sentences about parts that are missing or not among the allowed values."""
    lacking = [f"lacks {part!r}" for part in PARTS if not hasattr(family, part)]
    if lacking:
        return lacking
    wrong = [
        f"{part!r} can't be called" for part in PARTS[4:] if not callable(getattr(family, part))
    ]
    if not isinstance(family.name, str) or not NAME.fullmatch(family.name):
        wrong.append(
            f"name must be lower-case letters, digits and underscores, not {family.name!r}"
        )
    tasks = ", ".join(get_args(Task))
    if not isinstance(family.tasks, frozenset) or not family.tasks <= set(get_args(Task)):
        wrong.append(f"tasks must be a frozenset of some of {tasks}, not {family.tasks!r}")
    elif not family.tasks:
        wrong.append(f"tasks is empty; it needs at least one of {tasks}")
    listed = (
        ("resource", get_args(Resource)),
        ("dtype", DTYPES),
        ("shape", get_args(ShapeKind)),
    )
    for part, allowed in listed:
        if getattr(family, part, allowed[0]) not in allowed:
            found = getattr(family, part)
            wrong.append(f"{part} must be {' or '.join(map(repr, allowed))}, not {found!r}")
    return wrong


def has_a_plain_space(family: Any, sample: Sample) -> None:
    """Give the same Space for the same data, one that JSON holds and preprocessing can read."""
    space = _space(family, sample)
    if _space(family, sample) != space:
        raise BrokenPromiseError("space(profile) is another one each time")
    try:
        restored = Space.model_validate_json(
            _call("writing its space as JSON", space.model_dump_json)
        )
    except ValueError as error:
        raise BrokenPromiseError(f"its space is not readable from JSON: {_line(error)}") from error
    if restored != space:
        raise BrokenPromiseError("its space comes back from JSON as another one")
    for name, widest in preprocessing.CHOICES.items():
        if name in space.parameters and not preprocessing.is_within(name, space.parameters[name]):
            raise BrokenPromiseError(
                f"its parameter {name!r} belongs to preprocessing, whose choices are "
                f"{widest.describe()}; a parameter of the model needs another name"
            )


def has_a_default_in_its_space(family: Any, sample: Sample) -> None:
    """Have a default that the space contains and JSON holds."""
    default = _default(family, sample)
    try:
        _space(family, sample).validate_configuration(default)
    except ValueError as error:
        raise BrokenPromiseError(f"its default is not in its space: {_line(error)}") from error
    _call("writing its default as JSON", json.dumps, default, allow_nan=False)


def builds_whatever_it_offers(family: Any, sample: Sample) -> None:
    """Turn configurations drawn from the space into fresh models, and leave them as they were."""
    for configuration in _draw(family, sample, DRAWS_BUILT):
        rest = preprocessing.split(configuration)[1]
        before = deepcopy(rest)
        one, other = (_build(family, rest, sample, cpus=cpus) for cpus in (1, 2))
        if rest != before:
            raise BrokenPromiseError("build(...) changes the configuration that it is given")
        if one is other:
            raise BrokenPromiseError("build(...) returns the same model again, not a fresh one")


def learns_and_predicts(family: Any, sample: Sample) -> None:
    """Train the default and drawn configurations, predict in the right shapes, be scorable."""
    space = _space(family, sample)
    fitted = _fit(family, sample, _imputed(space, _default(family, sample)))
    _check_outputs(fitted)
    _check_scoring(fitted)
    for configuration in _draw(family, sample, DRAWS_FITTED if sample.is_first else 0):
        _check_outputs(_fit(family, sample, _imputed(space, configuration)))


def takes_missing_values_it_asks_for(family: Any, sample: Sample) -> None:
    """Take NaN, if ``impute: none`` is offered."""
    space = _space(family, sample)
    offered = space.parameters.get("impute")
    if not isinstance(offered, Categorical) or "none" not in offered.choices:
        return
    configuration = space.nearest({**_default(family, sample), "impute": "none"})
    try:
        _check_outputs(_fit(family, sample, configuration))
    except BrokenPromiseError as error:
        raise BrokenPromiseError(f"offers impute 'none', which passes NaN on; {error}") from error


def repeats_itself(family: Any, sample: Sample) -> None:
    """Predict the same to the last bit for the same seed and rows."""
    for configuration in _draw(family, sample, 1 if sample.is_first else 0):
        imputed = _imputed(_space(family, sample), configuration)
        first, second = (_fit(family, sample, imputed).outputs() for _ in range(2))
        if not all(map(np.array_equal, first, second)):
            raise BrokenPromiseError("two models of the same seed and rows predict differently")


def learns_without_a_class(family: Any, sample: Sample) -> None:
    """Train where a rare class is missing: y holds the codes of the others, without a gap."""
    if sample.profile.task != "multiclass" or not sample.is_first:
        return
    configuration = _imputed(_space(family, sample), _default(family, sample))
    _check_outputs(_fit(family, sample, configuration))
    fewer = replace(sample, y=np.minimum(sample.y, 1), y_new=np.minimum(sample.y_new, 1))
    try:
        _check_outputs(_fit(family, fewer, configuration))
    except BrokenPromiseError as error:
        raise BrokenPromiseError(f"when y lacks one of three classes, {error}") from error


def travels(family: Any, sample: Sample) -> None:
    """Be itself after a trip from a worker process to the driver."""
    if not sample.is_first:
        return
    fitted = _fit(family, sample, _imputed(_space(family, sample), _default(family, sample)))
    arrived = pickle.loads(_call("pickling the fitted model", pickle.dumps, fitted.model))  # noqa: S301 - our own bytes
    if not all(map(np.array_equal, fitted.outputs(), replace(fitted, model=arrived).outputs())):
        raise BrokenPromiseError("the fitted model predicts differently after being pickled")


ALL: tuple[Promise, ...] = (
    has_a_plain_space,
    has_a_default_in_its_space,
    builds_whatever_it_offers,
    learns_and_predicts,
    takes_missing_values_it_asks_for,
    repeats_itself,
    learns_without_a_class,
    travels,
)


def _space(family: Any, sample: Sample) -> Space:
    space = _call("space(profile)", family.space, sample.profile)
    if not isinstance(space, Space):
        raise BrokenPromiseError(f"space(profile) returns a {type(space).__name__}, not a Space")
    return space


def _default(family: Any, sample: Sample) -> Configuration:
    default = _call("default(profile)", family.default, sample.profile)
    if not isinstance(default, dict):
        raise BrokenPromiseError(f"default(profile) returns a {type(default).__name__}, not a dict")
    return default


def _draw(family: Any, sample: Sample, n: int) -> Iterator[Configuration]:
    space, rng = _space(family, sample), np.random.default_rng(SEED)
    return (_call("drawing from its space", space.sample, rng) for _ in range(n))


def _imputed(space: Space, configuration: Configuration) -> Configuration:
    """Impute if there is a choice, so that trouble with NaN is told once and as such."""
    offered = space.parameters.get("impute")
    if isinstance(offered, Categorical) and configuration.get("impute") == "none":
        others = [choice for choice in offered.choices if choice != "none"]
        return {**configuration, "impute": others[0]} if others else configuration
    return configuration


def _build(family: Any, rest: Mapping[str, Any], sample: Sample, *, cpus: int) -> Any:
    model = _call("build(...)", family.build, rest, sample.profile, seed=SEED, cpus=cpus)
    if isinstance(model, Network):
        return _trainable(model, sample)
    for method in ("fit", "predict"):
        if not callable(getattr(model, method, None)):
            raise BrokenPromiseError(
                f"build(...) returns a {type(model).__name__} without {method}"
            )
    return model


def _trainable(network: Network, sample: Sample) -> Any:
    """Wrap a network as ``searcher.fitting.untrained`` does."""
    from searcher.training import NetworkEstimator  # torch, which not everybody has

    short = replace(network, training=replace(network.training, epochs=EPOCHS))
    return NetworkEstimator(short, sample.profile.n_classes, seed=SEED)


def _fit(family: Any, sample: Sample, configuration: Configuration) -> _Fitted:
    """Train as ``searcher.model.fit_model`` does."""
    prepare, rest = preprocessing.split(configuration)
    transformer = _call("preprocessing", preprocessing.build, prepare, sample.profile, seed=SEED)
    train, new = (
        np.ascontiguousarray(_call("preprocessing", step, *data), np.float32).astype(family.dtype)
        for step, data in (
            (transformer.fit_transform, (sample.X, sample.y)),
            (transformer.transform, (sample.X_new,)),
        )
    )
    model = _build(family, rest, sample, cpus=1)
    X, y = train.copy(), sample.y.copy()
    _call("fit(X, y)", model.fit, X, y)
    if not np.array_equal(X, train, equal_nan=True) or not np.array_equal(y, sample.y):
        raise BrokenPromiseError("fit(X, y) writes into X or y, which other trials use too")
    return _Fitted(model, new, sample)


def _check_outputs(fitted: _Fitted) -> None:
    sample = fitted.sample
    labels, *probabilities = fitted.outputs()
    # a network is told how many classes there are, whichever its rows have
    n, n_told = len(sample.y_new), getattr(fitted.model, "n_classes", None)
    codes = np.arange(n_told) if n_told else np.unique(sample.y)
    if labels.shape != (n,):
        raise BrokenPromiseError(f"predict(X) of {n} rows has shape {labels.shape}, not ({n},)")
    if sample.profile.task == "clustering" and labels.dtype.kind != "i":
        raise BrokenPromiseError(f"predict(X) gives {labels.dtype}, not whole numbers of clusters")
    if not probabilities:
        if not np.isfinite(labels).all():
            raise BrokenPromiseError("predict(X) is not finite")
    elif not np.isin(labels, codes).all():
        raise BrokenPromiseError(f"predict(X) has values other than the class codes {codes}")
    for matrix in probabilities:
        if matrix.shape != (n, len(codes)):
            raise BrokenPromiseError(
                f"predict_proba(X) of {n} rows and {len(codes)} classes has shape {matrix.shape}, "
                f"not ({n}, {len(codes)})"
            )
        if not (matrix >= 0).all() or not np.allclose(matrix.sum(axis=1), 1, atol=1e-5):
            raise BrokenPromiseError("predict_proba(X) has rows that are no probabilities")


def _check_scoring(fitted: _Fitted) -> None:
    """Let scikit-learn's scorers ask the model what it is."""
    from sklearn.metrics import check_scoring

    task = fitted.sample.profile.task
    if task == "clustering":
        return  # whether there is anything to score depends on the clusters
    metrics = ["r2"] if task == "regression" else ["accuracy", "neg_log_loss"]
    scorer = check_scoring(scoring=metrics, raise_exc=True)
    _call("scoring by scikit-learn", scorer, fitted.model, fitted.new, fitted.sample.y_new)


def _call(what: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call somebody's code as quietly as a search does; what it raises becomes the sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(*arguments, **named)
    except Exception as error:  # foreign code: whatever it raises belongs in the verdict
        raise BrokenPromiseError(f"{what} raised {type(error).__name__}: {_line(error)}") from error


def _line(error: Exception) -> str:
    """Shorten a message to one line of at most 300 characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else f"{text[:297]}..."  # noqa: PLR2004
