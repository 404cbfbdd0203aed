"""What is found out before a budget is spent: about the data, and what can be exported."""

from searcher.preflight.choices import Choice, structural_choices
from searcher.preflight.exports import Tried, refusals, try_exports
from searcher.preflight.run import Preflight, look_ahead, refuse, with_notices

__all__ = [
    "Choice",
    "Preflight",
    "Tried",
    "look_ahead",
    "refusals",
    "refuse",
    "structural_choices",
    "try_exports",
    "with_notices",
]
