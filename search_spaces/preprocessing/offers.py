"""Which preprocessing can be tried on some data: a space, with what applies beside what."""

from collections.abc import Sequence
from typing import Any

from search_spaces.columns import Profile
from search_spaces.parameters import Categorical, Parameter
from search_spaces.preprocessing.choices import (
    COMPONENTS,
    ENCODE,
    IMPUTE,
    MAX_CATEGORIES,
    NATIVE,
    NONE,
    PARTS,
    TEXT_WEIGHTS,
    TEXT_WORDS,
    check_choice,
)
from search_spaces.space import Condition, Space

MAX_QUANTITIES = 20
"""Scaled quantities, parts of dates included, that may be multiplied: they become 230 features."""

MAX_REDUCED = 2_000
"""Features of which components are tried: those of 2,000 take seconds, and grow with the cube."""

MAX_TEXT_BYTES = 2**29
"""Size of the dense float64 features of all texts in all rows: more words are not offered."""


def preprocessing_space(
    profile: Profile,
    *,
    impute: Sequence[str] = IMPUTE[:3],
    scale: Sequence[str] = ("standard", "minmax", "robust", NONE),
    encode: Sequence[str] = ENCODE[:2],
    min_frequency: Sequence[float] = (),
    indicators: Sequence[bool] = (),
    dates: Sequence[str] = (),
    interactions: Sequence[str] = (),
    reduce: Sequence[str] = (),
    text_words: Sequence[int] = TEXT_WORDS,
    text_weights: Sequence[str] = TEXT_WEIGHTS,
) -> Space:
    """Say which preprocessing can be tried on such data.

    A parameter is there only if the data have columns that it concerns: ``impute`` and
    ``indicators`` need quantities with missing values, ``dates`` dates, ``scale`` quantities,
    ``interactions`` up to ``MAX_QUANTITIES`` of them, ``encode`` and ``min_frequency``
    categoricals, ``text_words`` and ``text_weights`` texts, ``reduce`` features that are neither
    words nor more than ``MAX_REDUCED``. A single choice stays as a parameter of one choice, so that
    the configuration says everything; a parameter without choices is not there. Some depend on
    others: a family takes over both ``parameters`` and ``conditions``.

    Parameters
    ----------
    impute, indicators, dates, scale, interactions, encode, min_frequency, reduce
        The choices that suit the family, of those in ``CHOICES``. ``"none"`` for imputing hands
        NaN to the estimator, and takes ``indicators`` away, which would say the same again.
        ``interactions`` and ``reduce`` apply where quantities are scaled, ``min_frequency``
        where rare categories are told apart, ``reduce`` where there is no NaN and no code either.
        ``components`` comes with ``reduce``.
    text_words, text_weights
        Words of each column of text, and how they are weighed. Of the numbers of words only those
        are offered whose features fit into ``MAX_TEXT_BYTES``, and always the first.

    Raises
    ------
    ValueError
        If a choice is unknown.
    """
    offered: dict[str, Sequence[Any]] = {
        "impute": impute,
        "indicators": indicators,
        "dates": dates,
        "scale": scale,
        "interactions": interactions,
        "encode": encode,
        "min_frequency": min_frequency,
        "text_words": _affordable(text_words, profile),
        "text_weights": text_weights,
        "reduce": reduce,
    }
    for name, choices in offered.items():
        for choice in choices:
            check_choice(name, choice)
    parameters: dict[str, Parameter] = {
        name: Categorical(choices=tuple(choices))
        for name, choices in offered.items()
        if choices and _concerns(name, profile, offered)
    }
    if any(choice != NONE for choice in _choices(parameters, "reduce")):
        parameters["components"] = COMPONENTS
    return _with_conditions(parameters)


def _concerns(name: str, profile: Profile, offered: dict[str, Sequence[Any]]) -> bool:
    """Whether the data have what the parameter is about."""
    dates = sum(profile.columns[i].kind == "date" for i in profile.quantities)
    width = len(profile.quantities)
    if "parts" in offered["dates"]:
        width += dates * (len(PARTS) - 1)
    known = (len(profile.columns[i].categories) for i in profile.categoricals)
    n_features = width + sum(min(n, MAX_CATEGORIES) for n in known)
    return {
        "impute": profile.has_missing_quantities,
        "indicators": profile.has_missing_quantities,
        "dates": dates > 0,
        "scale": width > 0,
        "interactions": 0 < width <= MAX_QUANTITIES,
        "encode": bool(profile.categoricals),
        "min_frequency": bool(profile.categoricals),
        "text_words": bool(profile.texts),
        "text_weights": bool(profile.texts),
        "reduce": not profile.texts and n_features <= MAX_REDUCED,
    }[name]


def _affordable(text_words: Sequence[int], profile: Profile) -> Sequence[int]:
    a_word = 8 * profile.n_samples * max(1, len(profile.texts))
    rest = [words for words in text_words[1:] if words * a_word <= MAX_TEXT_BYTES]
    return (*text_words[:1], *rest)


UNWANTED: dict[str, dict[str, Any]] = {
    "indicators": {"impute": NONE},
    "interactions": {"scale": NONE},
    "min_frequency": {"encode": "target"},
    "reduce": {"impute": NONE, "scale": NONE, "encode": NATIVE},
    "components": {"reduce": NONE},
}
"""Beside which choice of another parameter there is nothing to choose."""


def _with_conditions(parameters: dict[str, Parameter]) -> Space:
    """Let each parameter apply where it has something to do; leave out what never has."""
    conditions: dict[str, tuple[Condition, ...]] = {}
    for name, unwanted in UNWANTED.items():
        for parent, value in unwanted.items():
            if name in parameters and value in _choices(parameters, parent):
                good = tuple(c for c in _choices(parameters, parent) if c != value)
                if not good:
                    del parameters[name]
                    conditions.pop(name, None)
                    break
                condition = Condition(parameter=parent, values=good)
                conditions[name] = (*conditions.get(name, ()), condition)
    if "reduce" not in parameters:
        parameters.pop("components", None)
    return Space(parameters=parameters, conditions=conditions)


def _choices(parameters: dict[str, Parameter], name: str) -> tuple[Any, ...]:
    parameter = parameters.get(name)
    return parameter.choices if isinstance(parameter, Categorical) else ()
