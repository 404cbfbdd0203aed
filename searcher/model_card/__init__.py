"""What somebody who is handed a released model should know of it, in Markdown and as JSON.

The parts follow Mitchell et al. 2019, "Model Cards for Model Reporting" (FAT*, arXiv:1810.03993).
"""

from searcher.model_card.content import Card, describe_model
from searcher.model_card.markdown import to_markdown

__all__ = ["Card", "describe_model", "to_markdown"]
