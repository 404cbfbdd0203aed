"""Random parameters, spaces and changes, for the property tests."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from search_spaces.parameters import Categorical, Float, Integer, Parameter, is_same
from search_spaces.space import Condition, Space

seeds = st.integers(0, 2**32 - 1)


@st.composite
def floats(draw: st.DrawFn) -> Float:
    kind = draw(st.sampled_from(["linear", "log", "steps"]))
    if kind == "steps":
        low, step = draw(st.integers(-50, 50)) / 10, draw(st.sampled_from([0.1, 0.25, 0.3, 2.0]))
        high = round(low + draw(st.integers(0, 30)) * step, 6)
        return Float(low=low, high=high, step=step)
    smallest = 1e-6 if kind == "log" else -1e6
    ends = st.floats(smallest, 1e6, allow_subnormal=False)
    low, high = sorted((draw(ends), draw(ends)))
    return Float(low=low, high=high, log=kind == "log")


@st.composite
def integers(draw: st.DrawFn) -> Integer:
    kind = draw(st.sampled_from(["linear", "log", "steps"]))
    low = draw(st.integers(1, 100) if kind == "log" else st.integers(-100, 100))
    step = draw(st.integers(2, 7)) if kind == "steps" else 1
    return Integer(
        low=low, high=low + draw(st.integers(0, 60)) * step, log=kind == "log", step=step
    )


choices = st.one_of(
    st.booleans(), st.integers(-5, 5), st.floats(-2, 2), st.text("abc", max_size=2), st.none()
)


@st.composite
def categoricals(draw: st.DrawFn) -> Categorical:
    drawn: list[Any] = draw(st.lists(choices, min_size=1, max_size=5))
    distinct = [c for i, c in enumerate(drawn) if not any(is_same(c, d) for d in drawn[:i])]
    return Categorical(choices=tuple(distinct))


parameters: st.SearchStrategy[Parameter] = st.one_of(floats(), integers(), categoricals())


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """Up to six parameters, some of them conditional on one or two earlier ones."""
    drawn = draw(st.lists(parameters, min_size=1, max_size=6))
    named = {f"p{i}": parameter for i, parameter in enumerate(drawn)}
    conditions = {}
    for i, name in enumerate(named):
        parents = draw(st.lists(st.sampled_from(range(i)), unique=True, max_size=2)) if i else []
        met = []
        for parent in parents:
            possible = drawn[parent].grid(3)
            values = draw(st.lists(st.sampled_from(possible), min_size=1, max_size=2))
            met.append(Condition(parameter=f"p{parent}", values=tuple(values)))
        if met:
            conditions[name] = tuple(met)
    return Space(parameters=named, conditions=conditions)


@st.composite
def narrowings(draw: st.DrawFn, parameter: Parameter) -> Any:
    """A change that a spec may ask for and that only narrows: a value, a list, or a range."""
    rng = np.random.default_rng(draw(seeds))
    some = [parameter.sample(rng) for _ in range(draw(st.integers(1, 3)))]
    distinct = [v for i, v in enumerate(some) if not any(is_same(v, w) for w in some[:i])]
    kind = draw(st.sampled_from(["value", "list", "range"]))
    if kind == "value":
        return some[0]
    if kind == "list" or isinstance(parameter, Categorical):
        return distinct
    return {"low": min(some), "high": max(some)}
