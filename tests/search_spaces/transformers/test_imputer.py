import numpy as np
import pytest

from search_spaces.transformers.imputer import Imputer


@pytest.mark.parametrize("strategy", ["median", "mean", "most_frequent"])
def test_what_is_filled_in_is_never_minus_zero(strategy):
    X = np.array([[-0.0, 1.0], [-0.0, 2.0], [np.nan, np.nan]])

    imputer = Imputer(strategy=strategy, keep_empty_features=True).fit(X)

    assert not np.signbit(imputer.statistics_[0])
    assert not np.signbit(imputer.transform(X)[2, 0])
    assert imputer.transform(X)[2, 1] == imputer.statistics_[1]
