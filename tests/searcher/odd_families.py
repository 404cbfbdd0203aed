"""Families that print, tell what surrounds them, or die in the middle."""

import os
import signal
from typing import Any

from search_spaces.families.ridge import Ridge
from tests.searcher.tuning.troubled_families import _Wrapped


class Prints(Ridge):
    """Its fit writes to stdout, in Python and below it."""

    name = "prints"

    def build(self, configuration: Any, profile: Any, **options: Any) -> Any:
        class Model(_Wrapped):
            def trouble(self) -> None:
                print("epoch 1: loss 0.5")  # noqa: T201
                os.write(1, b"a library's own words\n")

        return Model(super().build(configuration, profile, **options))


class Tells(Ridge):
    """Its fit fails, and says with how many threads it could have run."""

    name = "tells"

    def build(self, configuration: Any, profile: Any, **options: Any) -> Any:
        class Model(_Wrapped):
            def trouble(self) -> None:
                from threadpoolctl import threadpool_info

                threads = {pool["num_threads"] for pool in threadpool_info()}
                raise RuntimeError(f"{os.environ['OMP_NUM_THREADS']} {sorted(threads)}")

        return Model(super().build(configuration, profile, **options))


class DiesLater(Ridge):
    """Its second fit in a process takes the process with it."""

    name = "dies_later"
    fits = 0

    def build(self, configuration: Any, profile: Any, **options: Any) -> Any:
        class Model(_Wrapped):
            def trouble(self) -> None:
                DiesLater.fits += 1
                if DiesLater.fits > 1:
                    os.kill(os.getpid(), signal.SIGKILL)

        return Model(super().build(configuration, profile, **options))
