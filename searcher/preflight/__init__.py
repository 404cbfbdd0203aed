"""What is found out before a budget is spent: about data, training, and what can be exported."""

from searcher.preflight.changes import Changes, changed_families, with_changes
from searcher.preflight.choices import Choice, structural_choices, training_choices
from searcher.preflight.exports import Tried, refusals, try_exports
from searcher.preflight.run import Preflight, look_ahead, refuse, try_networks, with_notices
from searcher.preflight.steps import OnStep, Step
from searcher.preflight.trained import Trained

__all__ = [
    "Changes",
    "Choice",
    "OnStep",
    "Preflight",
    "Step",
    "Trained",
    "Tried",
    "changed_families",
    "look_ahead",
    "refusals",
    "refuse",
    "structural_choices",
    "training_choices",
    "try_exports",
    "try_networks",
    "with_changes",
    "with_notices",
]
