import numpy as np
import pytest
from sklearn.model_selection import KFold
from sklearn.preprocessing import TargetEncoder

from search_spaces.transformers.target_means import TargetMeans

CODES = np.tile(np.arange(4.0), 15)[:, None]


def target(task):
    rng = np.random.default_rng(0)
    if task == "regression":
        return CODES[:, 0] + rng.integers(0, 3, len(CODES))  # whole numbers
    return rng.integers(0, 2 if task == "binary" else 3, len(CODES))


@pytest.mark.parametrize(
    ("task", "kind"),
    [("regression", "continuous"), ("binary", "binary"), ("multiclass", "multiclass")],
)
def test_new_rows_get_what_scikit_learn_gives_them(task, kind):
    y = target(task)

    ours = TargetMeans(task, 0).fit(CODES, y).transform(CODES)

    theirs = TargetEncoder(target_type=kind).fit(CODES, y)
    np.testing.assert_array_equal(ours, theirs.transform(CODES))
    assert ours.shape == (60, 3 if task == "multiclass" else 1)


def test_training_rows_are_encoded_by_other_rows():
    y = target("regression")

    ours = TargetMeans("regression", 3).fit_transform(CODES, y)

    cv = KFold(5, shuffle=True, random_state=3)
    theirs = TargetEncoder(target_type="continuous", cv=cv)
    np.testing.assert_array_equal(ours, theirs.fit_transform(CODES, y))
    assert not np.array_equal(ours, TargetMeans("regression", 3).fit(CODES, y).transform(CODES))


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_an_unknown_category_gets_the_mean_of_all_rows(task):
    y = target(task)

    out = TargetMeans(task, 0).fit(CODES, y).transform(np.array([[-1.0], [9.0]]))

    classes = np.arange(3) if task == "multiclass" else [1]
    mean = [y.mean()] if task == "regression" else [(y == c).mean() for c in classes]
    np.testing.assert_allclose(out, [mean, mean])


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_the_same_seed_encodes_the_same(task):
    y = target(task)

    first, again, other = (TargetMeans(task, seed).fit_transform(CODES, y) for seed in (1, 1, 2))

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(
    "y",
    [
        [0, 0, 1, 1, 1, 0],
        [0, 2, 2, 2, 0, 0],
        [1, 1, 1, 1, 1, 1],
        [0, 1, 2, 2, 2, 2],
        [0, 1, 2, 0, 1, 2],
        [0, 1],
    ],
    ids=["two left", "codes with a gap", "one left", "rare ones", "two rows each", "one row each"],
)
def test_a_fold_may_lack_classes_or_have_few_rows_of_them(y):
    codes = np.arange(float(len(y)))[:, None] % 2

    out = TargetMeans("multiclass", 0).fit_transform(codes, np.array(y))

    assert np.isfinite(out).all()


def test_a_single_category_and_a_constant_target_are_no_trouble():
    out = TargetMeans("regression", 0).fit_transform(np.ones((10, 1)), np.full(10, 7.0))

    np.testing.assert_array_equal(out, 7.0)


@pytest.mark.parametrize(
    ("task", "y", "message"),
    [
        ("clustering", np.zeros(5), "task of regression, binary, multiclass, got 'clustering'"),
        ("binary", np.zeros(1), "at least 2 rows of it, got 1"),
        ("binary", None, "got no target"),
    ],
)
def test_what_has_no_means_is_refused(task, y, message):
    with pytest.raises(ValueError, match=message):
        TargetMeans(task, 0).fit(CODES[:5], y)
