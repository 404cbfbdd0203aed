"""What a finished nested search amounts to: its numbers, and how sure of them one may be."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from searcher.errors import SearchInterruptedError, StoreError
from searcher.nested import Outcome
from searcher.plan import Plan
from searcher.records import FINAL, OuterScore, Record, Role, SearchEnded
from searcher.statistics import corrected_interval, optimism


def conclude(plan: Plan, outcome: Outcome, *, error: str | None = None) -> SearchEnded:
    """Outer mean with its corrected interval, optimism, and the difference from the default.

    Parameters
    ----------
    error
        Why there is no model, if there is none: the estimate stands without it.
    """
    winners = _by_fold(outcome.outer, "winner", plan.metrics[0])
    inner = {c.outer_fold: c.inner_score for c in outcome.chosen if c.outer_fold != FINAL}
    test_fraction = _test_fraction(plan)
    scores = list(winners.values())
    differences = _differences(outcome.outer, plan.metrics[0])
    return SearchEnded(
        search_id=plan.search_id,
        state="completed",
        outer_mean=float(np.mean(scores)),
        interval=corrected_interval(scores, test_fraction=test_fraction),
        optimism=optimism([inner[fold] for fold in winners], scores),
        default_difference=float(np.mean(differences)) if differences else None,
        default_interval=corrected_interval(differences, test_fraction=test_fraction),
        error=error,
    )


@contextmanager
def last_word(search_id: str, emit: Callable[[Record], None]) -> Iterator[None]:
    """See to it that a search that does not get to its end says why in the store."""
    try:
        yield
    except (KeyboardInterrupt, SearchInterruptedError):
        emit(SearchEnded(search_id, "interrupted", error="interrupted by the user"))
        raise
    except StoreError:
        raise  # the store is where the last word would go
    except Exception as error:
        emit(SearchEnded(search_id, "failed", error=f"{type(error).__name__}: {error}"))
        raise


def _by_fold(outer: Sequence[OuterScore], role: Role, metric: str) -> dict[str, float]:
    return {score.outer_fold: score.scores[metric] for score in outer if score.role == role}


def _differences(outer: Sequence[OuterScore], metric: str) -> list[float]:
    """Winner minus default, in the outer folds where a default completed."""
    winners, defaults = (_by_fold(outer, role, metric) for role in ("winner", "default"))
    return [winners[fold] - defaults[fold] for fold in winners if fold in defaults]


def _test_fraction(plan: Plan) -> float:
    """n_test / n_train of an outer split, on average."""
    splits = [fold for name, fold in plan.outer.items() if name != FINAL]
    return float(np.mean([len(fold.test) / len(fold.train) for fold in splits]))
