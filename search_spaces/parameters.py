"""Which values one hyperparameter can take: drawing, checking and gridding them."""

import math
from decimal import Decimal
from numbers import Integral, Real
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Value: TypeAlias = bool | int | float | str | None
"""What a configuration may hold: what JSON can say in one word."""

LARGEST_INTEGER = 2**53
"""Beyond it neighbouring integers share a float64, and JSON readers lose digits."""

_TOLERANCE = 1e-6  # in steps: what rounding low + k * step in float64 may leave


class _Parameter(BaseModel):
    """What the three kinds have in common: frozen, nothing unknown, nothing infinite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Range(_Parameter):
    """A number in [low, high], on a linear or a logarithmic scale, perhaps in steps."""

    # Declared here for the methods, given their types and defaults by the two subclasses.
    low: Any
    high: Any
    log: bool = Field(default=False, description="uniform in the logarithm")
    step: Any

    noun: ClassVar[str]

    @model_validator(mode="after")
    def _refuse_impossible_ranges(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {text(self.low)} is above high {text(self.high)}")
        if self.log and self.low <= 0:
            raise ValueError(f"a log scale needs low above 0, got {text(self.low)}")
        if not math.isfinite(float(self.high) - float(self.low)):
            raise ValueError(f"{text(self.low)} to {text(self.high)} is too wide to draw from")
        if self.step is not None:
            self._refuse_impossible_steps()
        return self

    def _refuse_impossible_steps(self) -> None:
        if self.log and not (isinstance(self, Integer) and self.step == 1):
            raise ValueError("a log scale has no step")
        if float(self.high - self.low) / float(self.step) > LARGEST_INTEGER:
            raise ValueError(f"step {text(self.step)} is too small for so wide a range")
        if not self._is_on_lattice(self.high):
            below = self.low + (self.high - self.low) // self.step * self.step
            raise ValueError(
                f"high {text(self.high)} can't be reached from low {text(self.low)} in steps of "
                f"{text(self.step)}; {text(below)} can"
            )

    def sample(self, rng: np.random.Generator) -> Any:
        """Draw one value, uniform on the scale."""
        if self.step is not None and not self.log:
            return self._at(int(rng.integers(0, self._n_steps, endpoint=True)))
        # Half a step beyond both ends gives the integers at the ends of a log scale their due.
        margin = 0.5 if isinstance(self, Integer) else 0.0
        low, high = self._on_scale(self.low - margin), self._on_scale(self.high + margin)
        return self.nearest(self._off_scale(rng.uniform(low, high)))

    def check(self, value: Any) -> None:
        """Refuse a value that is not in the range.

        Raises
        ------
        ValueError
            With what is allowed and what was found.
        """
        if not self._is_number(value) or not self.low <= value <= self.high:
            noun = "" if self._is_number(value) else f"{self.noun} "
            raise ValueError(f"must be {noun}between {self._ends}, got {text(value)}")
        if self.step is not None and not self._is_on_lattice(value):
            raise ValueError(
                f"must be {text(self.low)} plus a multiple of {text(self.step)}, at most "
                f"{text(self.high)}, got {text(value)}"
            )

    def nearest(self, value: Any) -> Any:
        """Nearest allowed value; ``low`` for what is no number."""
        if not isinstance(value, Real) or math.isnan(value):
            return self.low
        clipped = min(max(value, self.low), self.high)
        if self.step is None:
            return float(clipped)
        return self._at(round(float(clipped - self.low) / float(self.step)))

    def grid(self, points: int) -> list[Any]:
        """At most ``points`` different values, evenly spaced on the scale, both ends included.

        One point is the middle of the scale. Steps and whole numbers can leave fewer.
        """
        if points < 1:
            raise ValueError(f"a grid needs at least 1 point, got {points}")
        low, high = self._on_scale(self.low), self._on_scale(self.high)
        places = np.linspace(low, high, points) if points > 1 else [(low + high) / 2]
        # Twelve digits: 0.001 rather than 0.0010000000000000002 in every table and file.
        values = [float(f"{self._off_scale(float(place)):.12g}") for place in places]
        if points > 1:
            values[0], values[-1] = self.low, self.high
        return list(dict.fromkeys(self.nearest(value) for value in values))

    def around(self, value: Any, *, share: float) -> Self:
        """Narrow to ``share`` (0 to 1) of the range, on its scale, centred on ``value``, clipped.

        Raises
        ------
        ValueError
            If ``value`` is not in the range.
        """
        if not 0 < share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, got {share}")
        self.check(value)
        bottom, centre, top = map(self._on_scale, (self.low, value, self.high))
        half = share * (top - bottom) / 2
        low = self.nearest(self._off_scale(max(centre - half, bottom)))
        high = self.nearest(self._off_scale(min(centre + half, top)))
        ends = {"low": min(low, value), "high": max(high, value)}
        return self.model_validate({**self.model_dump(), **ends})

    def describe(self) -> str:
        """Read as in a table: ``0.0001 to 10000, log``."""
        ends = self._ends.replace(" and ", " to ")
        plain = self.step is None or (isinstance(self, Integer) and self.step == 1)
        steps = "" if plain else f" in steps of {text(self.step)}"
        return f"{ends}{steps}{', log' if self.log else ''}"

    @property
    def _ends(self) -> str:
        return f"{text(self.low)} and {text(self.high)}"

    @property
    def _n_steps(self) -> int:
        return round(float(self.high - self.low) / float(self.step))

    def _at(self, k: int) -> Any:
        """``low + k * step`` in decimal arithmetic, so that 0.1 + 2 * 0.1 is 0.3."""
        value = Decimal(repr(self.low)) + k * Decimal(repr(self.step))
        return type(self.low)(min(value, Decimal(repr(self.high))))

    def _is_on_lattice(self, value: Any) -> bool:
        steps = float(value - self.low) / float(self.step)
        return abs(steps - round(steps)) <= _TOLERANCE

    def _is_number(self, value: Any) -> bool:
        kind = Integral if isinstance(self, Integer) else Real
        return isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value)

    def _on_scale(self, value: float) -> float:
        return math.log(value) if self.log else float(value)

    def _off_scale(self, place: float) -> float:
        return math.exp(place) if self.log else place


class Float(_Range):
    """A real number in [low, high], uniform in its logarithm if ``log``."""

    type: Literal["float"] = "float"
    low: float
    high: float
    step: float | None = Field(default=None, gt=0, description="only low + k * step, if given")

    noun: ClassVar[str] = "a number"


class Integer(_Range):
    """A whole number in [low, high].

    On a log scale a value is drawn from [low - 1/2, high + 1/2] and rounded, as Optuna does.
    """

    type: Literal["integer"] = "integer"
    low: int = Field(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)
    high: int = Field(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)
    step: int = Field(default=1, ge=1)

    noun: ClassVar[str] = "a whole number"


class Categorical(_Parameter):
    """One of some values without an order; a single choice is a fixed value.

    ``allowed`` has the values that a spec may ask for besides: they are not tried by themselves.
    """

    type: Literal["categorical"] = "categorical"
    choices: tuple[Value, ...] = Field(min_length=1)
    allowed: "Float | Integer | Categorical | None" = Field(
        None, exclude_if=lambda allowed: allowed is None, repr=False
    )

    @field_validator("choices", mode="before")
    @classmethod
    def _unwrap_numpy(cls, choices: Any) -> Any:
        if not isinstance(choices, (list, tuple)):
            return choices
        return tuple(c.item() if isinstance(c, np.generic) else c for c in choices)

    @field_validator("choices")
    @classmethod
    def _refuse_twins(cls, choices: tuple[Value, ...]) -> tuple[Value, ...]:
        for i, choice in enumerate(choices):
            if any(is_same(choice, earlier) for earlier in choices[:i]):
                raise ValueError(f"{text(choice)} is there twice")
        return choices

    def sample(self, rng: np.random.Generator) -> Value:
        """Draw one choice, all equally likely."""
        return self.choices[int(rng.integers(len(self.choices)))]

    def check(self, value: Any) -> None:
        """Refuse what is not among the choices.

        Raises
        ------
        ValueError
            With the choices and what was found.
        """
        if not any(is_same(value, choice) for choice in self.choices):
            known = ", ".join(map(text, self.choices))
            wanted = f"one of {known}" if len(self.choices) > 1 else known
            raise ValueError(f"must be {wanted}, got {text(value)}")

    def nearest(self, value: Any) -> Value:
        """Return ``value`` if it is a choice, else the first choice."""
        return next((c for c in self.choices if is_same(value, c)), self.choices[0])

    def grid(self, points: int) -> list[Value]:
        """All choices, however many points are asked for: nothing lies between two of them."""
        if points < 1:
            raise ValueError(f"a grid needs at least 1 point, got {points}")
        return list(self.choices)

    def around(self, value: Any, *, share: float) -> Self:
        """Fix to ``value``: a choice has no neighbours, whatever the ``share``."""
        if not 0 < share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, got {share}")
        self.check(value)
        return type(self)(choices=(self.nearest(value),))

    def describe(self) -> str:
        """Read as in a table: ``l1, l2, elasticnet``."""
        return ", ".join(str(c) if isinstance(c, str) else text(c) for c in self.choices)


Parameter = Annotated[Float | Integer | Categorical, Field(discriminator="type")]


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same choice: 1 is 1.0, but neither is True."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def text(value: Any) -> str:
    """Spell a value for a message: 0.0001, 10000, 'l1'."""
    value = value.item() if isinstance(value, np.generic) else value
    is_number = isinstance(value, Real) and not isinstance(value, (bool, Integral))
    return f"{float(value):.12g}" if is_number else repr(value)
