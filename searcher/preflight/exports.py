"""Which choices of a search's spaces can be exported: each is fitted small and put to the gate."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from threadpoolctl import threadpool_limits

from searcher.candidates import Candidate
from searcher.data import Dataset
from searcher.export.networks.warm import warm
from searcher.preflight.choices import Choice, structural_choices, together
from searcher.preflight.exporting import Exporting
from searcher.preflight.networks import networks_among
from searcher.preflight.sample import draw
from searcher.preflight.steps import OnStep, Steps

LIMIT_S = 120.0
EACH_S = 20.0
"""skl2onnx 1.20 takes minutes to write a QuantileTransformer of 300 quantiles."""

Outcome = Literal["passed", "refused", "not fitted", "not tried"]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one choice."""

    path: str  # families.<reference>[.<parameter>]
    family: str  # as written in the spec
    parameter: str | None  # None: the default configuration
    value: Any
    default: Any  # the parameter's value in the default configuration, if it has one
    outcome: Outcome
    reason: str | None = None
    rows: int = 0  # compared
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """Where, and what: ``families.xgboost.encode: 'onehot'``."""
        return self.path if self.parameter is None else f"{self.path}: {self.value!r}"


def try_exports(
    candidates: Sequence[Candidate],
    dataset: Dataset,
    *,
    seed: int,
    limit_s: float = LIMIT_S,
    each_s: float = EACH_S,
    on_step: OnStep | None = None,
) -> tuple[Tried, ...]:
    """Fit, export and compare every structural choice of every family, the defaults first.

    A network takes seconds to trace, so its choices share files: as many as can be are put into one
    configuration, and only where that one is refused are they tried one by one; so they are, too,
    where the default is refused.

    Parameters
    ----------
    limit_s
        When so many seconds have passed, what is left is "not tried".
    each_s
        The same for one choice, fitted, exported and compared; in the main thread only.
    on_step
        Told each choice before it is tried, or the first of those that share a file.
    """
    networks = networks_among(candidates, dataset.profile, seed=seed)
    walks = [
        (candidate, list(structural_choices(candidate, is_network=candidate.reference in networks)))
        for candidate in candidates
    ]
    steps = Steps("exports", sum(len(walk) for _, walk in walks), on_step)
    until = time.perf_counter() + limit_s
    exporting = Exporting(draw(dataset, seed=seed), until, each_s, steps)
    # such small fits are no work for several threads; torch is imported once for all files
    with threadpool_limits(limits=1), warm():
        found = [
            _tried(candidate, default, exporting.alone(default))
            for candidate, (default, *_) in walks
        ]
        sound = {each.family for each in found if each.outcome == "passed"}
        for candidate, (_, *others) in walks:
            # Beside a default that fails, a file that passes would not say which choice cures it.
            are_shared = candidate.reference in networks & sound
            alone = ((choice.configuration, (choice,)) for choice in others)
            for shared, choices in together(candidate, others) if are_shared else alone:
                for choice, outcome in exporting.together(shared, choices):
                    found.append(_tried(candidate, choice, outcome))
    return tuple(found)


def _tried(candidate: Candidate, choice: Choice, outcome: Mapping[str, Any]) -> Tried:
    default = candidate.default.get(choice.parameter or "")
    return Tried(choice.path, choice.reference, choice.parameter, choice.value, default, **outcome)


def refusals(tried: Sequence[Tried]) -> Iterator[str]:
    """Say what can't be exported: one line for each choice that is to blame.

    Where a family's default configuration fails, so do its neighbours; to blame is the parameter of
    which another value passes, and if there is none, the family.
    """
    families: dict[str, list[Tried]] = defaultdict(list)
    for each in tried:
        families[each.family].append(each)
    for default, *others in families.values():
        if default.outcome != "refused":
            for each in others:
                yield from _line(each, [default, *others])
            continue
        cures = {each.parameter: each.default for each in others if each.outcome == "passed"}
        if not cures:
            yield f"{default.path}: its default configuration can't be exported: {default.reason}"
        for name, value in cures.items():
            path = f"{default.path}.{name}"
            blamed = replace(default, path=path, parameter=name, value=value)
            for each in [blamed, *(other for other in others if other.parameter == name)]:
                yield from _line(each, others)


def _line(each: Tried, others: Sequence[Tried]) -> Iterator[str]:
    """Say why a choice is refused, if it is, and which of its siblings are not."""
    if each.outcome != "refused":
        return
    good = [o.value for o in others if o.parameter == each.parameter and o.outcome == "passed"]
    if any(other.parameter is None for other in others):  # the default itself passed
        good = [each.default, *good]
    instead = f"; what can: {', '.join(map(repr, good))}" if good else ""
    yield f"{each.name} can't be exported: {each.reason}{instead}"
