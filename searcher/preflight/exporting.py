"""What comes of one choice, or of several in one configuration: fitted small, put to the gate."""

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from search_spaces.space import Configuration
from searcher.errors import ExportError
from searcher.evaluation import quietly
from searcher.export.artifact import export_model
from searcher.export.gate.probes import make_probes
from searcher.model import FittedModel, fit_model
from searcher.preflight.alarm import TooSlowError, at_most
from searcher.preflight.choices import Choice
from searcher.preflight.sample import Sample
from searcher.preflight.steps import Steps


@dataclass(frozen=True, slots=True, eq=False)
class Exporting:
    """Tries one choice after the other, as long as there is time."""

    sample: Sample
    until: float  # of ``time.perf_counter``
    each_s: float  # for one choice
    steps: Steps

    def alone(self, choice: Choice) -> dict[str, Any]:
        """Try a choice."""
        self.steps.begin(choice.name)
        return self._try(choice)

    def together(
        self, shared: Configuration, choices: Sequence[Choice]
    ) -> Iterator[tuple[Choice, dict[str, Any]]]:
        """Try choices in the configuration that they share; unless it passes, each alone."""
        self.steps.begin(choices[0].name, together=len(choices))
        outcome = self._try(replace(choices[0], configuration=shared))
        if outcome["outcome"] == "passed" or len(choices) == 1:
            share = outcome["seconds"] / len(choices)
            yield from ((choice, outcome | {"seconds": share}) for choice in choices)
            return
        self.steps.back(len(choices))
        for choice in choices:
            yield choice, self.alone(choice)

    def _try(self, choice: Choice) -> dict[str, Any]:
        started = time.perf_counter()
        if started >= self.until:
            return {"outcome": "not tried", "reason": "no time was left", "seconds": 0.0}
        try:
            with at_most(min(self.until - started, self.each_s)):
                outcome = _fit_and_export(choice, self.sample)
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
