"""Sequences of several lengths, as features and as they are without padding."""

import numpy as np

from search_spaces.columns import Shape

STEPS, CHANNELS = 6, 2
SHAPE = Shape("sequence", (STEPS, CHANNELS))
LENGTHS = (6, 1, 3, 5, 2)


def sequences(seed=0):
    """Arrays (length, channels) of the lengths above."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(length, CHANNELS)).astype(np.float32) for length in LENGTHS]


def padded(found, steps=STEPS):
    """Features (n, steps * channels), NaN behind the ends."""
    X = np.full((len(found), steps, CHANNELS), np.nan, dtype=np.float32)
    for row, values in zip(X, found, strict=True):
        row[: len(values)] = values
    return X.reshape(len(found), -1)
