"""Conditions: what is understood, where the mistake is, and that no input is ever SQL."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searcher.errors import QuestionError
from searcher.store.where import Among, Compare, Every, Like, Some, opposite, parse


def spelt(condition):
    """Write a condition back, fully in parentheses."""
    if isinstance(condition, Every | Some):
        word = " and " if isinstance(condition, Every) else " or "
        return f"({word.join(map(spelt, condition.conditions))})"
    name = ("parameters." if condition.name.parameter else "") + condition.name.text
    if isinstance(condition, Compare):
        return f"{name} {condition.operator} {condition.value.of!r}"
    sign = "not " if condition.negated else ""
    if isinstance(condition, Among):
        return f"{name} {sign}in {[value.of for value in condition.values]}"
    if isinstance(condition, Like):
        return f"{name} {sign}like {condition.pattern.of!r}"
    return f"{name} is {sign}null"


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("score > 0.8", "score > 0.8"),
        ("score>-1e-3", "score > -0.001"),
        (".5 <= subsample", "subsample >= 0.5"),
        ("score = 1 or score == 2.", "(score in [1.0] or score in [2.0])"),
        ("score <> 1", "score not in [1.0]"),
        ("a > 1 and b > 2 or c > 3", "((a > 1.0 and b > 2.0) or c > 3.0)"),
        ("a > 1 AND (b > 2 Or c > 3)", "(a > 1.0 and (b > 2.0 or c > 3.0))"),
        ("not a > 1 and b > 2", "(a <= 1.0 and b > 2.0)"),
        ("not (a > 1 and b = 'x')", "(a <= 1.0 or b not in ['x'])"),
        ("not not a is null", "a is null"),
        ("not a is not null", "a is null"),
        ("family in ('svm', 'ridge')", "family in ['svm', 'ridge']"),
        ("not family not in ('svm')", "family in ['svm']"),
        ("depth between 2 and 5 and a > 1", "((depth >= 2.0 and depth <= 5.0) and a > 1.0)"),
        ("depth not between 2 and 5", "(depth < 2.0 or depth > 5.0)"),
        ("reason like '%it''s 100\\%%'", 'reason like "%it\'s 100\\\\%%"'),
        ("bootstrap = true", "bootstrap in [True]"),
        ("FALSE != bootstrap", "bootstrap not in [False]"),
        ("parameters.score > 1", "parameters.score > 1.0"),
        ('parameters."odd ""name" > 1', 'parameters.odd "name > 1.0'),
        ('"select" > 1', "select > 1.0"),
        ("größe > 1 and a.b > 2", "(größe > 1.0 and a.b > 2.0)"),
        ("x = 'é漢\n--;'", "x in ['é漢\\n--;']"),
    ],
)
def test_a_condition_is_understood(text, means):
    assert spelt(parse(text)) == means


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("", 1, "a column or a parameter is expected, found the end"),
        ("score > ", 9, r"a value is expected \(a number, 'text', true or false\), found the end"),
        ("score > high", 9, "found 'high'; text stands in single quotes"),
        ('family = "svm"', 10, 'found "svm"; text stands in single quotes'),
        ("score = null", 9, "write `is null` or `is not null`"),
        ("score > 1 score < 2", 11, "'and', 'or' or the end is expected, found 'score'"),
        ("(score > 1", 11, r"'and', 'or' or '\)' is expected, found the end"),
        ("score > 1)", 10, r"'and', 'or' or the end is expected, found '\)'"),
        ("score ~ 'x'", 7, "'~' has no meaning here"),
        ("score > 1; drop table trials", 10, "';' has no meaning here"),
        ("family = 'svm", 10, "this text is never closed by another '"),
        ('"family = 1', 1, 'this name is never closed by another "'),
        ("score between 1 or 2", 17, "'and' is expected between the two ends"),
        ("score in 1", 10, r"'\(' is expected after 'in'"),
        ("score in (1 2)", 13, r"',' or '\)' is expected, found 2"),
        ("score not > 1", 11, "'in', 'between' or 'like' is expected after 'not'"),
        ("score is 1", 10, "'null' is expected after 'is'"),
        ("score > 1e999", 9, "1e999 is too large for a number"),
        ("reason like 5", 13, "a pattern is expected, as in like '%part%'"),
        ("reason like 'x\\'", 13, "a pattern can't end with a single backslash"),
        ("bootstrap > true", 13, "true can be compared with = and != only"),
        ("1 > 2", 5, "a column or a parameter is expected, found 2"),
        ("score", 6, "a comparison is expected"),
        ("parameters.1 > 2", 11, "a parameter's name is expected|comparison"),
    ],
)
def test_a_mistake_is_pointed_at(text, place, said):
    with pytest.raises(QuestionError, match=said) as e:
        parse(text)

    what, shown, pointer = str(e.value).split("\n")
    assert what.endswith(f"(character {place})")
    assert shown.removeprefix("  ") == text
    assert pointer == " " * (1 + place) + "^"


def test_of_a_long_condition_the_place_is_shown_with_what_is_around_it():
    text = f"{'a > 1 and ' * 20}b ! 2{' and a > 1' * 20}"

    with pytest.raises(QuestionError) as e:
        parse(text)

    _, shown, pointer = str(e.value).split("\n")
    assert len(shown) < 90
    assert shown[pointer.index("^")] == "!"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(" * 30 + "a > 1" + ")" * 30, "at most 20 levels"),
        ("not " * 1_000 + "a > 1", "at most 20 levels"),
        (" or ".join(["a > 1"] * 201), "at most 200 comparisons"),
        (f"a in ({', '.join(['1'] * 201)})", "at most 200 values"),
        ("a" * 10_001, "at most 10,000 characters"),
    ],
)
def test_what_would_be_too_much_for_a_database_is_refused(text, said):
    with pytest.raises(QuestionError, match=said):
        parse(text)


@given(st.text(max_size=200))
def test_any_text_is_a_condition_or_a_plain_error(text):
    with suppress(QuestionError):
        parse(text)


WORDS = st.sampled_from(
    [
        *(
            "score",
            "learning_rate",
            "state",
            "parameters",
            '"odd name"',
            "started_at",
            "outer_fold",
        ),
        *("and", "or", "not", "in", "between", "like", "is", "null", "true", "false"),
        *("=", "!=", "<", "<=", ">", ">=", "(", ")", ",", ".", "'x'", "'%'", "'2026-01-31'"),
        *("1", "-2.5e3", "1e400", "''", "'--'", "0"),
    ]
)
SENTENCES = st.lists(WORDS, max_size=14).map(" ".join)


@given(SENTENCES)
def test_the_opposite_of_the_opposite_is_the_condition_itself(text):
    try:
        condition = parse(text)
    except QuestionError:
        return

    assert opposite(opposite(condition)) == condition
