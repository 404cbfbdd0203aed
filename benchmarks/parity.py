"""Export every family with many preprocessing choices on real data, beside the stock converters.

``python -m benchmarks.parity [--configurations N] [--rows N] [NAME ...]`` prints the tables of
docs/export.md: each family's default and N random configurations on each dataset, through the
real gate; then the same fitted model through skl2onnx and onnxmltools.
"""

import argparse
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.real_data import SHARED, all_facts, require_data
from benchmarks.stock import Stock, ask_stock, register_boosters
from search_spaces.parameters import Integer
from search_spaces.preprocessing import CHOICES
from searcher.candidates import learns
from searcher.data import Dataset, load_dataset
from searcher.errors import ExportError, ParityError, SearcherError
from searcher.export.artifact import export_model
from searcher.export.gate.probes import make_probes
from searcher.model import FittedModel, fit_model
from searcher.plugins import family_names, load_family
from searcher.records import ParityVerdict
from searcher.spec import DataSpec

NAMES = (
    "adult",
    "telco_churn",
    "german_credit",
    "segment",
    "soybean",
    "hypothyroid",
    "diamonds",
    "california_housing",
    "sms_spam",
)
DROP_CLASSES = {"hypothyroid": ["secondary_hypothyroid"]}
FEW = 50
"""Most trees, rounds and the like: the arithmetic does not depend on how many there are."""


@dataclass(frozen=True)
class Case:
    """One model, exported twice."""

    data: str
    task: str
    family: str
    configuration: dict[str, Any]
    verdict: ParityVerdict | None
    error: str | None
    seconds: float  # of conversion and gate
    stock: Stock


def cases(name: str, families: list[str], *, n: int, rows: int) -> Iterator[Case]:
    """Every family on one dataset."""
    rng = np.random.default_rng(7)
    dataset = _some_rows(load(name), 2 * rows, rng)
    order = np.arange(dataset.n_samples)
    train, held_out = order[: dataset.n_samples // 2], order[dataset.n_samples // 2 :]
    for family_name in families:
        family = load_family(family_name)
        is_table = not hasattr(family, "shape")
        if family_name == "dummy" or not is_table or not learns(family, dataset.profile):
            continue
        space = family.space(dataset.profile)
        small = {
            key: {"high": min(FEW, p.high), "low": min(p.low, FEW)}
            for key, p in space.parameters.items()
            if isinstance(p, Integer) and p.high > FEW and key.startswith(("n_est", "max_iter"))
        }
        space = space.override(small)
        drawn = [space.sample(rng) for _ in range(n)]
        for configuration in [space.nearest(family.default(dataset.profile)), *drawn]:
            yield _case(name, dataset, family, configuration, train, held_out)


def load(name: str) -> Dataset:
    """All rows of a shared dataset."""
    facts = all_facts()[name]
    spec = DataSpec(
        path=facts["file"], target=facts["target"], drop_classes=DROP_CLASSES.get(name, ())
    )
    return load_dataset(spec, base=SHARED)


def _some_rows(dataset: Dataset, n: int, rng: np.random.Generator) -> Dataset:
    chosen = rng.permutation(dataset.n_samples)[:n]
    return replace(dataset, X=dataset.X[chosen], y=dataset.y[chosen])


def _case(  # noqa: PLR0917 - all that a model is made of
    name: str, dataset: Dataset, family: Any, configuration: Any, train: Any, held_out: Any
) -> Case:
    X, y = dataset.X[train], dataset.y[train]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = fit_model(
            family,
            configuration,
            X,
            y,
            profile=dataset.profile,
            target=dataset.target,
            classes=dataset.classes,
            seed=1,
            cpus=1,
        )
        probes = make_probes(dataset.columns, X, seed=1, held_out=dataset.X[held_out])
        verdict, error = None, None
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "m.onnx"
            try:
                _, verdict = export_model(model, path, probes=probes, metadata={})
            except ParityError as failure:
                verdict, error = failure.verdict, str(failure)
            except ExportError as failure:
                error = str(failure)
        seconds = time.perf_counter() - began
        stock = ask_stock(model, _ordinary(model, probes))
    return Case(
        name, dataset.task, family.name, dict(configuration), verdict, error, seconds, stock
    )


def _ordinary(model: FittedModel, probes: dict[str, Any]) -> Any:
    """Rows that nobody would call unusual: those of the data, and random ones in its ranges."""
    X = np.concatenate([probes[key] for key in ("data", "held_out", "random") if key in probes])
    return X[np.isfinite(np.asarray(model.features(X), dtype=np.float64)).all(axis=1)]


def table(found: list[Case], key: Any, head: str) -> str:
    """Group cases and sum them up."""
    groups: dict[Any, list[Case]] = defaultdict(list)
    for case in found:
        for value in key(case):
            groups[value].append(case)
    lines = [
        f"| {head} | models | released | rows compared | labels unequal | worst difference "
        "| seconds (median) | stock: refused | stock: rows wrong | stock: labels unequal |",
        "| --- " * (10 + head.count("|")) + "|",
    ]
    for value in sorted(groups):
        group = groups[value]
        verdicts = [case.verdict for case in group if case.verdict is not None]
        released = [case for case in group if case.error is None]
        told = [case.stock for case in group if case.stock.refusal is None]
        lines.append(
            f"| {' | '.join(value) if isinstance(value, tuple) else value} | {len(group)} "
            f"| {len(released)} | {sum(v.rows for v in verdicts):,} "
            f"| {sum(v.labels_unequal for v in verdicts)} "
            f"| {max((v.worst_absolute for v in verdicts), default=0):.1e} "
            f"| {np.median([case.seconds for case in group]):.1f} "
            f"| {len(group) - len(told)} of {len(group)} "
            f"| {sum(s.beyond for s in told):,} of {sum(s.rows for s in told):,} "
            f"| {sum(s.labels_unequal for s in told):,} |"
        )
    return "\n".join(lines)


def _choices(case: Case) -> list[str]:
    return [
        f"`{key}: {value}`"
        for key, value in case.configuration.items()
        if key in CHOICES and not isinstance(value, float)
    ]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--configurations", type=int, default=3, help="random ones a family")
    parser.add_argument("--rows", type=int, default=500, help="training rows")
    parser.add_argument("--families", nargs="*", default=None, help="only these")
    asked = parser.parse_args()
    require_data()
    register_boosters()
    found: list[Case] = []
    families = asked.families or family_names()
    for name in asked.names:
        try:
            for case in cases(name, families, n=asked.configurations, rows=asked.rows):
                found.append(case)
                if case.error:
                    print(f"NOT RELEASED {case}", file=sys.stderr, flush=True)
        except SearcherError as error:
            print(f"FAILED {name}: {error}", file=sys.stderr, flush=True)
        print(f"{name}: {len(found)} models so far", file=sys.stderr, flush=True)
    print(table(found, lambda case: [(case.family, case.task)], "family | task"))
    print()
    print(table(found, _choices, "choice"))
    print()
    print(table(found, lambda case: [case.data], "data"))


if __name__ == "__main__":
    main()
