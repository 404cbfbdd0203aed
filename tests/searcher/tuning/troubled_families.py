"""Families that go wrong in one way each, for trials that have to survive them."""

import os
import time
from typing import Any

import numpy as np

from search_spaces.families.ridge import Ridge

IMPORT_S = 3.5
"""Seconds that a slow library takes to be imported."""


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


class SlowToImport(Ridge):
    """Its library is imported where it is used, as everybody's is, and that takes seconds."""

    name = "slow_to_import"

    def build(self, configuration: Any, profile: Any, **options: Any) -> Any:
        import tests.searcher.tuning.slow_library  # noqa: F401

        return super().build(configuration, profile, **options)


class BadDefault(Ridge):
    """Its default configuration can't be built, all others can."""

    name = "bad_default"

    def build(self, configuration: Any, profile: Any, **options: Any) -> Any:
        if configuration["alpha"] == 1.0:
            raise ValueError("not with this alpha")
        return super().build(configuration, profile, **options)
