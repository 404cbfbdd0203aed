"""The command that runs one stored trial again and says whether it comes out the same."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from searcher.cli.exits import FAILED
from searcher.cli.options import DEFAULT_STORE, OutputFile, OutputFormat, Quiet, StoreUrl
from searcher.cli.output import Answer, Rows, check_format, deliver, note
from searcher.cli.story import section
from searcher.cli.tables import Column, identity, layout, right
from searcher.cli.words import count, duration, number, one_line, value

if TYPE_CHECKING:
    from searcher.reproduction import Reproduction

TrialId = Annotated[
    str,
    typer.Argument(
        metavar="TRIAL",
        help="A trial, as ID.FOLD.NUMBER: churn-3f9a2c.final.12, latest.0.3.",
        show_default=False,
    ),
]
Tolerance = Annotated[
    float,
    typer.Option(
        min=0.0, metavar="SHARE", help="Up to which difference of a score counts as rounding."
    ),
]


def reproduce(
    trial: TrialId,
    *,
    tolerance: Tolerance = 1e-6,
    store: StoreUrl = DEFAULT_STORE,
    form: OutputFormat = None,
    output: OutputFile = None,
    quiet: Quiet = False,
) -> None:
    """Run one stored trial again, and say whether it comes out the same (exit code 1 if not).

    Same rows, folds, seeds, configuration and number of threads, in a process of its own; the
    store is not changed. A failed trial should fail again, on the same fold for the same reason.
    """
    from searcher.cli.finding import find_trial
    from searcher.store import Store

    check_format(form, output)
    with Store(store) as opened:
        trial_id = find_trial(opened, trial)
        opened.trial(trial_id)
    note(f"running {trial_id} again", quiet=quiet)

    from searcher.reproduction import reproduce as run_again

    found = run_again(trial_id, store=store, tolerance=tolerance)
    answer = Answer(
        document=lambda: _document(found),
        rows=lambda: Rows.of(_scores(found), ("inner_fold", "metric")),
        table=lambda terminal: _tell(found, terminal=terminal),
    )
    deliver(answer, form, output=output)
    if found.agreement == "different":
        raise typer.Exit(FAILED)


def _document(found: "Reproduction") -> dict[str, Any]:
    return {
        "trial_id": found.trial.trial_id,
        "agreement": found.agreement,
        "tolerance": found.tolerance,
        "scores": _scores(found),
        "stored_failure": found.stored_failure,
        "failure_again": found.failure_again,
        "same_failure": found.same_failure,
        "environment": [
            {"what": change.what, "then": change.a, "now": change.b} for change in found.environment
        ],
        "seconds": found.seconds,
    }


def _scores(found: "Reproduction") -> list[dict[str, Any]]:
    names = ("inner_fold", "metric", "stored", "again", "difference", "agreement")
    return [{name: getattr(score, name) for name in names} for score in found.scores]


def _tell(found: "Reproduction", *, terminal: bool) -> str:
    trial = found.trial
    title = typer.style(trial.trial_id, bold=True)
    changed = [
        f"{change.what}: {value(change.a)} then, {value(change.b)} now"
        for change in found.environment
    ]
    return (
        f"{title}  {trial.family}: {trial.state}, run again in {duration(found.seconds)}\n"
        + section("verdict", list(_verdict(found)), terminal)
        + _tabulate(found, terminal=terminal)
        + section("changed", [one_line(line) for line in changed], terminal)
    )


def _verdict(found: "Reproduction") -> Iterator[str]:
    """Say how many scores agree and how well, and whether it failed as it did."""
    sentences = {
        "bit-equal": "bit-equal: it came out the same, to the last bit",
        "within tolerance": f"within tolerance: no score differs by more than {found.tolerance:g}, "
        "relative to scores above 1",
        "different": "different: it came out otherwise",
    }
    if found.scores or not found.same_failure:
        yield sentences[found.agreement]
    counts = Counter(score.agreement for score in found.scores)
    if counts:
        said = ", ".join(f"{n} {agreement}" for agreement, n in counts.items())
        yield f"{count(len(found.scores), 'score')}: {said}"
    for score in found.different:
        yield f"inner fold {score.inner_fold}, {score.metric}: {_apart(score)}"
    if found.same_failure:
        yield f"it failed again, on the same fold: {one_line(found.failure_again)}"
    elif found.same_failure is False:
        yield f"then it {_ended(found.stored_failure)}, now it {_ended(found.failure_again)}"


def _apart(score: Any) -> str:
    if score.difference is None:
        return "only scored then" if score.again is None else "only scored now"
    return f"{score.stored!r} then, {score.again!r} now"


def _ended(failure: str | None) -> str:
    return "did not fail" if failure is None else f"failed with {one_line(failure)}"


def _tabulate(found: "Reproduction", *, terminal: bool) -> str:
    if not found.scores:
        return ""
    columns = [
        right("inner fold"),
        Column("metric"),
        right("stored"),
        right("again"),
        right("difference"),
        identity("agreement"),
    ]
    rows = [
        [
            str(score.inner_fold),
            score.metric,
            number(score.stored),
            number(score.again),
            "-" if score.difference is None else f"{score.difference:.2g}",
            score.agreement,
        ]
        for score in found.scores
    ]
    return f"\n{layout(columns, rows, terminal=terminal, indent='  ')}\n"
