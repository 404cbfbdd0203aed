"""Families that go wrong in one way each, for trials that have to survive them."""

import os
import time
from typing import Any

import numpy as np

from search_spaces.families.ridge import Ridge


class _Wrapped:
    """A ridge that does something before it fits."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def fit(self, X: Any, y: Any) -> "_Wrapped":
        self.trouble()
        self._inner.fit(X, y)
        return self

    def trouble(self) -> None:
        """What goes wrong."""

    def predict(self, X: Any) -> Any:
        return self._inner.predict(X)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {}

    def __sklearn_tags__(self) -> Any:
        return self._inner.__sklearn_tags__()


class Raises(Ridge):
    """Its fit raises."""

    name = "raises"

    def build(self, configuration: Any, profile: Any, **options: Any) -> Any:
        class Model(_Wrapped):
            def trouble(self) -> None:
                raise RuntimeError("no luck today")

        return Model(super().build(configuration, profile, **options))


class Nan(Ridge):
    """Its predictions are NaN."""

    name = "nan"

    def build(self, configuration: Any, profile: Any, **options: Any) -> Any:
        class Model(_Wrapped):
            def predict(self, X: Any) -> Any:
                return np.full(len(X), np.nan)

        return Model(super().build(configuration, profile, **options))


class Sleeps(Ridge):
    """Its fit takes a minute."""

    name = "sleeps"

    def build(self, configuration: Any, profile: Any, **options: Any) -> Any:
        class Model(_Wrapped):
            def trouble(self) -> None:
                time.sleep(60)

        return Model(super().build(configuration, profile, **options))


class Crashes(Ridge):
    """Its fit takes the process with it."""

    name = "crashes"

    def build(self, configuration: Any, profile: Any, **options: Any) -> Any:
        class Model(_Wrapped):
            def trouble(self) -> None:
                os._exit(3)

        return Model(super().build(configuration, profile, **options))
