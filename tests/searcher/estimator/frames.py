"""Rows as people have them: categories, truth values, dates, text and missing cells."""

import numpy as np
import pandas as pd


def make_frame(n: int = 90) -> pd.DataFrame:
    """Columns of several types; ``size`` and ``colour`` have missing cells."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "size": rng.normal(100, 20, n),
            "colour": rng.choice(["red", "green", "blue"], n),
            "grade": pd.Categorical(rng.integers(1, 4, n)),
            "member": rng.choice([True, False], n),
            "joined": pd.date_range("2020-01-01", periods=n),
            "constant": 1,
        }
    )
    frame.loc[:4, "size"] = np.nan
    frame.loc[5:9, "colour"] = None
    return frame


def make_answers(frame: pd.DataFrame) -> pd.Series:
    """``yes`` for large or red ones, mostly."""
    rng = np.random.default_rng(2)
    effect = frame["size"].fillna(100) / 20 + 2 * (frame["colour"] == "red")
    noisy = effect + rng.normal(0, 0.3, len(frame))
    return pd.Series(np.where(noisy > noisy.median(), "yes", "no"), name="bought")
