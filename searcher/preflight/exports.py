"""Which choices of a search's spaces can be exported: each is fitted small and put to the gate."""

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from search_spaces.space import Configuration
from searcher.candidates import Candidate
from searcher.data import Dataset
from searcher.errors import ExportError
from searcher.evaluation import quietly
from searcher.export.artifact import export_model
from searcher.export.gate.probes import make_probes
from searcher.model import FittedModel, fit_model
from searcher.preflight.alarm import TooSlowError, at_most
from searcher.preflight.choices import Choice, structural_choices, together
from searcher.preflight.networks import networks_among
from searcher.preflight.sample import Sample, draw

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
    """
    sample = draw(dataset, seed=seed)
    networks = networks_among(candidates, dataset.profile, seed=seed)
    until = time.perf_counter() + limit_s
    walks = [
        (candidate, list(structural_choices(candidate, is_network=candidate.reference in networks)))
        for candidate in candidates
    ]
    found = []
    for candidate, (default, *_) in walks:
        outcome = _try(default, sample, until=until, each_s=each_s)
        found.append(_tried(candidate, default, outcome))
    sound = {each.family for each in found if each.outcome == "passed"}
    for candidate, (_, *others) in walks:
        # Beside a default that fails, a file that passes would not say which choice cures it.
        are_shared = candidate.reference in networks & sound
        alone = ((choice.configuration, (choice,)) for choice in others)
        for shared, choices in together(candidate, others) if are_shared else alone:
            for choice, outcome in try_together(shared, choices, sample, until, each_s):
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


def try_together(
    shared: Configuration, choices: Sequence[Choice], sample: Sample, until: float, each_s: float
) -> Iterator[tuple[Choice, dict[str, Any]]]:
    """Try choices in the configuration that they share; unless it passes, each of them alone."""
    together = replace(choices[0], configuration=shared)
    outcome = _try(together, sample, until=until, each_s=each_s)
    if outcome["outcome"] == "passed" or len(choices) == 1:
        share = outcome["seconds"] / len(choices)
        yield from ((choice, outcome | {"seconds": share}) for choice in choices)
        return
    for choice in choices:
        yield choice, _try(choice, sample, until=until, each_s=each_s)


def _try(choice: Choice, sample: Sample, *, until: float, each_s: float) -> dict[str, Any]:
    started = time.perf_counter()
    if started >= until:
        return {"outcome": "not tried", "reason": "no time was left", "seconds": 0.0}
    try:
        with at_most(min(until - started, each_s)):
            outcome = _fit_and_export(choice, sample)
    except TooSlowError as error:
        outcome = {"outcome": "not tried", "reason": str(error)}
    return outcome | {"seconds": time.perf_counter() - started}


def _fit_and_export(choice: Choice, sample: Sample) -> dict[str, Any]:
    try:
        model = quietly(_fit, choice, sample)
    except Exception as error:  # noqa: BLE001 - as in a trial: an estimator may raise anything
        return {"outcome": "not fitted", "reason": f"{type(error).__name__}: {error}"}
    outcome: dict[str, Any] = quietly(_export, model, sample)
    return outcome


def _fit(choice: Choice, sample: Sample) -> FittedModel:
    data = sample.dataset
    return fit_model(
        choice.family,
        choice.configuration,
        data.X[sample.rows],
        data.y[sample.rows],
        profile=data.profile,
        target=data.target,
        classes=data.classes,
        seed=sample.seed,
        cpus=1,
    )


def _export(model: FittedModel, sample: Sample) -> Mapping[str, Any]:
    X = sample.dataset.X
    probes = make_probes(
        sample.dataset.columns, X[sample.rows], seed=sample.seed, held_out=X[sample.held_out]
    )
    with tempfile.TemporaryDirectory(prefix="searcher-preflight-") as folder:
        try:
            path = Path(folder) / "model.onnx"
            _, verdict = export_model(model, path, probes=probes, metadata={}, seed=sample.seed)
        except ExportError as error:
            said = getattr(error, "verdict", None)  # None: it could not even be converted
            why = str(error) if said is None else str(said.failure)
            return {"outcome": "refused", "reason": why, "rows": 0 if said is None else said.rows}
        except Exception as error:  # noqa: BLE001 - better now than after a search
            return {"outcome": "refused", "reason": f"{type(error).__name__}: {error}"}
    return {"outcome": "passed", "rows": verdict.rows}
