"""The nested search as scikit-learn knows searches: an estimator with fit, predict and score."""

from searcher.estimator.configured import ConfiguredModel
from searcher.estimator.nested_search import NestedSearchCV

__all__ = ["ConfiguredModel", "NestedSearchCV"]
