"""Command that looks ahead: what a search would do, and what should be known before it starts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from searcher.cli import facts
from searcher.cli.exits import FAILED
from searcher.cli.options import OutputFile, OutputFormat, Quiet, SkipExports, SpecFile
from searcher.cli.output import Answer, Rows, check_format, deliver, note
from searcher.cli.story import section
from searcher.cli.tables import Column, identity, layout, right
from searcher.cli.words import count, duration, one_line

if TYPE_CHECKING:
    from searcher.candidates import Candidate
    from searcher.plan import Plan
    from searcher.preflight import Preflight
    from searcher.records import Fold

POINTS = 3
"""Values of a number in the grid whose size says how large a space is."""

COLUMNS = ("check", "outcome", "subject", "text", "rows", "seconds")


@dataclass(frozen=True, slots=True, eq=False)
class Ahead:
    """What a search would do, and what was found of it."""

    plan: "Plan"
    found: "Preflight"


def check(
    spec: SpecFile,
    *,
    skip_exports: SkipExports = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if there is a warning.")
    ] = False,
    form: OutputFormat = None,
    output: OutputFile = None,
    quiet: Quiet = False,
) -> None:
    """Check a spec and its data, without searching.

    Says what would be searched, what in the data may spoil the estimate, and which choices of the
    spaces can't be exported: each is fitted on a few rows, exported and compared.
    """
    from searcher.preflight import refuse

    check_format(form, output)
    trying = "" if skip_exports else ", and trying exports"
    note(f"checking {spec} and its data{trying}", quiet=quiet)
    ahead = _look(spec, exports=not skip_exports)
    answer = Answer(
        document=lambda: _document(ahead),
        rows=lambda: Rows.of(_flat(ahead.found), COLUMNS),
        table=lambda terminal: _tell(ahead, terminal=terminal),
    )
    deliver(answer, form, output=output)
    refuse(ahead.found)
    if strict and any(finding.severity == "warning" for finding in ahead.found.findings):
        raise typer.Exit(FAILED)


def _look(path: Path, *, exports: bool) -> Ahead:
    from searcher.data import load_dataset
    from searcher.plan import make_plan
    from searcher.preflight import look_ahead
    from searcher.spec import load_spec

    spec = load_spec(path)
    dataset = load_dataset(spec.data, base=path.parent)
    plan = make_plan(spec.name, spec, dataset, base=path.parent)
    return Ahead(plan, look_ahead(plan, exports=exports))


def _document(ahead: Ahead) -> dict[str, Any]:
    plan = ahead.plan
    return {
        "name": plan.spec.name,
        "metrics": plan.metrics,
        "task": plan.dataset.task,
        "data": plan.dataset.describe(),
        "folds": [_sizes(fold) for fold in plan.folds],
        "families": [_family(candidate) for candidate in plan.candidates],
        "notices": plan.notices,
        "findings": ahead.found.findings,
        "exports": ahead.found.exports,
    }


def _sizes(fold: "Fold") -> dict[str, Any]:
    return {
        "outer_fold": fold.outer_fold,
        "inner_fold": fold.inner_fold,
        "train": len(fold.train),
        "test": len(fold.test),
    }


def _family(candidate: "Candidate") -> dict[str, Any]:
    return {
        "family": candidate.name,
        "parameters": len(candidate.space.parameters),
        "grid": candidate.space.size(POINTS),
        "default": candidate.default,
    }


def _flat(found: "Preflight") -> Iterator[dict[str, Any]]:
    """Yield one row a finding and a tried choice."""
    for finding in found.findings:
        yield {
            "check": finding.kind,
            "outcome": finding.severity,
            "subject": " ".join(finding.columns) or None,
            "text": finding.text,
        }
    for tried in found.exports:
        yield {
            "check": "export",
            "outcome": tried.outcome,
            "subject": tried.name,
            "text": tried.reason,
            "rows": tried.rows,
            "seconds": tried.seconds,
        }


def _tell(ahead: Ahead, *, terminal: bool) -> str:
    plan, found = ahead.plan, ahead.found
    spec = plan.spec.model_dump(mode="json")
    parts = {
        "data": facts.data_lines(plan.dataset.describe()),
        "plan": [facts.plan_line(spec, plan.metrics[0], plan.dataset.task)],
        "folds": list(_folds(plan)),
        "notice": [one_line(line) for line in plan.notices],
    }
    for severity in ("warning", "note"):
        lines = [f.text for f in found.findings if f.severity == severity]
        parts |= {severity: [one_line(line) for line in lines]}
    told = "".join(section(name, lines, terminal) for name, lines in parts.items())
    return f"{told}\n{_spaces(plan, terminal)}{_exports(found, terminal)}\n{_summary(found)}\n"


def _folds(plan: "Plan") -> Iterator[str]:
    for name, of in (("outer", None), ("inner", 0)):
        folds = [f for f in plan.folds if (f.inner_fold is None) is (of is None) and len(f.test)]
        train, test = [len(f.train) for f in folds], [len(f.test) for f in folds]
        yield f"{len(folds)} {name}: {_range(train)} rows to train on, {_range(test)} to test"


def _range(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _spaces(plan: "Plan", terminal: bool) -> str:
    columns = [identity("family"), right("parameters"), right(f"grid of {POINTS} a number")]
    rows = []
    for candidate in plan.candidates:
        known = _family(candidate)
        rows.append([known["family"], str(known["parameters"]), f"{known['grid']:,}"])
    return layout(columns, rows, terminal=terminal)


def _exports(found: "Preflight", terminal: bool) -> str:
    if not found.exports:
        return ""
    columns = [identity("choice"), Column("export"), right("rows compared"), right("seconds")]
    rows = [
        [
            tried.name,
            tried.outcome if tried.reason is None else f"{tried.outcome}: {tried.reason}",
            f"{tried.rows:,}",
            f"{tried.seconds:.2f}",
        ]
        for tried in found.exports
    ]
    return "\n" + layout(columns, rows, terminal=terminal)


def _summary(found: "Preflight") -> str:
    said = [finding.severity for finding in found.findings]
    parts = [count(said.count("warning"), "warning"), count(said.count("note"), "note")]
    if found.exports:
        passed = sum(tried.outcome == "passed" for tried in found.exports)
        took = duration(sum(tried.seconds for tried in found.exports))
        parts.append(f"{passed} of {count(len(found.exports), 'choice')} exported, in {took}")
    return "; ".join(parts)
