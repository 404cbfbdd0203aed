"""What one trial was, scored and met with, for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from searcher.cli import evolution
from searcher.cli.options import store_option
from searcher.cli.story import section
from searcher.cli.tables import Column, layout, right
from searcher.cli.words import count, duration, local_time, number, one_line, signed, value
from searcher.records import NOUNS

if TYPE_CHECKING:
    from searcher.cli.evolution import Evolution
    from searcher.store import StoredTrial
    from searcher.store.histories import Attempt, Judgement, TrialHistory


def document(trial: "StoredTrial", history: "TrialHistory") -> dict[str, Any]:
    """Everything about one trial."""
    from dataclasses import fields

    own = {field.name: getattr(trial, field.name) for field in fields(trial)}
    return own | {
        "folds": history.folds,
        "decisions": [
            {
                "resource": judgement.decision.resource,
                "score": judgement.decision.score,
                "decision": judgement.decision.decision,
                "reason": judgement.decision.reason,
                "rank": judgement.decision.rank,
                "rivals": judgement.decision.rivals,
                "cutoff": judgement.decision.cutoff,
                "nearest_rivals": judgement.rivals,
                "at": judgement.decision.at,
            }
            for judgement in history.judgements
        ],
        "attempts": history.attempts,
    }


def tell(
    trial: "StoredTrial",
    history: "TrialHistory",
    evolved: "Evolution | None",
    *,
    metric: str,
    store: str,
    terminal: bool,
) -> str:
    """Tell a trial from its configuration to its end."""
    took = f", {duration(trial.seconds)}" if trial.seconds is not None else ""
    title = typer.style(trial.trial_id, bold=True)
    head = f"{title}  {trial.family} ({trial.origin}): {trial.state}"
    sections = {
        **_configurations(trial, evolved),
        "score": [_score(trial, metric)],
        "reason": [one_line(trial.reason)] if trial.reason else [],
        "lost": list(_lost(history.attempts)),
        "cost": [_cost(trial)] if trial.cpu_s is not None else [],
    }
    return (
        f"{head}, started {local_time(trial.started_at)}{took}\n"
        + "".join(section(name, lines, terminal) for name, lines in sections.items())
        + _folds(history, metric, terminal=terminal)
        + "".join(_judgement(trial, each, terminal=terminal) for each in history.judgements)
        + _traceback(trial)
        + section("next", [f"searcher reproduce {trial.trial_id}{store_option(store)}"], False)
    )


def _configurations(trial: "StoredTrial", evolved: "Evolution | None") -> Mapping[str, list[str]]:
    """Tell the configuration; of a member that was replaced, the first and how it went on."""
    told = [f"{name} = {value(of)}" for name, of in trial.configuration.items()]
    if evolved is None:
        return {"tried": told}
    return {
        "began": told,
        "then": evolution.own_lines(trial, evolved),
        "trained": evolution.way_lines(trial, evolved),
    }


def _score(trial: "StoredTrial", metric: str) -> str:
    one, many = NOUNS[trial.unit]
    after = count(trial.resource, one, plural=many)
    if trial.unit != "inner_folds":
        return f"{metric} {number(trial.score)}, mean over the inner folds after {after}"
    return f"{metric} {number(trial.score)}, mean over {after}" if trial.resource else "none"


def _cost(trial: "StoredTrial") -> str:
    return f"{duration(trial.fit_s)} of fits, {duration(trial.cpu_s)} of CPU"


def _lost(attempts: "Sequence[Attempt]") -> Iterator[str]:
    for each in attempts:
        yield (
            f"{local_time(each.ended_at)}: {one_line(each.reason)}; it began again, "
            f"{duration(each.lost_s)} were lost"
        )


def _folds(history: "TrialHistory", metric: str, *, terminal: bool) -> str:
    """Tabulate the inner folds with the mean so far, which is what is compared at a rung."""
    if not history.folds:
        return ""
    others = sorted({name for fold in history.folds for name in fold.scores} - {metric})
    columns = [right(name) for name in ("inner fold", metric, "mean so far", *others, "fit")]
    rows, seen = [], []
    for fold in history.folds:
        seen.append(fold.scores.get(metric, float("nan")))
        rows.append(
            [
                str(fold.inner_fold),
                number(seen[-1]),
                number(sum(seen) / len(seen)),
                *(number(fold.scores.get(name)) for name in others),
                duration(fold.fit_s),
            ]
        )
    return f"\n{layout(columns, rows, terminal=terminal, indent='  ')}\n"


def _judgement(trial: "StoredTrial", judgement: "Judgement", *, terminal: bool) -> str:
    """Tell a decision of the scheduler, and the trials it was compared with."""
    decision = judgement.decision
    one, many = NOUNS[trial.unit]
    said = [f"after {count(decision.resource, one, plural=many)}: {decision.decision}"]
    said.append(one_line(decision.reason))
    if decision.cutoff is not None:
        margin = signed(decision.score - decision.cutoff)
        said.append(
            f"{number(decision.score)} where {number(decision.cutoff)} was needed ({margin})"
        )
    if decision.rank is not None and decision.rivals is not None:
        said.append(f"rank {decision.rank} of {decision.rivals} that had come here")
    lines = section("rung", [", ".join(said)], terminal)
    if not judgement.rivals:
        return lines
    columns = [right("score"), Column("trial"), Column("decision")]
    rows = [
        [
            number(rival.score),
            ".".join(rival.trial_id.rsplit(".", 2)[1:]),
            rival.decision + (" <- this one" if rival.trial_id == decision.trial_id else ""),
        ]
        for rival in judgement.rivals
    ]
    return f"{lines}{layout(columns, rows, terminal=terminal, indent=' ' * 10)}\n"


def _traceback(trial: "StoredTrial") -> str:
    if not trial.traceback:
        return ""
    lines = [f"  {one_line(line)}" for line in trial.traceback.rstrip().splitlines()]
    return "\n" + "\n".join(lines) + "\n\n"
