"""Whether one search, or one trial, is better than another, as far as the same folds can tell."""

from searcher.comparison.pairing import FoldCompared, MetricCompared
from searcher.comparison.searches import Comparison, compare, compare_in
from searcher.comparison.trials import TrialComparison, compare_trials, compare_trials_in

__all__ = [
    "Comparison",
    "FoldCompared",
    "MetricCompared",
    "TrialComparison",
    "compare",
    "compare_in",
    "compare_trials",
    "compare_trials_in",
]
