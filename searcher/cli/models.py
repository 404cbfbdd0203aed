"""Commands about what a search leaves: export, predict, report."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from searcher.cli.exits import NOT_RELEASED, RequestError
from searcher.cli.options import (
    DEFAULT_STORE,
    AnswerFormat,
    OutputFile,
    OutputFormat,
    Quiet,
    SearchId,
    StoreUrl,
)
from searcher.cli.output import Answer, Rows, check_format, deliver, note
from searcher.cli.tables import Column, layout, right
from searcher.cli.words import count, number, size

if TYPE_CHECKING:
    from searcher.export.latency import Latency
    from searcher.export.predict import Predictions
    from searcher.export.quantisation import QuantisedVerdict
    from searcher.quantising import Quantised
    from searcher.release import Released

ARTIFACTS = Path("searcher-output")
"""Where searches leave their files unless told otherwise (as searcher.api, which imports Ray)."""


Trial = Annotated[
    str | None,
    typer.Option(
        metavar="TRIAL",
        help="A trial's id, or its end (0.12, final.3); if not given, the search's winner.",
        show_default=False,
    ),
]
ModelFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="The ONNX file.",
        show_default=f"{ARTIFACTS}/ID/model.onnx, or TRIAL.onnx",
    ),
]

EightBits = Annotated[
    bool,
    typer.Option(
        "--eight-bits",
        help="Of the winner, write a second file with 8-bit weights too, if the outer folds bear "
        "it: smaller, and not the same numbers.",
    ),
]


def export(
    search_id: SearchId,
    *,
    trial: Trial = None,
    output: ModelFile = None,
    eight_bits: EightBits = False,
    store: StoreUrl = DEFAULT_STORE,
    form: AnswerFormat = "table",
    quiet: Quiet = False,
) -> None:
    """Write a stored trial as ONNX, if it passes the parity gate.

    Its configuration is fitted again, on the rows that the search saw: the winner on all rows, any
    other trial on the training rows of its outer fold. The file is compared with the fitted model
    on held-out, random, missing and unseen rows; without parity there is no file (exit code 3).
    """
    from searcher.cli.finding import find
    from searcher.store import Store

    check_format(form, None)
    if output is not None and output.is_dir():
        raise RequestError(f"--output {output} is a folder; name the ONNX file")
    with Store(store) as opened:
        found = opened.search(find(opened, search_id)).search_id
    whole = trial if trial is None or trial.startswith(f"{found}.") else f"{found}.{trial}"
    note(f"fitting {whole or f'the winner of {found}'} again", quiet=quiet)

    if eight_bits:
        if trial is not None:
            raise RequestError("--eight-bits is for a search's winner; leave --trial out")
        _export_both(found, output, store, form)
        return

    from searcher.api import export_search

    released = export_search(found, store=store, trial_id=whole, output=output)
    deliver(_answer(found, released), form)
    if released.path is None:
        raise typer.Exit(NOT_RELEASED)


def _export_both(search_id: str, output: Path | None, store: str, form: AnswerFormat) -> None:
    from searcher.quantising import quantise_search

    made = quantise_search(search_id, store=store, output=output)
    deliver(_quantised(search_id, made), form)
    if made.path is None:
        raise typer.Exit(NOT_RELEASED)


def _quantised(search_id: str, made: "Quantised") -> Answer:
    """Tell both files; what the smaller one's gate says is not parity."""
    from searcher.cli.story import parity_line

    released, verdict = made.released, made.verdict
    lines = [f"model   {released.path or 'none was released'}"]
    lines += [f"parity  {parity_line(released.verdict)}"] if released.verdict else []
    lines += [f"8 bits  {made.path or 'none was released'}"]
    lines += [f"error   {made.error}"] if made.error else []
    lines += list(_comparison(verdict)) if verdict else []
    document = {
        "search_id": search_id,
        "model_path": None if released.path is None else str(released.path),
        "int8_path": None if made.path is None else str(made.path),
        "error": made.error,
    }
    return Answer(
        document=lambda: {**document, "parity": released.verdict, "int8": verdict},
        rows=lambda: Rows.of([document]),
        table=lambda _: "".join(f"{line}\n" for line in lines),
    )


def _comparison(verdict: "QuantisedVerdict") -> Iterator[str]:
    share = verdict.size_bytes / verdict.released_size_bytes
    yield f"size    {size(verdict.size_bytes)}, {share:.0%} of {size(verdict.released_size_bytes)}"
    if verdict.agreement is not None:
        yield f"labels  {verdict.agreement:.2%} equal over {verdict.rows:,} rows"
    yield f"answers differ by at most {number(verdict.off)}"
    yield (
        f"outer scores fall by {number(verdict.fall)} on average, where {number(verdict.noise)} is "
        "their noise"
    )
    if verdict.latency is not None and verdict.released_latency is not None:
        mine, theirs = verdict.latency, verdict.released_latency
        yield f"time    {_times(mine)}; of the other file {_times(theirs)}"


def _times(latency: "Latency") -> str:
    timed = zip(latency.onnx_ms, latency.batches, strict=True)
    return ", ".join(f"{number(ms)} ms for {count(rows, 'row')}" for ms, rows in timed)


def _answer(search_id: str, released: "Released") -> Answer:
    from searcher.cli.story import parity_line

    verdict = released.verdict
    common = {
        "search_id": search_id,
        "model_path": None if released.path is None else str(released.path),
        "error": released.error,
    }
    lines = [f"model   {released.path or 'none was released'}"]
    lines += [f"parity  {parity_line(verdict)}"] if verdict else [f"error   {released.error}"]
    passed = None if verdict is None else verdict.passed
    return Answer(
        document=lambda: {**common, "parity": verdict},
        rows=lambda: Rows.of([{**common, "parity_passed": passed}]),
        table=lambda _: "".join(f"{line}\n" for line in lines),
    )


def predict(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL.onnx", help="A model that searcher exported.")
    ],
    rows: Annotated[
        Path,
        typer.Argument(
            metavar="ROWS.csv",
            help="csv or csv.gz with a header; columns that the model does not know are ignored.",
        ),
    ],
    *,
    form: OutputFormat = None,
    output: OutputFile = None,
) -> None:
    """Predict new rows with an exported model.

    Classification gives `label` and `probability_<class>` for each class, regression gives
    `prediction`, in the order of the rows. Only onnxruntime and NumPy run.
    """
    from searcher.export.predict import predict_rows

    check_format(form, output)
    said = predict_rows(model, rows)
    columns = tuple(_columns(said))
    cells = [list(row) for row in zip(*_columns(said).values(), strict=True)]
    answer = Answer(
        document=lambda: [dict(zip(columns, row, strict=True)) for row in cells],
        rows=lambda: Rows(columns, cells),
        table=lambda terminal: _tabulate(columns, cells, terminal=terminal),
    )
    deliver(answer, form, output=output)


def _columns(said: "Predictions") -> dict[str, list[Any]]:
    if said.values is not None:
        return {"prediction": said.values.tolist()}
    return dict(_label_and_probabilities(said))


def _label_and_probabilities(said: "Predictions") -> Iterator[tuple[str, list[Any]]]:
    if said.labels is not None:
        yield "label", said.labels.tolist()
    if said.probabilities is not None:
        for name, column in zip(said.classes, said.probabilities.T.tolist(), strict=True):
            yield f"probability_{name}", column


def _tabulate(columns: tuple[str, ...], cells: list[list[Any]], *, terminal: bool) -> str:
    headings = [Column(name) if name == "label" else right(name) for name in columns]
    text = [[number(c) if isinstance(c, float) else str(c) for c in row] for row in cells]
    return layout(headings, text, terminal=terminal)


def report(
    search_id: SearchId,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="The HTML file.",
            show_default=f"{ARTIFACTS}/ID/report.html",
        ),
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    quiet: Quiet = False,
) -> None:
    """Write the report of a search: one offline HTML file.

    A search that is still running, or was interrupted, has a report of what there is so far.
    """
    from searcher.cli.finding import find
    from searcher.store import Store

    if output is not None and output.is_dir():
        raise RequestError(f"--output {output} is a folder; name the HTML file")
    with Store(store) as opened:
        search = opened.search(find(opened, search_id))
        note(f"drawing the report of {search.search_id}", quiet=quiet)

        from searcher.report import write_report

        path = output or ARTIFACTS / search.search_id / "report.html"
        typer.echo(write_report(opened, search.search_id, path))
