"""How a model card reads as Markdown."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from searcher.model_card.content import ROLES, Card

MAX_COLUMNS = 200


def to_markdown(card: Card) -> str:
    """Write a card (see ``content.describe_model``) as Markdown."""
    model = card["model"]
    sections = {
        f"Model card: {_text(model['name'])}": _head(card),
        "How to run it": _how_to_run(card),
        "How good it is": _evaluation(card["evaluation"]),
        "Data": _data(card["data"]),
        "Configuration": _table(["parameter", "value"], model["configuration"].items()),
        "Parity": _parity(card["parity"]),
        "Latency": _latency(card["latency"]),
        "Limits": (f"- {sentence}" for sentence in card["limits"]),
        "Licence": [card["licence"] or "Not stated."],
    }
    lines: list[str] = []
    for i, (title, body) in enumerate(sections.items()):
        lines += [f"{'#' if not i else '##'} {title}", "", *body, ""]
    return "\n".join(lines).rstrip() + "\n"


def _head(card: Card) -> Iterator[str]:
    model, data, evaluation = card["model"], card["data"], card["evaluation"]
    if model["error"]:
        yield f"**No model was released:** {_text(model['error'])}"
        yield ""
    yield from _table(
        ["", ""],
        [
            ("task", model["task"]),
            ("target", data["target"]),
            ("family", model["family"]),
            (evaluation["metric"], _score(evaluation["outer_mean"], evaluation["interval"])),
            ("search", model["search_id"]),
            ("made", model["made_at"]),
            ("file", model["file"]),
            ("format", model["format"]),
        ],
    )


def _how_to_run(card: Card) -> list[str]:
    file = card["model"]["file"] or "model.onnx"
    return [
        f"`searcher predict {file} rows.csv`, or with onnxruntime and numpy alone:",
        "",
        "```python",
        "import onnxruntime",
        "",
        f'session = onnxruntime.InferenceSession("{file}")',
        "inputs = {i.name: (i.type, i.shape) for i in session.get_inputs()}  # one for each column",
        "outputs = [o.name for o in session.get_outputs()]",
        "```",
        "",
        "Each input has the shape (rows, 1): text for a categorical column (empty where missing), "
        "else double (NaN where missing). Rows that are images or sequences come in one input, "
        "double: `image` (rows, channels, height, width) or `sequence` (rows, steps, channels).",
    ]


def _evaluation(evaluation: Card) -> Iterator[str]:
    yield f"{evaluation['metric']}: {evaluation['larger_is_better']}. Outer scores, by fold:"
    yield ""
    rows = (
        [score["outer_fold"], score["metric"], *(_number(score[role]) for role in ROLES)]
        for score in evaluation["outer_scores"]
    )
    yield from _table(["outer fold", "metric", *ROLES], rows)
    yield ""
    yield f"- Mean {_score(evaluation['outer_mean'], evaluation['interval'])}."
    yield (
        f"- Optimism {_number(evaluation['optimism'])}: inner scores of the chosen were that much "
        "higher than their outer scores."
    )
    yield (
        "- Better than the default by "
        f"{_score(evaluation['default_difference'], evaluation['default_interval'])}."
    )
    counts = ", ".join(f"{count} {state}" for state, count in evaluation["trials"].items())
    yield f"- Trials: {counts}."


def _data(data: Card) -> Iterator[str]:
    fingerprint = str(data["fingerprint"])[:12]
    yield f"{_text(data['path'])}, {data['rows']} rows, fingerprint `{fingerprint}`."
    yield ""
    columns = data["columns"]
    rows = ([c["name"], c["kind"], c["missing"], c["categories"] or ""] for c in columns)
    head = ["column", "kind", "missing", "categories"]
    yield from _table(head, list(rows)[:MAX_COLUMNS])
    if len(columns) > MAX_COLUMNS:
        yield f"and {len(columns) - MAX_COLUMNS} columns more"
    if data["classes"]:
        yield ""
        yield from _table(["class", "rows"], ([c["name"], c["rows"]] for c in data["classes"]))
    for notice in data["notices"]:
        yield ""
        yield f"> {_text(notice)}"


def _parity(parity: Card | None) -> list[str]:
    if parity is None:
        return ["The model was not exported."]
    if not parity["passed"]:
        return [f"Failed: {_text(parity['failure'])}"]
    return [
        f"Passed: {parity['rows']} rows compared with the fitted model, "
        f"{parity['labels_unequal']} labels unequal, largest difference "
        f"{_number(parity['worst_absolute'])}."
    ]


def _latency(latency: Any) -> Iterable[str]:
    if not latency or "batches" not in latency:
        return ["Not measured."]
    rows = zip(latency["batches"], latency["onnx_ms"], latency["native_ms"], strict=True)
    head = ["rows in a call", "the file, ms", "the fitted model, ms"]
    return [
        f"Median of calls on one thread; the file has {latency['size_bytes']:,} bytes.",
        "",
        *_table(head, ([n, f"{ours:.3g}", f"{theirs:.3g}"] for n, ours, theirs in rows)),
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(_text(cell) for cell in row)} |"


def _score(mean: float | None, interval: Sequence[float] | None) -> str:
    if mean is None:
        return "unknown"
    if interval is None:
        return _number(mean)
    low, high = interval
    return f"{_number(mean)} (95 % interval {_number(low)} to {_number(high)})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _text(value: Any) -> str:
    """Write a value so that it can't break a table."""
    if value is None:
        return ""
    return " ".join(str(value).replace("|", "\\|").split())
