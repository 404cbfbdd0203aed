"""What is tried next: the part of a spec that a strategy plug-in reads."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from search_spaces.space import Space
from searcher import plugins
from searcher.errors import SpecError
from searcher.spec.settings import Settings, problem, problems


class Strategy(Settings, ABC):
    """What is tried next: the settings of a plug-in of the group ``searcher.strategy``.

    A subclass narrows ``kind`` to its entry point's name, adds its settings as fields, and builds
    the searcher and scheduler of one inner search.
    """

    can_grow: ClassVar[bool] = True
    """Whether a search can be extended by further trials."""

    kind: str = Field(description="name of the strategy")

    @abstractmethod
    def build(self, problem: Any) -> Any:
        """Searcher and scheduler (``searcher.strategies.base.TuneParts``) for one inner search."""

    def misfit(self, units: Mapping[str, str]) -> str | None:
        """Say why families, by what their trials count in, can't be searched so, if they can't."""
        return None

    def remark(self, space: Space, *, trials: int) -> str | None:
        """Say what people should know before a search of this joint space starts, if anything."""
        return None


def read_strategy(value: Any) -> Any:
    """Let the plug-in that ``kind`` names read its own settings."""
    if isinstance(value, Strategy):
        return value
    if not isinstance(value, dict):
        raise problem("must be a mapping such as {kind: tpe}")
    kind = value.get("kind")
    if not isinstance(kind, str):
        known = ", ".join(plugins.strategy_names())
        raise problems("strategy", [(("kind",), f"must name a strategy: {known}", kind)])
    try:
        settings = plugins.load_strategy(kind)
    except SpecError as error:
        raise problems("strategy", [(("kind",), str(error), kind)]) from error
    if not issubclass(settings, Strategy):
        message = f"{settings.__name__} is no subclass of searcher.spec.Strategy"
        raise problems("strategy", [(("kind",), message, kind)])
    return settings.model_validate(value)


def default_strategy() -> Any:
    """TPE, with its own defaults."""
    return read_strategy({"kind": "tpe"})
