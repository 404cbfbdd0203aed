"""What a user may ask for: the model, its parts, and how it is read."""

from searcher.spec.load import load_spec, spec_from_yaml
from searcher.spec.models import BudgetSpec, DataSpec, HardwareSpec, ValidationSpec
from searcher.spec.search import Spec
from searcher.spec.settings import Settings
from searcher.spec.strategy import Strategy

__all__ = [
    "BudgetSpec",
    "DataSpec",
    "HardwareSpec",
    "Settings",
    "Spec",
    "Strategy",
    "ValidationSpec",
    "load_spec",
    "spec_from_yaml",
]
