"""Neural networks: their modules, how they start, and what can be tried of their training.

Importing this package needs no torch: a space can be read without it. Modules need it.
"""

from search_spaces.networks.settings import Network, TrainingSettings

__all__ = ["Network", "TrainingSettings"]
