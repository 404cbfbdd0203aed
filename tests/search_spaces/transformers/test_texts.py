"""Words of texts: the same counts as scikit-learn's, and weights rounded as promised."""

import math
import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from search_spaces import preprocessing
from search_spaces.columns import WORD, Column, Profile
from search_spaces.preprocessing import preprocessing_space
from search_spaces.transformers.texts import IDF_UNIT, MAX_COUNT, WordCounts, with_columns

WORDS = [
    "go",
    "Go",
    "GO!",
    "free",
    "call",
    "now_2",
    "née",
    "\u212aelvin",
    "日本",
    "prize...",
    "a",
    "7",
]


def make_texts(n=200, seed=0):
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, rng.integers(0, 12))) for _ in range(n)]
    return texts, Column("t", "text", categories=("", *sorted({*texts} - {""})))


def codes(column, texts):
    known = {text: float(i) for i, text in enumerate(column.categories)}
    return np.array([known[text] for text in texts])[:, None]


def lowered(text):
    """Words first, then lower case: that no letter becomes an ASCII one."""
    return [word.lower() for word in re.findall(WORD, text)]


TEXTS, COLUMN = make_texts()
X = codes(COLUMN, TEXTS)


def test_counts_are_those_of_scikit_learn():
    theirs = CountVectorizer(analyzer=lowered, min_df=2)
    expected = theirs.fit_transform(TEXTS).toarray()

    ours = WordCounts(COLUMN, 300, "counts").fit(X)

    assert ours.words_ == tuple(theirs.get_feature_names_out())
    np.testing.assert_array_equal(ours.transform(X), expected)


def test_letters_whose_lower_case_is_ascii_are_no_words():
    words = WordCounts(COLUMN, 300).fit(X).words_

    assert words == ("7", "a", "call", "e", "elvin", "free", "go", "n", "now_2", "prize")


def test_weights_are_scikit_learns_to_within_the_rounding_of_the_idf():
    theirs = TfidfVectorizer(analyzer=lowered, min_df=2)
    expected = theirs.fit_transform(TEXTS).toarray()

    ours = WordCounts(COLUMN, 300, "tfidf").fit(X)

    assert np.abs(ours.idf_ / IDF_UNIT - theirs.idf_).max() <= 0.5 / IDF_UNIT
    np.testing.assert_allclose(ours.transform(X), expected, atol=2 / IDF_UNIT)


def test_binary_weights_say_whether_a_word_is_there():
    counts = WordCounts(COLUMN, 300, "counts").fit(X).transform(X)

    binary = WordCounts(COLUMN, 300, "binary").fit(X).transform(X)

    np.testing.assert_array_equal(binary, counts > 0)


def test_the_most_frequent_words_are_chosen_and_the_first_of_equally_frequent_ones():
    column = Column("t", "text", categories=("", "c b", "b c a a a", "z a d", "d z"))

    words = WordCounts(column, 3).fit(np.array([[1.0], [2.0], [3.0], [4.0]])).words_

    assert words == ("a", "b", "c")


def test_words_of_other_rows_are_not_learnt():
    column = Column("t", "text", categories=("", "test rows", "training rows"))

    assert WordCounts(column).fit(np.array([[2.0], [2.0]])).words_ == ("rows", "training")


@pytest.mark.parametrize("weights", ["tfidf", "counts", "binary"])
def test_rows_without_any_word_are_one_feature_that_is_zero(weights):
    column = Column("t", "text", categories=("", "日本", "once"))

    ours = WordCounts(column, 300, weights).fit(np.array([[0.0], [1.0], [2.0]]))

    assert ours.words_ == ()
    assert ours.transform(np.array([[0.0], [2.0]])).tolist() == [[0.0], [0.0]]


def test_an_empty_text_has_no_weights():
    assert not WordCounts(COLUMN).fit(X).transform(np.array([[0.0]])).any()


def test_squares_are_exact_for_the_largest_counts_and_rarest_words():
    long = " ".join(f"w{i} " * (MAX_COUNT + 7) for i in range(40))
    column = Column("t", "text", categories=("", "日本", long))
    rows = np.array([[1.0]] * 10_000 + [[2.0]] * 2)
    ours = WordCounts(column, 8000).fit(rows)
    exact = sum((MAX_COUNT * int(idf)) ** 2 for idf in ours.idf_)

    weights = ours.transform(np.array([[2.0]]))[0]

    assert weights.tolist() == [float(MAX_COUNT * int(idf)) / math.sqrt(exact) for idf in ours.idf_]


def test_a_text_that_nobody_has_seen_is_read_with_a_longer_table():
    ours = WordCounts(COLUMN, 300, "counts").fit(X)
    longer = COLUMN.with_strings(["FREE free unheard 7"])

    row = ours.reading(longer).transform(np.array([[len(COLUMN.categories)]]))[0]

    assert {w: n for w, n in zip(ours.words_, row, strict=True) if n} == {"free": 2.0, "7": 1.0}


@pytest.mark.parametrize("code", [-1.0, 1e6])
def test_a_position_outside_the_table_is_refused(code):
    ours = WordCounts(COLUMN).fit(X)

    with pytest.raises(ValueError, match=r"table has \d+ texts; see Column.with_strings"):
        ours.transform(np.array([[code]]))


@pytest.mark.parametrize("wrong", [{"max_words": 0}, {"max_words": 8001}, {"weights": "bm25"}])
def test_parameters_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="text_"):
        WordCounts(COLUMN, **wrong).fit(X)


def test_a_clone_shares_the_table():
    assert clone(WordCounts(COLUMN)).column is COLUMN


def make_profile(n_samples=100, n_texts=1):
    texts = tuple(Column(f"t{i}", "text", categories=COLUMN.categories) for i in range(n_texts))
    return Profile("binary", (Column("size", "numeric"), *texts), n_samples, 2)


def test_texts_are_blocks_of_their_own_behind_all_others():
    profile = make_profile(n_texts=2)
    rows = np.column_stack([np.arange(200.0), X[:, 0], X[::-1, 0]])
    configuration = {"text_words": 3, "text_weights": "counts"}

    built = preprocessing.build(configuration, profile, seed=0).fit(rows)

    assert [name for name, _, _ in built.transformers_] == ["quantities", "texts_0", "texts_1"]
    assert built.transform(rows).shape == (200, 7)


def test_a_fitted_transformer_is_given_longer_tables_and_stays_as_it_was():
    profile = make_profile()
    rows = np.column_stack([np.arange(200.0), X[:, 0]])
    built = preprocessing.build({}, profile, seed=0).fit(rows)
    longer = (profile.columns[0], profile.columns[1].with_strings(["free go"]))
    new = np.array([[1.0, len(COLUMN.categories)]])

    assert with_columns(built, longer).transform(new).any()
    np.testing.assert_array_equal(
        with_columns(built, longer).transform(rows), built.transform(rows)
    )
    with pytest.raises(ValueError, match="table"):
        built.transform(new)


def test_words_and_weights_are_searched_only_where_there_is_text():
    without = Profile("binary", (Column("size", "numeric"),), 100, 2)

    assert {"text_words", "text_weights"} <= preprocessing_space(make_profile()).parameters.keys()
    assert not {"text_words", "text_weights"} & preprocessing_space(without).parameters.keys()


@pytest.mark.parametrize(
    ("n_samples", "n_texts", "offered"),
    [
        (22_000, 1, (300, 1000, 3000)),
        (23_000, 1, (300, 1000)),
        (23_000, 3, (300,)),
        (10**7, 1, (300,)),
    ],
)
def test_as_many_words_are_offered_as_fit_into_half_a_gibibyte(n_samples, n_texts, offered):
    space = preprocessing_space(make_profile(n_samples, n_texts))

    assert space.parameters["text_words"].choices == offered
