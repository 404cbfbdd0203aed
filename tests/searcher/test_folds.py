from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.model_selection import TimeSeriesSplit

from search_spaces.columns import Column
from searcher.data import Dataset
from searcher.errors import SpecError
from searcher.folds import choose_splitter, make_folds
from searcher.records import FINAL, Fold
from searcher.spec import ValidationSpec

THREE_BY_TWO = ValidationSpec(outer=3, inner=2)


def dataset(
    y: Sequence[Any], *, groups: Sequence[int] | None = None, times: Sequence[float] | None = None
) -> Dataset:
    """Rows with these answers: whole numbers are codes, others values."""
    answers = np.asarray(y)
    is_classes = answers.dtype.kind in "iu"
    n_classes = int(answers.max()) + 1 if is_classes else 0
    return Dataset(
        name="t",
        X=np.arange(len(answers), dtype=np.float64)[:, None],
        y=answers,
        columns=(Column("x", "numeric"),),
        target="label",
        task=("binary" if n_classes == 2 else "multiclass") if is_classes else "regression",
        classes=tuple(f"class {code}" for code in range(n_classes)),
        groups=None if groups is None else np.asarray(groups, dtype=np.int64),
        times=None if times is None else np.asarray(times, dtype=np.float64),
        fingerprint="0" * 64,
        notices=(),
    )


def outer_of(folds: Sequence[Fold]) -> dict[str, Fold]:
    return {fold.outer_fold: fold for fold in folds if fold.inner_fold is None}


def inner_of(folds: Sequence[Fold], outer_fold: str) -> list[Fold]:
    return [f for f in folds if f.outer_fold == outer_fold and f.inner_fold is not None]


def same(first: Sequence[Fold], second: Sequence[Fold]) -> bool:
    return len(first) == len(second) and all(
        (a.outer_fold, a.inner_fold) == (b.outer_fold, b.inner_fold)
        and np.array_equal(a.train, b.train)
        and np.array_equal(a.test, b.test)
        for a, b in zip(first, second, strict=True)
    )


binary = st.lists(st.integers(0, 1), min_size=24, max_size=80).filter(lambda y: 6 < sum(y) < 18)
validations = st.builds(
    ValidationSpec, outer=st.integers(2, 4), inner=st.integers(2, 3), repeats=st.integers(1, 2)
)
seeds = st.integers(0, 2**32 - 1)


def check_shape(folds: Sequence[Fold], validation: ValidationSpec, n_rows: int) -> None:
    """Names and order of the folds; positions sorted; nothing on both sides."""
    n_outer = validation.outer * validation.repeats
    names = [*(str(i) for i in range(n_outer)), FINAL]
    expected = [(name, i) for name in names for i in (None, *range(validation.inner))]
    assert [(fold.outer_fold, fold.inner_fold) for fold in folds] == expected
    for fold in folds:
        for part in (fold.train, fold.test):
            assert part.dtype == np.int64
            assert (np.diff(part) > 0).all()
        assert not set(fold.train) & set(fold.test)
    final = outer_of(folds)[FINAL]
    assert np.array_equal(final.train, np.arange(n_rows))
    assert not len(final.test)


def check_partitions(folds: Sequence[Fold], validation: ValidationSpec, n_rows: int) -> None:
    """Each repeat's outer test parts, and each outer fold's inner ones, are all rows once."""
    outer = outer_of(folds)
    for repeat in range(validation.repeats):
        numbers = range(repeat * validation.outer, (repeat + 1) * validation.outer)
        tests = np.concatenate([outer[str(i)].test for i in numbers])
        assert np.array_equal(np.sort(tests), np.arange(n_rows))
    for name, fold in outer.items():
        inner = inner_of(folds, name)
        tests = np.concatenate([part.test for part in inner])
        assert np.array_equal(np.sort(tests), fold.train)
        for part in inner:
            assert np.array_equal(np.union1d(part.train, part.test), fold.train)


@settings(max_examples=40)
@given(y=binary, validation=validations, seed=seeds)
def test_stratified_folds_partition_the_rows_and_inner_ones_stay_inside(
    y: list[int], validation: ValidationSpec, seed: int
) -> None:
    folds = make_folds(dataset(y), validation, seed=seed)

    check_shape(folds, validation, len(y))
    check_partitions(folds, validation, len(y))


@settings(max_examples=40)
@given(y=binary, validation=validations, seed=seeds)
def test_stratified_test_parts_have_each_class_as_often_as_the_rows_do(
    y: list[int], validation: ValidationSpec, seed: int
) -> None:
    answers = np.asarray(y)

    for fold in make_folds(dataset(y), validation, seed=seed):
        if fold.inner_fold is None and len(fold.test):
            expected = answers.sum() / validation.outer
            assert abs(answers[fold.test].sum() - expected) < 1


@settings(max_examples=40)
@given(n_rows=st.integers(12, 60), validation=validations, seed=seeds)
def test_kfold_parts_are_of_equal_size(n_rows: int, validation: ValidationSpec, seed: int) -> None:
    folds = make_folds(dataset(np.linspace(0, 1, n_rows)), validation, seed=seed)

    check_shape(folds, validation, n_rows)
    check_partitions(folds, validation, n_rows)
    sizes = {len(fold.test) for fold in outer_of(folds).values() if len(fold.test)}
    assert max(sizes) - min(sizes) <= 1


@settings(max_examples=40)
@given(
    groups=st.lists(st.integers(0, 11), min_size=40, max_size=90),
    validation=validations,
    seed=seeds,
    is_regression=st.booleans(),
)
def test_no_group_stands_on_both_sides_outside_or_inside(
    groups: list[int], validation: ValidationSpec, seed: int, is_regression: bool
) -> None:
    assume(len(set(groups)) >= 8)
    codes = np.asarray(groups)
    y: NDArray[Any] = np.linspace(0, 1, len(codes)) if is_regression else np.arange(len(codes)) % 2

    try:
        folds = make_folds(dataset(y, groups=groups), validation, seed=seed)
    except SpecError:
        assume(False)  # a group so large that no other split has both classes

    check_shape(folds, validation, len(codes))
    check_partitions(folds, validation, len(codes))
    for fold in folds:
        assert not set(codes[fold.train]) & set(codes[fold.test])
        assert len(fold.train)


@settings(max_examples=40)
@given(
    times=st.lists(st.integers(0, 400), min_size=60, max_size=120),
    validation=st.builds(ValidationSpec, outer=st.integers(2, 4), inner=st.integers(2, 3)),
    seed=seeds,
)
def test_training_rows_are_always_earlier_than_test_rows(
    times: list[int], validation: ValidationSpec, seed: int
) -> None:
    assume(len(set(times)) > 50)
    moments = np.asarray(times)

    folds = make_folds(dataset(np.linspace(0, 1, len(times)), times=times), validation, seed=seed)

    check_shape(folds, validation, len(times))
    for fold in folds:
        if len(fold.test):
            assert moments[fold.train].max() < moments[fold.test].min()
        inner = inner_of(folds, fold.outer_fold)
        assert set(inner[-1].test) <= set(outer_of(folds)[fold.outer_fold].train)
        for earlier, later in pairwise(inner):
            assert np.array_equal(later.train, np.union1d(earlier.train, earlier.test))


@pytest.mark.parametrize("n_rows", [30, 31, 37])
def test_time_folds_are_those_of_scikit_learn_when_no_time_is_there_twice(n_rows: int) -> None:
    order = np.random.default_rng(0).permutation(n_rows)
    times = np.empty(n_rows)
    times[order] = np.arange(n_rows)

    folds = outer_of(
        make_folds(
            dataset(np.linspace(0, 1, n_rows), times=times.tolist()),
            ValidationSpec(outer=4, inner=2),
            seed=0,
        )
    )

    for i, (train, test) in enumerate(TimeSeriesSplit(4).split(times)):
        assert np.array_equal(folds[str(i)].train, np.sort(order[train]))
        assert np.array_equal(folds[str(i)].test, np.sort(order[test]))


def test_rows_of_the_same_time_are_never_torn_apart() -> None:
    times = np.repeat([1, 2, 3, 4, 5, 6, 7, 8, 9], [7, 1, 9, 4, 2, 8, 5, 5, 7])

    folds = make_folds(
        dataset(np.linspace(0, 1, len(times)), times=times.tolist()),
        ValidationSpec(outer=2, inner=2),
        seed=0,
    )

    for fold in folds:
        assert not set(times[fold.train]) & set(times[fold.test])


def test_too_few_different_times_are_refused_with_the_reason() -> None:
    times = [0] * 20 + [1] * 20

    with pytest.raises(SpecError, match=r"validation\.outer: 3 folds in time need 4 parts.*2 diff"):
        make_folds(dataset(np.linspace(0, 1, 40), times=times), THREE_BY_TWO, seed=0)


@given(y=binary, seed=seeds)
@settings(max_examples=10)
def test_the_same_seed_gives_the_same_folds(y: list[int], seed: int) -> None:
    data = dataset(y)

    assert same(
        make_folds(data, THREE_BY_TWO, seed=seed), make_folds(data, THREE_BY_TWO, seed=seed)
    )


def test_other_seeds_give_other_folds() -> None:
    data = dataset([0, 1] * 30)

    drawn = [make_folds(data, THREE_BY_TWO, seed=seed) for seed in range(5)]

    assert not any(same(a, b) for a, b in pairwise(drawn))


def test_folds_are_the_same_on_every_machine() -> None:
    folds = make_folds(dataset([0, 1] * 6), ValidationSpec(outer=2, inner=2), seed=7)

    assert [fold.test.tolist() for fold in folds if fold.outer_fold == "0"] == [
        [0, 3, 6, 9, 10, 11],
        [1, 7, 8],
        [2, 4, 5],
    ]


def test_no_two_splits_share_their_randomness() -> None:
    data = dataset(np.linspace(0, 1, 40))

    folds = make_folds(data, ValidationSpec(outer=2, inner=2, repeats=3), seed=0)

    outer = [fold.test.tolist() for fold in outer_of(folds).values() if len(fold.test)]
    assert len({tuple(sorted(part)) for part in outer}) == len(outer)
    assert not any(
        np.array_equal(
            np.searchsorted(outer_of(folds)[a].train, inner_of(folds, a)[0].test),
            np.searchsorted(outer_of(folds)[b].train, inner_of(folds, b)[0].test),
        )
        for a, b in pairwise([str(i) for i in range(6)])
    )


def test_one_more_repeat_leaves_the_others_as_they_were() -> None:
    data = dataset([0, 1] * 30)

    once = make_folds(data, ValidationSpec(outer=3, inner=2, repeats=1), seed=5)
    twice = make_folds(data, ValidationSpec(outer=3, inner=2, repeats=2), seed=5)

    numbered = [fold for fold in once if fold.outer_fold != FINAL]
    assert same(numbered, twice[: len(numbered)])
    assert same(inner_of(once, FINAL), inner_of(twice, FINAL))


def test_the_number_of_inner_folds_leaves_the_outer_ones_as_they_were() -> None:
    data = dataset([0, 1] * 30)

    two = outer_of(make_folds(data, ValidationSpec(outer=3, inner=2), seed=5))
    four = outer_of(make_folds(data, ValidationSpec(outer=3, inner=4), seed=5))

    assert same(list(two.values()), list(four.values()))


def test_inner_folds_do_not_depend_on_the_answers_of_the_outer_test_rows() -> None:
    data = dataset([0, 1] * 30)
    validation = ValidationSpec(outer=3, inner=2, splitter="kfold")
    folds = make_folds(data, validation, seed=1)
    outer = outer_of(folds)["1"]

    answers = np.array(data.y)
    answers[outer.test] = np.random.default_rng(0).permutation(answers[outer.test])
    again = make_folds(dataset(answers), validation, seed=1)

    assert same(inner_of(folds, "1"), inner_of(again, "1"))


def test_inner_folds_come_in_shuffled_order() -> None:
    """scikit-learn gives the first folds one row more where the rows do not divide evenly."""
    data = dataset(np.linspace(0, 1, 22))
    sizes = set()

    for seed in range(20):
        folds = make_folds(data, ValidationSpec(outer=2, inner=3), seed=seed)
        sizes.add(tuple(len(fold.test) for fold in inner_of(folds, "0")))

    assert sizes == {(4, 4, 3), (4, 3, 4), (3, 4, 4)}


@pytest.mark.parametrize(
    ("parts", "splitter", "chosen"),
    [
        ({"y": [0, 1]}, "auto", "stratified"),
        ({"y": [0.5, 1.5]}, "auto", "kfold"),
        ({"y": [0, 1], "groups": [0, 1]}, "auto", "group"),
        ({"y": [0, 1], "times": [0, 1]}, "auto", "time"),
        ({"y": [0, 1], "times": [0, 1]}, "kfold", "kfold"),
        ({"y": [0, 1], "times": [0, 1], "groups": [0, 1]}, "time", "time"),
    ],
)
def test_the_splitter_follows_from_the_data(
    parts: dict[str, Any], splitter: Any, chosen: str
) -> None:
    assert choose_splitter(dataset(**parts), ValidationSpec(splitter=splitter)) == chosen


@pytest.mark.parametrize(
    ("parts", "splitter", "message"),
    [
        ({"y": [0.5, 1.5]}, "stratified", "stratified needs classes, and the target is a quantity"),
        ({"y": [0, 1]}, "group", r"group needs data\.groups"),
        ({"y": [0, 1]}, "time", r"time needs data\.time"),
    ],
)
def test_a_splitter_that_lacks_its_column_is_refused(
    parts: dict[str, Any], splitter: Any, message: str
) -> None:
    with pytest.raises(SpecError, match=rf"validation\.splitter: {message}"):
        choose_splitter(dataset(**parts), ValidationSpec(splitter=splitter))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"y": [0] * 20 + [1] * 2},
            r"validation\.outer: 3 folds, but fewer rows in class 'class 1' \(2\); ask for fewer "
            r"folds, or leave the class out with data\.drop_classes: \['class 1'\]",
        ),
        (
            {"y": [0] * 20 + [1] * 3},
            None,
        ),
        ({"y": [0.1, 0.2]}, r"validation\.outer: 3 folds, but only 2 rows; ask for at most 2"),
        (
            {"y": [0.1, 0.2, 0.3]},
            None,
        ),
        (
            {"y": [0, 1] * 10, "groups": [0, 1] * 10},
            r"validation\.outer: 3 folds, but only 2 groups; ask for at most 2",
        ),
        (
            {"y": [0, 1, 0, 1], "groups": [0, 1, 2, 3]},
            r"validation\.outer: 3 folds, but at most 2 rows in a class; ask for fewer",
        ),
        (
            {"y": [0] * 10 + [1] * 10, "groups": [*([0] * 5), *([1] * 5), *([2] * 10)]},
            r"validation\.outer: 3 folds: what fold \d trains on has no row of class 'class 1'",
        ),
    ],
)
def test_more_folds_than_the_data_can_give_are_refused(
    parts: dict[str, Any], message: str | None
) -> None:
    if message is None:
        make_folds(dataset(**parts), THREE_BY_TWO, seed=0)
        return

    with pytest.raises(SpecError, match=message):
        make_folds(dataset(**parts), THREE_BY_TWO, seed=0)


def test_a_class_that_suffices_outside_but_not_inside_is_refused() -> None:
    data = dataset([0] * 40 + [1] * 5)

    with pytest.raises(
        SpecError,
        match=r"validation\.inner: 5 folds of the training rows of outer fold 0, but fewer rows",
    ):
        make_folds(data, ValidationSpec(outer=5, inner=5), seed=0)
