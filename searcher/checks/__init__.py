"""Whether a search can work, and whether its numbers could be believed: said before it starts."""

from searcher.checks.finding import Finding
from searcher.checks.inspection import inspect_data
from searcher.checks.search import Checked, check_search

__all__ = ["Checked", "Finding", "check_search", "inspect_data"]
