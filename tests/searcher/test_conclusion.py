"""The numbers of a finished search, from outer scores made up by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from searcher.conclusion import conclude
from searcher.nested import Outcome
from searcher.records import FINAL, Fold, InnerSearchEnded, OuterScore


def outer_score(fold: str, role: str, value: float) -> OuterScore:
    return OuterScore("s", fold, role, f"s.{fold}.1", {"roc_auc": value, "accuracy": 0.0}, 0.1)


def conclude_from(winners: list[float], inner: list[float], defaults: dict[str, float]):
    rows = np.arange(90)
    parts = np.array_split(rows, len(winners))
    folds = {
        str(i): Fold(str(i), None, np.setdiff1d(rows, part), part) for i, part in enumerate(parts)
    }
    plan = SimpleNamespace(
        search_id="s",
        metrics=("roc_auc",),
        outer=folds | {FINAL: Fold(FINAL, None, rows, rows[:0])},
    )
    outer = [outer_score(str(i), "winner", score) for i, score in enumerate(winners)]
    outer += [outer_score(fold, "default", score) for fold, score in defaults.items()]
    chosen = [InnerSearchEnded("s", str(i), f"s.{i}.1", score) for i, score in enumerate(inner)]
    chosen.append(InnerSearchEnded("s", FINAL, "s.final.1", 0.99))
    return conclude(plan, Outcome(tuple(chosen), tuple(outer), None))


def test_mean_optimism_and_difference_are_over_the_outer_folds_without_the_final_search() -> None:
    ended = conclude_from([0.8, 0.9, 0.7], [0.9, 0.9, 0.9], {"0": 0.7, "1": 0.8, "2": 0.9})

    assert ended.outer_mean == pytest.approx(0.8)
    assert ended.optimism == pytest.approx(0.1)
    assert ended.default_difference == pytest.approx(0.0)
    low, high = ended.interval
    assert (low + high) / 2 == pytest.approx(0.8)


def test_the_interval_uses_the_size_of_the_test_parts() -> None:
    ended = conclude_from([0.8, 0.9, 0.7], [0.9, 0.9, 0.9], {})

    # s = 0.1, J = 3, n_test/n_train = 1/2, t(0.975, 2) = 4.302653
    half = 4.302653 * 0.1 * np.sqrt(1 / 3 + 1 / 2)
    assert ended.interval == pytest.approx((0.8 - half, 0.8 + half), abs=1e-6)


def test_without_a_completed_default_there_is_nothing_to_compare_with() -> None:
    ended = conclude_from([0.8, 0.9], [0.9, 0.9], {})

    assert ended.default_difference is None
    assert ended.default_interval is None


def test_folds_without_a_default_are_left_out_of_the_comparison() -> None:
    ended = conclude_from([0.8, 0.9], [0.9, 0.9], {"1": 0.7})

    assert ended.default_difference == pytest.approx(0.2)
