"""What all fits have in common that are advanced a unit of resource at a time."""

from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from searcher.errors import TrialError


class Stepwise(Protocol):
    """A fit in the making, over rows that it was given at its beginning.

    Attributes
    ----------
    resource
        Units trained so far.
    """

    @property
    def resource(self) -> int:
        """Units trained so far."""
        ...

    @property
    def done(self) -> bool:
        """Whether there is nothing more to train."""
        ...

    def advance(self) -> None:
        """Train one more unit.

        Raises
        ------
        TrialError
            If training is done, or has diverged.
        """
        ...

    def estimator(self) -> Any:
        """Return what is fitted so far; when all is done, what ``fit`` gives."""
        ...

    def state(self) -> bytes:
        """Write all that going on depends on, besides rows and configuration; never a pickle."""
        ...

    def load_state(self, state: bytes) -> None:
        """Go on from a state of the same rows, with this fit's own configuration.

        Raises
        ------
        StoreError
            If it is the state of something else.
        """
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Which of the processes that train one estimator together this one is."""

    rank: int = 0
    world: int = 1
    device: str = "cpu"


ALONE = Place()


def begin(
    estimator: Any,
    X: NDArray[Any],
    y: NDArray[Any],
    *,
    n_classes: int,
    place: Place = ALONE,
    restart_every: int | None = None,
) -> Stepwise:
    """Begin to fit an estimator on features X (n_samples, n_features), y (n_samples,).

    Parameters
    ----------
    estimator
        Unfitted: what ``searcher.fitting.untrained`` returned. It is not changed.
    n_classes
        Of the task; 0 for values.
    place
        Among the processes that train it; all call this, and every method that trains.
    restart_every
        Units after which a member of a population may be replaced: boosters then end their fit and
        begin another with its trees (``BoosterSteps``). To networks it makes no difference.

    Raises
    ------
    TrialError
        If it is nothing that can be advanced in units, or not by several processes.
    """
    if hasattr(estimator, "network"):
        from searcher.stepwise.networks import NetworkSteps  # torch, which not everybody has

        return NetworkSteps(estimator, X, y, place=place)
    if place.world > 1:
        raise TrialError(
            f"a {type(estimator).__name__} can't be trained by {place.world} processes together; "
            "networks can"
        )
    from searcher.stepwise.boosters import BoosterSteps

    return BoosterSteps(estimator, X, y, n_classes=n_classes, restart_every=restart_every)
