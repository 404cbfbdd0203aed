"""Where every search, trial, score and decision is kept, and how to ask about them.

The driver of a search writes with ``Writer``, everyone else reads with ``Store``; docs/store.md
has the tables and views.
"""

from searcher.store.answers import (
    CurvePoint,
    InnerWinner,
    LearningCurves,
    OuterScoreOf,
    QueryResult,
    SearchSummary,
    StoredSearch,
    StoredTrial,
    TrialPage,
)
from searcher.store.engine import DEFAULT_URL
from searcher.store.reader import Store
from searcher.store.revisions import upgrade
from searcher.store.soundness import check
from searcher.store.writer import Writer

__all__ = [
    "DEFAULT_URL",
    "CurvePoint",
    "InnerWinner",
    "LearningCurves",
    "OuterScoreOf",
    "QueryResult",
    "SearchSummary",
    "Store",
    "StoredSearch",
    "StoredTrial",
    "TrialPage",
    "Writer",
    "check",
    "upgrade",
]
