"""How fitted preprocessing becomes nodes that compute the same float64 numbers.

Each step takes a matrix (rows, width) and gives a matrix, with the operations of ``transform`` in
their order (scikit-learn 1.9, ``preprocessing/_data.py``, ``impute/_base.py``; ours in
``search_spaces/transformers``), so that both sides round alike.
"""

from searcher.export.preprocessing.features import add_features
from searcher.export.preprocessing.steps import STEPS

__all__ = ["STEPS", "add_features"]
