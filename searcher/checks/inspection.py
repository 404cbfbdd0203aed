"""What a person should know of the data before a budget is spent on them: all checks in a row."""

from collections.abc import Callable, Iterator

from searcher.checks.case import Case
from searcher.checks.classes import check_classes
from searcher.checks.drift import check_drift
from searcher.checks.duplicates import check_duplicates
from searcher.checks.finding import Finding
from searcher.checks.giveaways import check_giveaways
from searcher.checks.holes import check_holes
from searcher.checks.identifiers import check_identifiers
from searcher.checks.order import check_order
from searcher.data import Dataset
from searcher.records import Fold
from searcher.spec import Spec

CHECKS: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    check_duplicates,
    check_identifiers,
    check_giveaways,
    check_order,
    check_classes,
    check_drift,
    check_holes,
)


def inspect_data(
    spec: Spec, dataset: Dataset, *, metrics: tuple[str, ...], folds: tuple[Fold, ...]
) -> tuple[Finding, ...]:
    """Look for leaks and traps; nothing is changed, and nothing is refused.

    Parameters
    ----------
    metrics, folds
        From ``check_search``.

    Returns
    -------
    tuple of Finding
        Warnings first.
    """
    case = Case.of(spec, dataset, metrics=metrics, folds=folds)
    found = [finding for check in CHECKS for finding in check(case)]
    return tuple(sorted(found, key=lambda finding: finding.severity != "warning"))
