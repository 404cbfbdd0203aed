"""Which fits of an inner search are worth making: racing over folds, without Ray, data or store.

``Race`` chooses fits when all configurations are known beforehand, ``Stream`` says for
configurations that arrive one by one whether they go on, ``RoundsRace`` chooses how far to train
as well. All learn by ``observe`` and believe the same model (``searcher.racing.kernel``).
``coordinates`` places configurations; ``audited`` and ``audit`` tell what stopping has cost.
"""

from searcher.racing.audit import AUDITED, Audit, audit, audited, pooled_rate
from searcher.racing.coordinates import coordinates
from searcher.racing.race import Cell, Race
from searcher.racing.rounds import RoundsRace, Stretch
from searcher.racing.stream import Stream

__all__ = [
    "AUDITED",
    "Audit",
    "Cell",
    "Race",
    "RoundsRace",
    "Stream",
    "Stretch",
    "audit",
    "audited",
    "coordinates",
    "pooled_rate",
]
