"""Command that looks ahead: what a search would do, and what should be known before it starts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from searcher.cli import check_tables, facts
from searcher.cli.exits import FAILED
from searcher.cli.options import (
    OutputFile,
    OutputFormat,
    Quiet,
    SkipExports,
    SkipTraining,
    SpecFile,
)
from searcher.cli.output import Answer, Rows, check_format, deliver, note
from searcher.cli.progress import progress
from searcher.cli.story import section
from searcher.cli.words import one_line

if TYPE_CHECKING:
    from searcher.plan import Plan
    from searcher.preflight import OnStep, Preflight
    from searcher.records import Fold

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
    skip_training: SkipTraining = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if there is a warning.")
    ] = False,
    form: OutputFormat = None,
    output: OutputFile = None,
    quiet: Quiet = False,
) -> None:
    """Check a spec and its data, without searching.

    Says what would be searched, what in the data may spoil the estimate, which choices of networks
    can't be trained and which learning rates they can use, and which choices of the spaces can't be
    exported: each is fitted on a few rows, exported and compared.
    """
    from searcher.preflight import refuse

    check_format(form, output)
    trying = "" if skip_exports else ", and trying exports"
    note(f"checking {spec} and its data{trying}", quiet=quiet)
    with progress(quiet=quiet) as observe:
        ahead = _look(
            spec,
            exports=not skip_exports,
            training=not skip_training,
            on_step=None if observe is None else observe.step,
        )
    answer = Answer(
        document=lambda: _document(ahead),
        rows=lambda: Rows.of(check_tables.flat(ahead.found), COLUMNS),
        table=lambda terminal: _tell(ahead, terminal=terminal),
    )
    deliver(answer, form, output=output)
    refuse(ahead.found)
    if strict and any(finding.severity == "warning" for finding in ahead.found.findings):
        raise typer.Exit(FAILED)


def _look(path: Path, *, exports: bool, training: bool, on_step: "OnStep | None") -> Ahead:
    from searcher.data import load_dataset
    from searcher.plan import make_plan
    from searcher.preflight import look_ahead, with_changes
    from searcher.spec import load_spec

    spec = load_spec(path)
    dataset = load_dataset(spec.data, base=path.parent)
    plan = make_plan(spec.name, spec, dataset, base=path.parent)
    found = look_ahead(plan, exports=exports, training=training, on_step=on_step)
    return Ahead(with_changes(plan, found.changes), found)


def _document(ahead: Ahead) -> dict[str, Any]:
    plan = ahead.plan
    return {
        "name": plan.spec.name,
        "metrics": plan.metrics,
        "task": plan.dataset.task,
        "data": plan.dataset.describe(),
        "folds": [_sizes(fold) for fold in plan.folds],
        "families": [check_tables.family_facts(candidate) for candidate in plan.candidates],
        "notices": plan.notices,
        "findings": ahead.found.findings,
        "trainings": ahead.found.trainings,
        "exports": ahead.found.exports,
        "changes": ahead.found.changes,
    }


def _sizes(fold: "Fold") -> dict[str, Any]:
    return {
        "outer_fold": fold.outer_fold,
        "inner_fold": fold.inner_fold,
        "train": len(fold.train),
        "test": len(fold.test),
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
    tried = f"{check_tables.trainings(found, terminal)}{check_tables.exports(found, terminal)}"
    spaces = check_tables.spaces(plan, terminal)
    return f"{told}\n{spaces}{tried}\n{check_tables.summary(found)}\n"


def _folds(plan: "Plan") -> Iterator[str]:
    for name, of in (("outer", None), ("inner", 0)):
        folds = [f for f in plan.folds if (f.inner_fold is None) is (of is None) and len(f.test)]
        train, test = [len(f.train) for f in folds], [len(f.test) for f in folds]
        yield f"{len(folds)} {name}: {_range(train)} rows to train on, {_range(test)} to test"


def _range(numbers: Sequence[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
