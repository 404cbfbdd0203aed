"""Tables of what a search would do, and of what was tried of it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from searcher.cli.tables import Column, identity, layout, right
from searcher.cli.words import count, duration

if TYPE_CHECKING:
    from searcher.candidates import Candidate
    from searcher.plan import Plan
    from searcher.preflight import Preflight

POINTS = 3
"""Values of a number in the grid whose size says how large a space is."""


def family_facts(candidate: "Candidate") -> dict[str, Any]:
    """Say what a family's space is like."""
    return {
        "family": candidate.name,
        "parameters": len(candidate.space.parameters),
        "grid": candidate.space.size(POINTS),
        "default": candidate.default,
    }


def flat(found: "Preflight") -> Iterator[dict[str, Any]]:
    """Yield one row a finding and a tried choice."""
    for finding in found.findings:
        yield {
            "check": finding.kind,
            "outcome": finding.severity,
            "subject": " ".join(finding.columns) or None,
            "text": finding.text,
        }
    for check, tried in (("training", found.trainings), ("export", found.exports)):
        for each in tried:
            yield {
                "check": check,
                "outcome": each.outcome,
                "subject": each.name,
                "text": each.reason,
                "rows": getattr(each, "rows", None),
                "seconds": each.seconds,
            }


def spaces(plan: "Plan", terminal: bool) -> str:
    """List families, and how large their spaces are."""
    columns = [identity("family"), right("parameters"), right(f"grid of {POINTS} a number")]
    rows = []
    for candidate in plan.candidates:
        known = family_facts(candidate)
        rows.append([known["family"], str(known["parameters"]), f"{known['grid']:,}"])
    return layout(columns, rows, terminal=terminal)


def trainings(found: "Preflight", terminal: bool) -> str:
    """Tell what came of training on few rows; nothing where nothing was tried."""
    if not found.trainings:
        return ""
    columns = [
        identity("choice"),
        Column("training"),
        right("first loss"),
        right("knowing nothing"),
        right("steps to learn by heart"),
        right("seconds"),
    ]
    rows = [
        [
            tried.name,
            _outcome(tried.outcome, tried.reason),
            "-" if tried.loss is None else f"{tried.loss:.3f}",
            "-" if tried.expected is None else f"{tried.expected:.3f}",
            "-" if tried.steps is None else f"{tried.steps:,}",
            f"{tried.seconds:.2f}",
        ]
        for tried in found.trainings
    ]
    return "\n" + layout(columns, rows, terminal=terminal)


def exports(found: "Preflight", terminal: bool) -> str:
    """Tell what came of exporting; nothing where nothing was tried."""
    if not found.exports:
        return ""
    columns = [identity("choice"), Column("export"), right("rows compared"), right("seconds")]
    rows = [
        [
            tried.name,
            _outcome(tried.outcome, tried.reason),
            f"{tried.rows:,}",
            f"{tried.seconds:.2f}",
        ]
        for tried in found.exports
    ]
    return "\n" + layout(columns, rows, terminal=terminal)


def summary(found: "Preflight") -> str:
    """Count what was found."""
    said = [finding.severity for finding in found.findings]
    parts = [count(said.count("warning"), "warning"), count(said.count("note"), "note")]
    for tried, done in ((found.trainings, "trained"), (found.exports, "exported")):
        if tried:
            passed = sum(each.outcome == "passed" for each in tried)
            took = duration(sum(each.seconds for each in tried))
            parts.append(f"{passed} of {count(len(tried), 'choice')} {done}, in {took}")
    return "; ".join(parts)


def _outcome(outcome: str, reason: str | None) -> str:
    return outcome if reason is None else f"{outcome}: {reason}"
