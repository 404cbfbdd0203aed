"""Which parameters belong to preprocessing, what each can be, and what it is left unsaid."""

from collections.abc import Mapping
from typing import Any

from search_spaces.parameters import Categorical, Float, Integer, Parameter
from search_spaces.space import Configuration

NONE = "none"
NATIVE = "native"
"""Encoding left to the estimator, which sees codes of the categoricals as its first features."""

IMPUTE = ("median", "mean", "most_frequent", NONE)
SCALE = ("standard", "minmax", "robust", "power", "quantile", NONE)
ENCODE = ("onehot", "ordinal", "target", NATIVE)
MIN_FREQUENCY = (0.0, 0.01, 0.05)
DATES = ("days", "parts")
INTERACTIONS = (NONE, "products")
REDUCE = (NONE, "pca", "svd")
TEXT_WORDS = (300, 1_000, 3_000)
TEXT_WEIGHTS = ("tfidf", "counts", "binary")

MAX_TEXT_WORDS = 8_000
"""Words of a column of text at most; ``search_spaces.transformers.texts`` says why."""

PARTS = ("year", "month", "day of the month", "weekday", "day of the year", "hour")
"""What a date becomes with ``dates: parts``, in the order of the features."""

COMPONENTS = Float(low=0.1, high=1.0)

CHOICES: dict[str, Parameter] = {
    "impute": Categorical(choices=IMPUTE),
    "indicators": Categorical(choices=(False, True)),
    "dates": Categorical(choices=DATES),
    "scale": Categorical(choices=SCALE),
    "interactions": Categorical(choices=INTERACTIONS),
    "encode": Categorical(choices=ENCODE),
    "min_frequency": Categorical(choices=MIN_FREQUENCY),
    "text_words": Integer(low=1, high=MAX_TEXT_WORDS),
    "text_weights": Categorical(choices=TEXT_WEIGHTS),
    "reduce": Categorical(choices=REDUCE),
    "components": COMPONENTS,
}
"""The parameters that belong to preprocessing, as wide as they can be, in order of choice.

A family must not call its own ones so.
"""

LEFT_UNSAID: Configuration = {
    # new rows may miss what no training row missed; only "none" lets NaN through
    "impute": "median",
    "indicators": False,
    "dates": "days",
    "scale": NONE,
    "interactions": NONE,
    "encode": "onehot",
    "min_frequency": 0.0,
    "text_words": TEXT_WORDS[0],
    "text_weights": TEXT_WEIGHTS[0],
    "reduce": NONE,
    "components": 0.5,
}

OFF = {
    name: LEFT_UNSAID[name]
    for name in (
        "indicators",
        "dates",
        "interactions",
        "min_frequency",
        "text_words",
        "text_weights",
        "reduce",
    )
}
"""What turns everything off that a configuration need not say, and reads texts at least cost: for a
family's default."""

MAX_CATEGORIES = 250
"""Categories of a column that ``onehot`` and ``native`` tell apart; the rarest others are one.

Features are dense: at 250 a column takes 2 kB a row (float64), and boosters with histograms have
at most 255 bins a feature, one of them for unknown ones.
"""


def check_choice(name: str, value: Any) -> None:
    """Refuse what parameter ``name`` can't be.

    Raises
    ------
    ValueError
        With what is allowed and what was found.
    """
    widest = CHOICES[name]
    try:
        widest.check(value)
    except ValueError as error:
        kind = "one of " if isinstance(widest, Categorical) else ""
        raise ValueError(f"{name} must be {kind}{widest.describe()}, got {value!r}") from error


def choice(configuration: Mapping[str, Any], name: str) -> Any:
    """Take a parameter's value out of a configuration, checked, or what it is left unsaid."""
    value = configuration.get(name, LEFT_UNSAID[name])
    check_choice(name, value)
    return value


def is_within(name: str, parameter: Parameter) -> bool:
    """Whether all values of ``parameter`` are ones that preprocessing knows under this name."""
    ends: tuple[Any, ...]
    if isinstance(parameter, Categorical):
        ends = parameter.choices
    elif isinstance(CHOICES[name], Categorical):
        return False
    else:
        ends = (parameter.low, parameter.high)
    try:
        for value in ends:
            check_choice(name, value)
    except ValueError:
        return False
    return True


def split(configuration: Mapping[str, Any]) -> tuple[Configuration, Configuration]:
    """Take a family's configuration apart: the preprocessing, and what the model is built from.

    ``encode: native`` is in both, because then the model does what an encoder would do.
    """
    preprocessing = {k: v for k, v in configuration.items() if k in CHOICES}
    rest = {k: v for k, v in configuration.items() if k not in CHOICES}
    if preprocessing.get("encode") == NATIVE:
        rest["encode"] = NATIVE
    return preprocessing, rest
