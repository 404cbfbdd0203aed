"""What was loaded and what is planned, in a few lines: before a search and after it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from searcher.cli.words import count, duration, one_line

SHOWN_CLASSES = 6


def data_lines(data: Mapping[str, Any]) -> list[str]:
    """Say what rows there are, from what ``Dataset.describe`` says."""
    columns = data.get("columns", [])
    kinds = Counter(str(column["kind"]) for column in columns)
    shown = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
    holes = sum(bool(column.get("missing")) for column in columns)
    missing = f"; {count(holes, 'column')} with missing values" if holes else ""
    name = f"{one_line(data['name'])}: " if data.get("name") else ""
    lines = [
        f"{name}{count(data.get('rows', 0), 'row')}, "
        f"{count(len(columns), 'column')} ({shown}){missing}"
    ]
    if data.get("target"):
        classes = _classes(data.get("classes"))
        name = one_line(data["target"])
        target = name if name == "target" else f"target {name}"
        lines.append(f"{target}: {classes or data.get('task', 'values')}")
    if data.get("groups"):
        lines.append(count(data["groups"], "group"))
    return lines


def notices(data: Mapping[str, Any]) -> list[str]:
    """Return what people should know about the data."""
    return [one_line(notice) for notice in data.get("notices", [])]


def plan_line(spec: Mapping[str, Any], metric: str, task: str) -> str:
    """Say how large the search is: folds, families, strategy, budget."""
    validation, budget = spec.get("validation", {}), spec.get("budget", {})
    repeats = validation.get("repeats", 1)
    outer = f"{validation.get('outer', '?')} outer"
    folds = f"{outer} (repeated {repeats} times)" if repeats > 1 else outer
    families = spec.get("families")
    tried = ", ".join(families) if families else f"every family that learns {task} targets"
    limits = [f"{budget.get('trials', '?')} trials"]
    if budget.get("time_s"):
        limits.append(f"at most {duration(budget['time_s'])} of trial time")
    return (
        f"{metric}; {folds} x {validation.get('inner', '?')} inner folds; {tried}; "
        f"{strategy(spec)}; {', '.join(limits)} for each inner search"
    )


def strategy(spec: Mapping[str, Any]) -> str:
    """Name the strategy, and what proposes inside it."""
    settings = spec.get("strategy", {})
    inside = settings.get("searcher")
    return f"{settings.get('kind', '?')} over {inside}" if inside else str(settings.get("kind"))


def _classes(classes: Any) -> str:
    if not isinstance(classes, list) or not classes:
        return ""
    names = [f"{one_line(each['name'])} {each['rows']:,}" for each in classes[:SHOWN_CLASSES]]
    more = len(classes) - SHOWN_CLASSES
    return ", ".join(names) + (f" and {more} more classes" if more > 0 else "")
