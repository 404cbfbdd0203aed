"""What is said of a running search: milestones, and where it stands."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from searcher.cli import facts
from searcher.cli.progress.state import Best, Inner, ProgressState
from searcher.cli.story import parity_line
from searcher.cli.words import count, duration, number, one_line
from searcher.records import (
    FINAL,
    Artifact,
    InnerSearchEnded,
    Note,
    OuterScore,
    ParityChecked,
    Record,
    SearchStarted,
    TrialAgain,
    TrialEnded,
)

if TYPE_CHECKING:
    from searcher.preflight import Step

FAILURES_TOLD = 5
"""Different reasons of failed trials that are told one by one; the store has them all."""


def milestones(state: ProgressState, record: Record) -> Iterator[str]:
    """Yield a line for each thing worth telling; ``state`` has taken the record in already."""
    match record:
        case SearchStarted():
            yield f"search {record.search_id}"
            yield from (f"data: {line}" for line in facts.data_lines(record.data))
            yield from (f"notice: {line}" for line in facts.notices(record.data))
            yield f"plan: {facts.plan_line(record.spec, record.metric, record.task)}"
        case TrialEnded(state="failed"):
            reason = record.reason or "no reason was given"
            if state.reasons[reason] == 1 and len(state.reasons) <= FAILURES_TOLD:
                yield f"a trial failed ({record.trial_id}): {one_line(reason)}"
        case InnerSearchEnded():
            yield _chosen(state, record)
        case OuterScore(role="winner") if state.search is not None:
            metric = state.search.metric
            yield f"outer fold {record.outer_fold}: outer {metric} {number(record.scores[metric])}"
        case ParityChecked():
            yield f"parity {parity_line(record.verdict)}"
        case Artifact():
            yield f"{record.kind.replace('_', ' ')}: {record.path}"
        case TrialAgain():
            yield f"trial {record.trial_id} goes on in attempt {record.attempt}: {record.reason}"
        case Note():
            yield from _noted(record)
        case _:
            pass


def _noted(note: Note) -> Iterator[str]:
    """Say what a note says, if it is for now and not only for later."""
    match note:
        case Note(
            kind="latency", payload={"batches": batches, "onnx_ms": ours, "native_ms": theirs}
        ):
            calls = zip(batches, ours, theirs, strict=True)
            told = (f"{n:,} rows {a:.2g} ms (model {b:.2g})" for n, a, b in calls)
            yield f"latency: {', '.join(told)}; one thread"
        case Note(kind="store", payload={"away": why}):
            yield f"the store can't be written, so nothing new is proposed: {why}"
        case Note(kind="store", payload={"back": True}):
            yield "the store is back; what was found meanwhile is in it"
        case Note(kind="forked", payload={"of": of, "reused": n, "left": left}):
            yield f"{count(n, 'trial')} of search {of} re-used"
            for why, how_many in left.items():
                yield f"  not re-used: {how_many:,} ({why})"
        case Note(kind="checkpoint", payload={"error": why}):
            yield f"checkpoint: {one_line(str(why))}"
        case Note(kind="export"):
            yield f"export: {one_line(note.payload.get('error', ''))}"
        case _:
            pass


def _chosen(state: ProgressState, record: InnerSearchEnded) -> str:
    best = state.inner[record.outer_fold].best
    family = f" {best.family}" if best and best.trial_id == record.trial_id else ""
    return (
        f"{place(record.outer_fold)}: chose{family} {record.trial_id.split('.')[-1]}, "
        f"inner score {number(record.inner_score)}"
    )


def trying(step: "Step") -> str:
    """Say what is tried before a search."""
    return f"trying {step.doing}, {step.number:,} of {step.of:,}: {one_line(step.what)}"


def place(outer_fold: str) -> str:
    """Name an outer fold for people."""
    return "all rows" if outer_fold == FINAL else f"outer fold {outer_fold}"


def status(state: ProgressState, now: datetime) -> str:
    """Say in a line where the search stands."""
    if state.phase == "refitting":
        done, of = len(state.outer_scores), sum(fold != FINAL for fold in state.inner)
        scored = f"{done} of {of} scored on their outer rows"
        return f"refitting the winners: {scored}; {_so_far(state, now)}"
    if state.phase == "exporting":
        return f"exporting and comparing; {_so_far(state, now)}"
    totals = state.totals
    left_s = state.left_s(now)
    left = "" if left_s is None else f", about {duration(left_s)} left"
    return f"trials {tally(totals)}; {incumbent(totals.best)}; {_so_far(state, now)}{left}"


def _so_far(state: ProgressState, now: datetime) -> str:
    return f"{duration(state.elapsed_s(now))} so far"


def tally(inner: Inner) -> str:
    """Write how many trials are in which state."""
    states = [
        f"{n:,} {name}"
        for name, n in (
            ("running", inner.running),
            ("completed", inner.completed),
            ("stopped", inner.stopped),
            ("failed", inner.failed),
        )
        if n
    ]
    return f"{inner.over:,}/{inner.trials:,}" + (f" ({', '.join(states)})" if states else "")


def incumbent(best: Best | None) -> str:
    """Write the best so far, with what to think of it."""
    if best is None:
        return "none complete on all rows yet"
    return f"best on all rows {number(best.score)} {best.family} (inner score: optimistic)"
