"""What things are called on the page."""

from collections.abc import Sequence

from searcher.records import FINAL

MAX_LISTED = 8


def fold_label(outer_fold: str) -> str:
    """Name an inner search by its outer fold."""
    return "final (all rows)" if outer_fold == FINAL else f"outer fold {outer_fold}"


def of_fold(outer_fold: str) -> str:
    """Name an inner search in a sentence."""
    return (
        "the final inner search"
        if outer_fold == FINAL
        else f"the inner search of outer fold {outer_fold}"
    )


def fold_list(outer_folds: Sequence[str]) -> str:
    """Name several inner searches, the first few of them if there are many."""
    names = [fold_label(fold) for fold in outer_folds]
    more = len(names) - MAX_LISTED
    shown = ", ".join(names[:MAX_LISTED])
    return f"{shown} and {more} more" if more > 0 else shown


def explain_metric(metric: str) -> str:
    """Say how a score reads, where that is not plain."""
    if metric.startswith("neg_"):
        error = metric.removeprefix("neg_").replace("_", " ")
        return f"the {error} with its sign turned, so that larger is better: 0 is the best there is"
    return "larger is better"
