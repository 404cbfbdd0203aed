"""Whether one column, or the mere absence of its values, (almost) gives the answer away."""

from collections.abc import Iterator

import numpy as np

from searcher.checks.case import Case, is_missing, yaml_list
from searcher.checks.finding import Finding, Severity
from searcher.checks.single import score_column, to_bins

DECIDES = {"roc_auc": 0.99, "balanced_accuracy": 0.95, "r2": 0.99}
LEADS = {"roc_auc": 0.9, "balanced_accuracy": 0.8, "r2": 0.8}
LEAD = {"roc_auc": 0.2, "balanced_accuracy": 0.4, "r2": 0.4}
"""So far above the second best column, from so high a score: worth a look, but no proof."""

MISSING_DECIDES = {"roc_auc": 0.9, "balanced_accuracy": 0.9, "r2": 0.5}
LEAST_CELLS = 10  # missing or present; fewer tell nothing


def check_giveaways(case: Case) -> Iterator[Finding]:
    """Score every column alone, where there is an answer to give away."""
    if case.dataset.task == "clustering":
        return
    scores = [_score(case, j) for j in range(len(case.dataset.columns))]  # of a text: as a whole
    metric = metric_of(case)
    order = np.argsort(scores)[::-1]
    deciding = [int(j) for j in order if scores[j] >= DECIDES[metric]]
    for j in deciding:
        yield _finding(case, j, scores[j], "warning")
    if not deciding and len(order) > 1:
        first, second = int(order[0]), int(order[1])
        if scores[first] >= LEADS[metric] and scores[first] - scores[second] >= LEAD[metric]:
            yield _finding(case, first, scores[first], "note", second=second, next_=scores[second])
    for j in range(len(scores)):
        if j not in deciding:
            yield from _missingness(case, j)


def metric_of(case: Case) -> str:
    """Name of what ``score_column`` returns for such targets."""
    if case.dataset.task == "regression":
        return "r2"
    return "roc_auc" if case.dataset.task == "binary" else "balanced_accuracy"


def _score(case: Case, j: int) -> float:
    column, rows = case.dataset.columns[j], case.sample
    bins = to_bins(column, case.dataset.X[rows, j])
    n_classes = len(case.dataset.classes)
    return score_column(bins, case.y[rows], n_classes=n_classes, seed=case.spec.seed)


def _missingness(case: Case, j: int) -> Iterator[Finding]:
    column, rows = case.dataset.columns[j], case.sample
    missing = is_missing(column, case.dataset.X[rows, j])
    if min(missing.sum(), (~missing).sum()) < LEAST_CELLS:
        return
    score = score_column(
        missing.astype(np.int64),
        case.y[rows],
        n_classes=len(case.dataset.classes),
        seed=case.spec.seed,
    )
    metric = metric_of(case)
    if score < MISSING_DECIDES[metric]:
        return
    yield Finding(
        kind="missingness",
        severity="warning",
        columns=(column.name,),
        numbers={metric: score, "missing_share": float(missing.mean())},
        sentence=(
            f"whether column {column.name!r} is missing tells the target: {metric} {score:.3f} "
            f"from that alone; {missing.mean():.1%} of its cells are missing{case.sampled}"
        ),
        advice=(
            "Is it filled in after the answer is known? Then data.drop: "
            f"{yaml_list((column.name,))}"
        ),
    )


def _finding(
    case: Case,
    j: int,
    score: float,
    severity: Severity,
    *,
    second: int | None = None,
    next_: float = 0.0,
) -> Finding:
    name, metric = case.dataset.columns[j].name, metric_of(case)
    decides = "almost decides" if severity == "warning" else "says most of"
    sentence = f"column {name!r} alone {decides} the target: cross-validated {metric} {score:.3f}"
    numbers: dict[str, float | int | str] = {metric: score}
    if second is not None:
        runner_up = case.dataset.columns[second].name
        sentence += f", the next best column {runner_up!r} {next_:.3f}"
        numbers |= {"next": next_}
    return Finding(
        kind="giveaway",
        severity=severity,
        columns=(name,),
        numbers=numbers,
        sentence=f"{sentence}{case.sampled}",
        advice=(
            "Is it known when a prediction is needed? If it is written down with or after the "
            f"answer, data.drop: {yaml_list((name,))}"
        ),
    )
