"""Nested hyperparameter search: choose with inner folds, judge with outer folds, ship ONNX.

The heavy parts are imported when they are first used, so that ``import searcher`` is quick.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from searcher.api import SearchResult, export_search, search
    from searcher.comparison import compare, compare_trials
    from searcher.errors import SearcherError
    from searcher.estimator import NestedSearchCV
    from searcher.forking import fork
    from searcher.reproduction import reproduce
    from searcher.resuming import extend, resume, stop
    from searcher.spec import Spec, load_spec
    from searcher.store import Store

__all__ = [
    "NestedSearchCV",
    "SearchResult",
    "SearcherError",
    "Spec",
    "Store",
    "compare",
    "compare_trials",
    "export_search",
    "extend",
    "fork",
    "load_spec",
    "reproduce",
    "resume",
    "search",
    "stop",
]

_HOMES = {
    "NestedSearchCV": "searcher.estimator",
    "SearchResult": "searcher.api",
    "SearcherError": "searcher.errors",
    "Spec": "searcher.spec",
    "Store": "searcher.store",
    "compare": "searcher.comparison",
    "compare_trials": "searcher.comparison",
    "export_search": "searcher.api",
    "extend": "searcher.resuming",
    "fork": "searcher.forking",
    "load_spec": "searcher.spec",
    "reproduce": "searcher.reproduction",
    "resume": "searcher.resuming",
    "search": "searcher.api",
    "stop": "searcher.resuming",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'searcher' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
