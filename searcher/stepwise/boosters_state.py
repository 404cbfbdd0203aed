"""How a booster's training is put into bytes: a line of JSON, then the trees in two parts."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from searcher.errors import StoreError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class BoosterState:
    """All that further training depends on, besides rows and configuration.

    Neither library gives its random state away, so it is not in here: going on with the same
    configuration is to train the rounds since ``start`` once more.
    """

    rows: dict[str, Any]  # what the rows were like, and what is boosted
    settings: str  # the estimator's parameters, as JSON
    resource: int  # units that are trained
    rounds: int  # rounds that are trained, those of the base included
    start: int  # rounds of the base
    base: bytes  # trees that the library's fit began with; none where it began without
    trees: bytes  # all trees there are; none where they are those of the base

    def encoded(self) -> bytes:
        """Write it."""
        head = asdict(replace(self, base=b"", trees=b"")) | {"format": FORMAT}
        head["base"], head["trees"] = len(self.base), len(self.trees)
        return json.dumps(head).encode() + b"\n" + self.base + self.trees

    @classmethod
    def decoded(cls, text: bytes) -> "BoosterState":
        """Read what ``encoded`` wrote.

        Raises
        ------
        StoreError
            If it is torn, or something else.
        """
        line, _, parts = text.partition(b"\n")
        try:
            head = json.loads(line)
            form, n_base, n_trees = head.pop("format"), head.pop("base"), head.pop("trees")
            if form != FORMAT or len(parts) != n_base + n_trees:
                raise StoreError(
                    f"a booster's state has format {FORMAT} and {n_base + n_trees} bytes of trees, "
                    f"not {form!r} and {len(parts)}"
                )
            return cls(**head, base=parts[:n_base], trees=parts[n_base:])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(f"this is no booster's state: {error}") from error


def settings_of(estimator: Any) -> str:
    """Write an unfitted estimator's parameters, those inside a wrapper included, as JSON."""
    parameters = estimator.get_params(deep=True)
    return json.dumps(parameters, sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else type(value).__name__
