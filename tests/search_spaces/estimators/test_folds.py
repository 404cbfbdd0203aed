import copy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.svm import LinearSVC

from search_spaces.estimators.folds import RareClassFolds

Y = np.array([0] * 20 + [1] * 7 + [2] * 2 + [3])


@pytest.mark.parametrize("n_folds", [2, 3, 5])
@pytest.mark.parametrize("seed", range(5))
def test_every_row_is_tested_once_and_every_class_is_trained_on(n_folds, seed):
    folds = list(RareClassFolds(n_folds, seed=seed).split(Y, Y))

    tested = np.concatenate([test for _, test in folds])
    np.testing.assert_array_equal(np.sort(tested), np.arange(len(Y)))
    for train, test in folds:
        assert set(Y[train]) == {0, 1, 2, 3}
        assert set(train) & set(test) <= {len(Y) - 1}  # the only row of its class


def test_classes_and_rows_are_spread_evenly():
    folds = RareClassFolds(3, seed=0).split(Y, Y)

    counts = np.array([np.bincount(Y[test], minlength=4) for _, test in folds])

    assert (counts.max(axis=0) - counts.min(axis=0) <= 1).all()
    assert np.ptp(counts.sum(axis=1)) <= 1


def test_the_seed_decides_the_folds():
    first, again, other = (
        [test.tolist() for _, test in RareClassFolds(3, seed=seed).split(Y, Y)]
        for seed in (0, 0, 1)
    )

    assert first == again
    assert first != other


def test_fewer_rows_than_folds_are_fewer_folds():
    y = np.array([0, 1, 0])

    folds = RareClassFolds(5, seed=0)

    assert folds.get_n_splits() == 5
    assert len(list(folds.split(y, y))) == folds.get_n_splits(y, y) == 3


def test_one_fold_is_refused():
    with pytest.raises(ValueError, match="n_folds must be at least 2, got 1"):
        RareClassFolds(1, seed=0)


def test_scikit_learn_takes_it_where_its_own_folds_refuse_a_rare_class():
    X = np.random.default_rng(0).normal(size=(len(Y), 3))
    model = CalibratedClassifierCV(LinearSVC(), ensemble=False, cv=RareClassFolds(3, seed=0))

    fitted = clone(model).fit(X, Y)

    assert fitted.predict_proba(X).shape == (len(Y), 4)
    with pytest.raises(ValueError, match="less than 3 examples for at least one class"):
        CalibratedClassifierCV(LinearSVC(), ensemble=False, cv=3).fit(X, Y)
    assert repr(copy.deepcopy(model.cv)) == "RareClassFolds(3, seed=0)"
