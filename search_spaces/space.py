"""What can be tried together: named parameters, some of which apply only beside certain values.

A space is walked, never interpreted: ``Space.walk`` visits the parameters in their order, skips
those that do not apply, and lets the caller choose each value. Sampling, validation and Optuna's
define-by-run trials are all this one walk.
"""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Self, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from search_spaces.grid import Grid
from search_spaces.overriding import override_parameter
from search_spaces.parameters import Categorical, Parameter, Value, is_same, text

Configuration: TypeAlias = dict[str, Any]
"""A value for each parameter that applies."""

FAMILY = "family"
"""The parameter of a joint space that says which family's parameters apply."""


class Condition(BaseModel):
    """Applies only where another parameter applies and has one of some values."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    parameter: str
    values: tuple[Value, ...] = Field(min_length=1)

    def holds(self, configuration: Mapping[str, Any]) -> bool:
        """Whether ``configuration`` has the parameter, at one of the values."""
        if self.parameter not in configuration:
            return False
        return any(is_same(configuration[self.parameter], value) for value in self.values)


class Space(BaseModel):
    """Parameters in order of choice, and when each of them applies.

    A parameter applies if all of its conditions hold; without conditions it always does. It can
    only depend on parameters that come before it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: dict[str, Parameter]
    conditions: dict[str, tuple[Condition, ...]] = {}

    @model_validator(mode="after")
    def _refuse_impossible_conditions(self) -> Self:
        earlier: list[str] = []
        for name in [*self.parameters, *(n for n in self.conditions if n not in self.parameters)]:
            if name not in self.parameters:
                raise ValueError(f"a condition for {self._unknown(name)}")
            for condition in self.conditions.get(name, ()):
                parent = condition.parameter
                if parent not in self.parameters:
                    raise ValueError(f"parameter {name!r} depends on {self._unknown(parent)}")
                if parent not in earlier:
                    raise ValueError(
                        f"parameter {name!r} depends on {parent!r}, which must come before it"
                    )
                for value in condition.values:
                    _check(self.parameters[parent], value, f"{name!r} depends on {parent!r}, which")
            earlier.append(name)
        return self

    def applies(self, name: str, configuration: Mapping[str, Any]) -> bool:
        """Whether ``name`` needs a value, given the values chosen before it."""
        return all(c.holds(configuration) for c in self.conditions.get(name, ()))

    def walk(self, choose: Callable[[str, Parameter], Any]) -> Configuration:
        """Build a configuration by asking for one value at a time, parents first.

        ``choose(name, parameter)`` is asked only for parameters that apply, given its own earlier
        answers; what it returns is taken as it is.
        """
        configuration: Configuration = {}
        for name, parameter in self.parameters.items():
            if self.applies(name, configuration):
                configuration[name] = choose(name, parameter)
        return configuration

    def sample(self, rng: np.random.Generator) -> Configuration:
        """Draw a configuration, each parameter on its own scale."""
        return self.walk(lambda _, parameter: parameter.sample(rng))

    def nearest(self, configuration: Mapping[str, Any]) -> Configuration:
        """Move a configuration into this space: a default into a narrowed space, say.

        Values stay where they are allowed; numbers move to the nearest end or step, other values
        to the first choice; what does not apply is dropped.
        """
        return self.walk(lambda name, parameter: parameter.nearest(configuration.get(name)))

    def validate_configuration(self, configuration: Mapping[str, Any]) -> None:
        """Refuse what this space does not contain.

        Raises
        ------
        ValueError
            Naming every parameter that is missing, out of range, unknown, or does not apply.
        """
        problems = [f"no {self._unknown(n)}" for n in configuration if n not in self.parameters]
        for name, parameter in self.parameters.items():
            if not self.applies(name, configuration):
                if name in configuration:
                    problems.append(f"parameter {name!r} applies only when {self.when(name)}")
            elif name not in configuration:
                problems.append(f"parameter {name!r} is missing; it is {parameter.describe()}")
            else:
                try:
                    parameter.check(configuration[name])
                except ValueError as error:
                    problems.append(f"parameter {name!r} {error}")
        if problems:
            raise ValueError("; ".join(problems))

    def grid(self, points: int) -> Iterator[Configuration]:
        """Every combination of at most ``points`` values a number, all choices, no duplicates.

        Parameters that do not apply are left out of the product. Lazy: the last parameter
        changes fastest.
        """
        return iter(Grid(self, points))

    def size(self, points: int) -> int:
        """How many configurations ``grid(points)`` has, without making them."""
        return Grid(self, points).size

    def grid_at(self, points: int, position: int) -> Configuration:
        """Find configuration number ``position`` of ``grid(points)`` without walking there.

        So a grid of millions can be visited in any order.
        """
        return Grid(self, points)[position]

    def extended(
        self,
        parameters: Mapping[str, Parameter],
        conditions: Mapping[str, tuple[Condition, ...]] | None = None,
    ) -> "Space":
        """Put further parameters, with their conditions, behind those that are there.

        Raises
        ------
        ValueError
            If a condition names a parameter that does not come before.
        """
        return Space(
            parameters={**self.parameters, **parameters},
            conditions={**self.conditions, **(conditions or {})},
        )

    def around(self, configuration: Mapping[str, Any], *, share: float) -> "Space":
        """Narrow to the neighbourhood of a configuration.

        Numbers keep ``share`` (0 to 1) of their range, centred; choices are fixed; parameters
        that can no longer apply are dropped.
        """
        self.validate_configuration(configuration)
        return self._with(
            {
                name: parameter.around(configuration[name], share=share)
                if name in configuration
                else parameter
                for name, parameter in self.parameters.items()
            }
        )

    def override(self, changes: Mapping[str, Any]) -> "Space":
        """Narrow or replace parameters, as a spec does.

        Parameters
        ----------
        changes
            Parameter name -> a number, string or boolean (fixed to it), a list (only these),
            a mapping of some of low, high, log, step (a narrower range) or of choices, or a whole
            parameter with its ``type``, which replaces the old one and may be wider.

        Raises
        ------
        ValueError
            If a name is unknown, a value is not allowed, or a changed parameter can't apply.
        """
        parameters = dict(self.parameters)
        for name, change in changes.items():
            if name not in parameters:
                raise ValueError(f"no {self._unknown(name)}")
            try:
                parameters[name] = override_parameter(parameters[name], change)
            except ValueError as error:
                raise ValueError(f"parameter {name!r} {error}") from error
        space = self._with(parameters)
        for name in changes:
            if name not in space.parameters:
                raise ValueError(
                    f"parameter {name!r} applies only when {self.when(name)}, "
                    "and that is no longer tried"
                )
        return space

    def when(self, name: str) -> str:
        """Say when ``name`` applies: ``penalty is 'elasticnet'``; empty if always."""
        return " and ".join(
            f"{c.parameter} is {' or '.join(map(text, c.values))}"
            for c in self.conditions.get(name, ())
        )

    @classmethod
    def join(cls, spaces: Mapping[str, "Space"]) -> "Space":
        """Make the family itself a parameter, so that a strategy can move between families.

        The first parameter is ``family``; the others are ``<family>.<parameter>`` and apply only
        for that family.
        """
        parameters: dict[str, Parameter] = {FAMILY: Categorical(choices=tuple(spaces))}
        conditions: dict[str, tuple[Condition, ...]] = {}
        for family, space in spaces.items():
            chosen = Condition(parameter=FAMILY, values=(family,))
            for name, parameter in space.parameters.items():
                parameters[f"{family}.{name}"] = parameter
                conditions[f"{family}.{name}"] = (
                    chosen,
                    *(
                        Condition(parameter=f"{family}.{c.parameter}", values=c.values)
                        for c in space.conditions.get(name, ())
                    ),
                )
        return cls(parameters=parameters, conditions=conditions)

    def _with(self, parameters: Mapping[str, Parameter]) -> "Space":
        """Replace parameters, dropping the values, and the parameters, that became impossible."""
        kept: dict[str, Parameter] = {}
        conditions: dict[str, tuple[Condition, ...]] = {}
        for name, parameter in parameters.items():
            possible = [
                (c.parameter, tuple(v for v in c.values if _takes(kept.get(c.parameter), v)))
                for c in self.conditions.get(name, ())
            ]
            if all(values for _, values in possible):
                kept[name] = parameter
                if possible:
                    conditions[name] = tuple(Condition(parameter=p, values=v) for p, v in possible)
        return Space(parameters=kept, conditions=conditions)

    def _unknown(self, name: str) -> str:
        known = list(self.parameters)
        matches = [k for k in known if k.casefold() == str(name).casefold()]
        matches += get_close_matches(str(name), known, n=1)
        hint = f" Did you mean {matches[0]!r}?" if matches else ""
        return f"parameter named {name!r}; known: {', '.join(known) or 'none'}.{hint}"


def join_family(family: str, configuration: Mapping[str, Any]) -> Configuration:
    """Write one family's configuration as one of the joint space."""
    return {FAMILY: family, **{f"{family}.{name}": v for name, v in configuration.items()}}


def split_family(configuration: Mapping[str, Any]) -> tuple[str, Configuration]:
    """Take a joint configuration apart: the family, and its own configuration."""
    family = str(configuration[FAMILY])
    return family, {
        name.removeprefix(f"{family}."): value
        for name, value in configuration.items()
        if name != FAMILY
    }


def _check(parameter: Parameter, value: Any, subject: str) -> None:
    try:
        parameter.check(value)
    except ValueError as error:
        raise ValueError(f"parameter {subject} {error}") from error


def _takes(parameter: Parameter | None, value: Any) -> bool:
    if parameter is None:
        return False
    try:
        parameter.check(value)
    except ValueError:
        return False
    return True
