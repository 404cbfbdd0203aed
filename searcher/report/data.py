"""What the search ran on: columns, values, the target, and what was noticed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from searcher.records import Note
from searcher.report.figures import Figure, Plot, axis, layout, plain
from searcher.report.numbers import count, cut, percent, value_text
from searcher.store import StoredSearch

MAX_COLUMNS = 200
MAX_CLASSES = 100
MAX_BARS = 30
MAX_NOTICES = 50
MAX_TEXT = 300


@dataclass(frozen=True, slots=True)
class ClassCount:
    """One class of the target."""

    name: str
    rows: Any
    share: str


@dataclass(frozen=True, slots=True)
class ColumnRow:
    """One column."""

    name: str
    kind: str
    missing: str
    missing_share: str
    distinct: str
    values: str  # range, or the most frequent categories


@dataclass(frozen=True, slots=True)
class FindingRow:
    """Something that the checks before the search had to say."""

    severity: str
    sentence: str
    advice: str


@dataclass(frozen=True, slots=True)
class Data:
    """The section."""

    facts: list[tuple[str, str]]
    kinds: list[tuple[str, int]]
    columns: list[ColumnRow]
    columns_left_out: int
    classes: list[ClassCount]
    classes_left_out: int
    findings: list[FindingRow]
    notices: list[str]  # without the findings, which are among them too
    figure: Figure | None


def data_section(search: StoredSearch, notes: Sequence[Note] = ()) -> Data:
    """Describe the rows; tolerant, as the description may be an older search's."""
    data = search.data
    columns = [column for column in listed(data.get("columns")) if isinstance(column, Mapping)]
    classes = _classes(data)
    findings = list(_findings(notes))
    told = {f"{row.sentence}. {row.advice}" for row in findings}
    notices = [str(notice) for notice in listed(data.get("notices"))]
    facts = {
        "file": search.spec.get("data", {}).get("path"),
        "rows": data.get("rows"),
        "columns": len(columns),
        "target": data.get("target") or search.spec.get("data", {}).get("target"),
        "task": search.task,
        "groups": data.get("groups"),
        "fingerprint of the rows": search.fingerprint,
    }
    return Data(
        facts=[
            (name, count(value) if isinstance(value, int) else any_text(value))
            for name, value in facts.items()
            if value is not None
        ],
        kinds=Counter(str(column.get("kind")) for column in columns).most_common(),
        columns=_columns(data, columns[:MAX_COLUMNS]),
        columns_left_out=max(0, len(columns) - MAX_COLUMNS),
        classes=classes[:MAX_CLASSES],
        classes_left_out=max(0, len(classes) - MAX_CLASSES),
        findings=findings[:MAX_NOTICES],
        notices=[notice for notice in notices if notice not in told][:MAX_NOTICES],
        figure=_target_figure(search, classes),
    )


def listed(value: Any) -> Sequence[Any]:
    """Take a list for what it is, and anything else for an empty one."""
    return value if isinstance(value, list | tuple) else ()


def any_text(value: Any) -> str:
    """Write any JSON value, cut where it is long."""
    if isinstance(value, list | tuple):
        return cut(", ".join(map(str, value)), MAX_TEXT)
    return value_text(value, MAX_TEXT) if not isinstance(value, int) else str(value)


def _findings(notes: Sequence[Note]) -> Iterator[FindingRow]:
    """Read what the checks found, warnings first."""
    found = [
        finding
        for note in notes
        if note.kind == "check"
        for finding in listed(note.payload.get("findings"))
        if isinstance(finding, Mapping)
    ]
    for finding in sorted(found, key=lambda each: each.get("severity") != "warning"):
        severity, sentence, advice = (
            str(finding.get(name) or "") for name in ("severity", "sentence", "advice")
        )
        yield FindingRow(severity, sentence, advice)


def _columns(data: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]) -> list[ColumnRow]:
    summaries = listed(data.get("summaries"))
    rows = data.get("rows")
    found = []
    for i, column in enumerate(columns):
        summary = summaries[i] if i < len(summaries) else {}
        summary = summary if isinstance(summary, Mapping) else {}
        missing = column.get("missing")
        known = isinstance(missing, int) and isinstance(rows, int)
        distinct = summary.get("distinct", column.get("categories") or None)
        found.append(
            ColumnRow(
                name=cut(str(column.get("name", "–")), 200),
                kind=cut(str(column.get("kind", "–")), 40),
                missing=count(missing),
                missing_share=percent(missing, rows) if known else "",  # type: ignore[arg-type]
                distinct=count(distinct),
                values=_values(summary, rows),
            )
        )
    return found


def _values(summary: Mapping[str, Any], rows: Any) -> str:
    """Say what a column holds: median and range, share of ones, or the frequent categories."""
    if "low" in summary:
        low, median, high = (value_text(summary.get(k)) for k in ("low", "median", "high"))
        return f"{low} to {high}, median {median}"
    if isinstance(summary.get("share"), float):
        return f"true in {percent(summary['share'], 1)}"
    named = [pair for pair in listed(summary.get("top")) if len(listed(pair)) == 2]  # noqa: PLR2004
    total = rows if isinstance(rows, int) else 0
    said = [
        f"{cut(str(name), 40)} ({percent(n, total)})" for name, n in named if isinstance(n, int)
    ]
    return ", ".join(said)


def _classes(data: Mapping[str, Any]) -> list[ClassCount]:
    given = data.get("classes") or ()
    if isinstance(given, Mapping):
        pairs = list(given.items())
    else:
        pairs = [(c.get("name"), c.get("rows")) for c in listed(given) if isinstance(c, Mapping)]
    total = sum(rows for _, rows in pairs if isinstance(rows, int))
    return [
        ClassCount(str(name), rows, percent(rows, total) if isinstance(rows, int) else "")
        for name, rows in pairs
    ]


def _target_figure(search: StoredSearch, classes: Sequence[ClassCount]) -> Figure | None:
    """Draw how the target is distributed; None where the description does not say."""
    target = plain(search.data.get("target") or "target")
    known = [row for row in classes if isinstance(row.rows, int)]
    if known:
        return _bars(known, target)
    summary = search.data.get("target_summary")
    histogram = summary.get("histogram") if isinstance(summary, Mapping) else None
    if not isinstance(histogram, Mapping):
        return None
    counts, edges = listed(histogram.get("counts")), listed(histogram.get("edges"))
    numbers = all(isinstance(n, int | float) for n in (*counts, *edges))
    if not counts or not numbers or len(edges) != len(counts) + 1:
        return None
    pairs = list(pairwise(edges))
    bars = {
        "type": "bar",
        "x": [(low + high) / 2 for low, high in pairs],
        "y": counts,
        "width": [high - low for low, high in pairs],
        "marker": {"color": "@s3"},
        "hovertemplate": "%{x}: %{y:,} rows<extra></extra>",
    }
    ours = layout(bargap=0, xaxis=axis(title={"text": target}), yaxis=axis(title={"text": "rows"}))
    return Figure("target", "Distribution of the target", (Plot("", [bars], ours),), height=300)


def _bars(classes: Sequence[ClassCount], target: str) -> Figure:
    shown = classes[:MAX_BARS][::-1]  # plotly draws from below
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [row.rows for row in shown],
        "y": list(range(len(shown))),
        "text": [row.share for row in shown],
        "marker": {"color": "@s3"},
        "hovertemplate": "%{x:,} rows, %{text}<extra></extra>",
    }
    names = [plain(row.name, 24) for row in shown]
    ours = layout(
        xaxis=axis(title={"text": "rows"}, rangemode="tozero"),
        yaxis=axis(title={"text": target}, tickvals=bars["y"], ticktext=names, showgrid=False),
    )
    note = f"The first {MAX_BARS} of {len(classes)} classes." if len(classes) > MAX_BARS else ""
    height = 110 + 24 * max(3, len(shown))
    return Figure("target", "Rows of each class", (Plot("", [bars], ours, note),), height=height)
