"""Whatever a search says, both databases keep the same of it, or refuse it in the same words."""

import itertools
import math
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from searcher.errors import StoreError
from searcher.records import (
    Artifact,
    Decision,
    FoldScore,
    InnerSearchEnded,
    Note,
    OuterScore,
    SearchEnded,
    SearchStarted,
    TrialEnded,
    TrialStarted,
)
from searcher.store import Store, Writer, check
from tests.searcher.store.records_factory import START, make_records

pytestmark = pytest.mark.slow  # all of them together

STARTED = make_records("s", outer=2, inner=3)[0]
LEFT_TO_RIGHT = "\u202eright to left\u202c"
FAR = datetime.max.replace(tzinfo=UTC)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
TOO_LONG = "x" * 201
MEGABYTE = "ü" * 500_000


class Told:
    """A search of its own in a store that all tests of a database share."""

    def __init__(self, url, search_id):
        self.url, self.search_id = url, search_id

    def trial_id(self, number):
        return f"{self.search_id}.0.{number}"

    def started(self, **changes):
        return replace(STARTED, **({"search_id": self.search_id} | changes))

    def trial(self, number=0, *, at=START, **changes):
        started = TrialStarted(
            self.trial_id(number),
            self.search_id,
            "0",
            number,
            "ridge",
            {"alpha": 0.1},
            "strategy",
            at=at,
        )
        return replace(started, **changes)

    def fold_score(self, inner_fold=0, *, number=0, at=START, **changes):
        scored = FoldScore(
            self.trial_id(number),
            inner_fold + 1,
            inner_fold,
            {"roc_auc": 0.5},
            0.2,
            0.1,
            0.3,
            at=at,
        )
        return replace(scored, **changes)

    def ended(self, state="completed", score=0.5, *, number=0, at=START, **changes):
        return replace(TrialEnded(self.trial_id(number), state, score, 1, at=at), **changes)

    def write(self, *records):
        with Writer(self.url) as writer:
            for record in records:
                writer.add(record)

    def store(self):
        return Store(self.url)

    def rows(self, what, table="trials", order=""):
        """Ask for the rows of this search alone."""
        own = f"SELECT trial_id FROM trials WHERE search_id = '{self.search_id}'"  # noqa: S608
        with self.store() as store:
            return store.query(
                f"SELECT {what} FROM {table} WHERE trial_id IN ({own}) {order}"  # noqa: S608
            ).rows

    def refused(self, record):
        """Add a record that has to be refused where it is added; return in which words."""
        with Writer(self.url) as writer:
            writer.add(self.started())
            writer.add(self.trial())
            writer.flush()
            with pytest.raises(StoreError) as error:
                writer.add(record)
            writer.add(Note(self.search_id, "after", {}, at=START))  # nothing is broken
        assert self.store().events(self.search_id)[-1].kind == "after"
        assert len(str(error.value)) < 400
        return str(error.value)


NUMBER = itertools.count()


@pytest.fixture(scope="module")
def shared_url(request, database, tmp_path_factory):
    if database == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('hostile') / 'searcher.db'}"
        return
    server = request.getfixturevalue("postgres")
    made = server.create_database()
    yield made
    server.drop_database(made)


@pytest.fixture
def told(shared_url):
    return Told(shared_url, f"h{next(NUMBER)}")


NUMBERS = [
    (0.1, 0.1),
    (0, 0.0),
    (-0.0, 0.0),
    (True, 1.0),
    (1e308, 1e308),
    (-sys.float_info.max, -sys.float_info.max),
    (1e-320, 1e-320),
    (5e-324, 5e-324),
    (2**53 + 1, float(2**53)),
    (10**30, 1e30),
    (np.float32(0.5), 0.5),
    (np.float64(0.1), 0.1),
    (np.int64(3), 3.0),
    (np.uint64(2**64 - 1), float(2**64 - 1)),
    (np.bool_(True), 1.0),
    (np.array(0.25), 0.25),
    (np.longdouble(0.5), 0.5),
    (Decimal("0.1"), 0.1),
    (Fraction(1, 4), 0.25),
    (math.nan, None),
    (math.inf, None),
    (-math.inf, None),
    (None, None),
    (10**400, None),
    (-(10**400), None),
    (np.float64("nan"), None),
    (np.float16("inf"), None),
    (np.longdouble("inf"), None),
    (Decimal("NaN"), None),
    (Decimal("Infinity"), None),
]


@pytest.mark.parametrize(("given", "kept"), NUMBERS, ids=repr)
def test_a_score_is_kept_or_null_and_null_fails_the_trial(told, given, kept):
    told.write(
        *(told.started(), told.trial(), told.fold_score(scores={"roc_auc": given})),
        Decision(told.trial_id(0), 1, given, "continue", "so", cutoff=given, at=START),
        told.ended(score=given),
    )

    with told.store() as store:
        stored = store.trial(told.trial_id(0))
    (of_fold,), (of_rung,) = (
        told.rows("score", "fold_scores"),
        told.rows("score, cutoff", "decisions"),
    )
    assert (stored.score, *of_fold, *of_rung) == (kept,) * 4
    assert stored.state == ("failed" if kept is None else "completed")
    if kept is None:
        assert "not a finite number" in stored.reason
    assert check(told.url) == []


@pytest.mark.parametrize(("given", "kept"), NUMBERS, ids=repr)
def test_the_numbers_of_a_search_are_kept_or_null(told, given, kept):
    told.write(
        *(told.started(), told.trial(), told.fold_score(), told.ended()),
        InnerSearchEnded(told.search_id, "0", told.trial_id(0), given, at=START),
        OuterScore(
            told.search_id, "0", "winner", told.trial_id(0), {"roc_auc": given}, 0.1, at=START
        ),
        SearchEnded(
            told.search_id, "completed", given, (given, 1.0), given, given, (0.0, given), at=START
        ),
    )

    with told.store() as store:
        stored = store.search(told.search_id)
    (inner,) = told.rows("inner_score", "inner_searches")
    (outer,) = told.rows("score", "outer_scores")
    assert (*inner, *outer) == (kept, kept)
    assert (stored.outer_mean, stored.optimism, stored.default_difference) == (kept,) * 3
    assert stored.interval == (None if kept is None else (kept, 1.0))
    assert stored.default_interval == (None if kept is None else (0.0, kept))


@pytest.mark.parametrize(
    "given",
    [
        "0.5",
        b"0.5",
        [0.5],
        {},
        1j,
        pytest.param(object(), id="object"),
        np.array([0.5, 0.6]),
        Decimal("sNaN"),
    ],
    ids=repr,
)
def test_a_score_that_is_no_number_is_refused_by_name(told, given):
    said = told.refused(told.fold_score(scores={"roc_auc": given}))

    assert said.startswith("the score 'roc_auc' is ")
    assert said.endswith("; allowed: a number")


@pytest.mark.parametrize("field", ["fit_s", "score_s", "cpu_s"])
@pytest.mark.parametrize(
    "given", [math.nan, math.inf, None, "1", 1e308, 10**400, Decimal("NaN")], ids=repr
)
def test_seconds_that_can_not_be_added_up_are_refused(told, field, given):
    assert told.refused(told.fold_score(**{field: given})).startswith(f"{field} is ")


def test_seconds_of_any_size_that_is_taken_can_be_added_up(told):
    huge = {"fit_s": 1e15, "score_s": 1e15, "cpu_s": 1e15}
    told.write(
        *(told.started(), told.trial()),
        *(told.fold_score(i, **huge) for i in range(3)),
        told.ended(),
    )

    with told.store() as store:
        assert store.trial(told.trial_id(0)).cpu_s == 3e15
        assert store.search(told.search_id).cpu_s == 3e15


@pytest.mark.parametrize("scores", [[1.7e308] * 3, [-1.7e308] * 3, [1e200, 0.5, 0.5]], ids=repr)
@pytest.mark.parametrize("interrupted", [True, False])
def test_huge_scores_do_not_stop_a_search_or_a_question(told, scores, interrupted):
    folds = [told.fold_score(i, scores={"roc_auc": score}) for i, score in enumerate(scores)]
    end = [SearchEnded(told.search_id, "interrupted", at=START)] if interrupted else []
    told.write(told.started(), told.trial(), *folds, *end)

    with told.store() as store:
        assert store.query("SELECT * FROM v_searches").rows
        curve = [point.score for point in store.learning_curves(told.search_id)]
    viewed = told.rows("score", "v_learning_curves", "ORDER BY resource")
    means = [math.fsum(score / 3 for score in scores[:n]) / n * 3 for n in (1, 2, 3)]
    assert curve == pytest.approx(means)
    assert [row[0] for row in viewed] == pytest.approx(means)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None])
def test_ordering_never_puts_what_is_no_number_first(told, bad):
    finite = [0.1, -5.0, 0.7, -1e308]
    records = [told.started()]
    for number, score in enumerate([bad, *finite, bad]):
        records += [
            told.trial(number),
            told.fold_score(number=number, scores={"roc_auc": score}),
            told.ended("stopped" if number == 5 else "completed", score, number=number),
        ]
    told.write(*records)

    with told.store() as store:
        best = [found.score for found in store.trials(told.search_id, sort="score")]
    ranked = told.rows("score", "v_leaderboard", "ORDER BY place")
    top = told.rows("max(score)", "fold_scores")
    down = told.rows("score", "fold_scores", "ORDER BY score DESC NULLS LAST")
    assert best == [0.7, 0.1, -5.0, -1e308, None, None]
    assert [row[0] for row in ranked] == [0.7, 0.1, -5.0, -1e308]
    assert top == [(0.7,)]
    assert [row[0] for row in down] == best


deep: list = []
for _ in range(46):
    deep = [deep]

VALUES = [
    (math.nan, "NaN", None, "NaN"),
    (-math.inf, "-Infinity", None, "-Infinity"),
    (1e308, 1e308, 1e308, None),
    (1e-320, 1e-320, 1e-320, None),
    (-0.0, 0.0, 0.0, None),
    (True, True, 1.0, "true"),
    (np.bool_(False), False, 0.0, "false"),
    (None, None, None, None),
    (10**30, 10**30, 1e30, None),
    (10**400, 10**400, None, str(10**400)[:200]),
    (np.float32(0.1), float(np.float32(0.1)), float(np.float32(0.1)), None),
    (np.int8(-3), -3, -3.0, None),
    ("", "", None, ""),
    ("nul\x00byte", "nul␀byte", None, "nul␀byte"),
    ("lone \ud800", "lone \\ud800", None, "lone \\ud800"),
    ("😀" * 300, "😀" * 300, None, "😀" * 200),
    (MEGABYTE, MEGABYTE, None, MEGABYTE[:200]),
    (LEFT_TO_RIGHT, LEFT_TO_RIGHT, None, LEFT_TO_RIGHT),
    ("'; DROP TABLE trials; --", "'; DROP TABLE trials; --", None, "'; DROP TABLE trials; --"),
    ("%s %(x)s {} :x ?", "%s %(x)s {} :x ?", None, "%s %(x)s {} :x ?"),
    ("\\", "\\", None, "\\"),
    (deep, deep, None, "[" * 47 + "]" * 47),
    ({"a": {"b": [1, None]}}, {"a": {"b": [1, None]}}, None, '{"a": {"b": [1, null]}}'),
]


@pytest.mark.parametrize(
    ("given", "kept", "number", "words"), VALUES, ids=[repr(v[0])[:30] for v in VALUES]
)
def test_a_parameter_is_kept_whole_and_can_be_searched(told, given, kept, number, words):
    told.write(
        told.started(),
        told.trial(configuration={"x": given}),
        told.trial(1, configuration={"x": given}),
    )

    with told.store() as store:
        first, second = store.trials(told.search_id, sort="number")
    cells = set(told.rows("name, number, text", "trial_parameters"))
    hashes = set(told.rows("configuration_hash"))
    assert first.configuration == second.configuration == {"x": kept}
    assert type(first.configuration["x"]) is type(kept)
    assert cells == {("x", number, words)}
    assert len(hashes) == 1
    assert check(told.url) == []


REFUSED_VALUES = [
    (10**5000, "has 16610 bits"),
    (Decimal("0.1"), "is a Decimal, which has no JSON form"),
    (Fraction(1, 3), "is a Fraction, which has no JSON form"),
    (1j, "is a complex, which has no JSON form"),
    (b"bytes", "is a bytes, which has no JSON form"),
    ({1, 2}, "is a set, which has no JSON form"),
    (object(), "is a object, which has no JSON form"),
    (np.longdouble(1), "has no JSON form"),
    ([deep], "is nested deeper than 50 levels"),
    ({1: "a", "1": "b"}, "has two keys that are '1' as text"),
    ({"a\x00": 1, "a␀": 2}, "has two keys that are 'a␀' as text"),
]


@pytest.mark.parametrize(("given", "said"), REFUSED_VALUES, ids=range(len(REFUSED_VALUES)))
def test_a_parameter_that_can_not_be_kept_is_refused(told, given, said):
    given = [[[given]]] if isinstance(given, list) else given
    message = told.refused(told.trial(1, configuration={"x": given}))

    assert message.startswith("configuration['x']")
    assert said in message


def test_a_value_that_contains_itself_is_refused(told):
    endless = {}
    endless["again"] = endless

    assert "contains itself" in told.refused(Note(told.search_id, "data", {"x": endless}, at=START))


TEXTS = [
    ("nul\x00byte", "nul␀byte"),
    ("lone \ud800 surrogate", "lone \\ud800 surrogate"),
    ("\udcff", "\\udcff"),
    ("😀 family 👨‍👩‍👧", "😀 family 👨‍👩‍👧"),
    (LEFT_TO_RIGHT, LEFT_TO_RIGHT),
    ("e\u0301 is not \u00e9", "e\u0301 is not \u00e9"),
    ("line\nbreak\r\ttab\x1b[31m", "line\nbreak\r\ttab\x1b[31m"),
    ('it\'s "quoted" `so`', 'it\'s "quoted" `so`'),
    ("Robert'); DROP TABLE searches; --", "Robert'); DROP TABLE searches; --"),
    ("' OR '1'='1", "' OR '1'='1"),
    ("%s %(name)s %% {0} {name} :name ? $1 @x", "%s %(name)s %% {0} {name} :name ? $1 @x"),
    ("NULL", "NULL"),
    ("\ufeffbyte order mark", "\ufeffbyte order mark"),
    ("\uffff\U0010ffff", "\uffff\U0010ffff"),
    (" leading and trailing ", " leading and trailing "),
]
IDS = [repr(given)[:30] for given, _ in TEXTS]
LONG = [("x" * 10_000, "x" * 10_000), (MEGABYTE, MEGABYTE)]


@pytest.mark.parametrize(("given", "kept"), TEXTS + LONG, ids=[*IDS, "10,000", "1 MB"])
def test_free_text_is_kept(told, given, kept):
    told.write(
        told.started(name=given, spec={given: given}),
        Note(told.search_id, "data", {"text": given, given: 1}, at=START),
        *(told.trial(), told.ended("failed", None, reason=given, traceback=given)),
        *(told.trial(1), Decision(told.trial_id(1), 1, 0.5, "stop", given, at=START)),
        Artifact(told.search_id, "report", given, "0" * 64, 1, at=START),
        SearchEnded(told.search_id, "failed", error=given, at=START),
    )

    with told.store() as store:
        search, failed = store.search(told.search_id), store.trial(told.trial_id(0))
        (note, *_) = store.events(told.search_id)
    (decision,) = told.rows("reason", "decisions")
    assert (search.name, search.error, search.report_path) == (kept,) * 3
    assert search.spec == {kept: kept}
    assert (failed.reason, failed.traceback, *decision) == (kept,) * 3
    assert note.payload == {"text": kept, kept: 1}
    assert check(told.url) == []


@pytest.mark.parametrize(("given", "kept"), TEXTS, ids=IDS)
def test_a_name_that_is_a_key_is_kept_and_found(told, given, kept):
    scores = {given: 0.5, "other": 0.1}
    told.write(
        told.started(metric=given, task=given),
        told.trial(family=given, configuration={given: given}),
        *(told.fold_score(scores=scores), told.ended()),
        OuterScore(told.search_id, "0", "winner", told.trial_id(0), scores, 0.1, at=START),
        Note(told.search_id, given, {}, at=START),
    )

    with told.store() as store:
        (found,) = store.trials(told.search_id, family=kept)
        assert store.search(told.search_id).metric == store.search(told.search_id).task == kept
        assert store.search(told.search_id).scores("winner") == {"0": 0.5}
        assert store.fold_scores(told.search_id)[0].scores == {kept: 0.5, "other": 0.1}
        assert store.events(told.search_id)[-1].kind == kept
    named = told.rows("name, text", "trial_parameters")
    assert (found.family, found.configuration) == (kept, {kept: kept})
    assert named == [(kept, kept)]


@pytest.mark.parametrize("character", ["x", "é", "😀", "\U0010ffff"])
def test_the_longest_names_fit_into_every_index(told, character):
    rng = np.random.default_rng(0)
    first = "abcdefgh" if character == "x" else [chr(ord(character) - i) for i in range(16)]
    name = "".join(rng.choice(list(first), 200))
    told.write(
        told.started(metric=name, task=name, fingerprint=name),
        told.trial(family=name, configuration={name: name}),
        *(told.fold_score(scores={name: 0.5}), told.ended()),
        OuterScore(told.search_id, "0", "winner", told.trial_id(0), {name: 0.5}, 0.1, at=START),
        Note(told.search_id, name, {}, at=START),
    )

    with told.store() as store:
        assert store.trials(told.search_id)[0].configuration == {name: name}
        assert store.search(told.search_id).outer_scores == (0.5,)


KEYS = {
    "family": lambda told, text: told.trial(1, family=text),
    "a parameter's name": lambda told, text: told.trial(1, configuration={text: 1}),
    "a metric's name": lambda told, text: told.fold_score(scores={text: 0.5}),
    "a note's kind": lambda told, text: Note(told.search_id, text, {}, at=START),
    "metric": lambda told, text: told.started(search_id="t", metric=text),
}


@pytest.mark.parametrize("what", KEYS)
@pytest.mark.parametrize("text", ["", TOO_LONG, "x" * 10_000, MEGABYTE], ids=len)
def test_a_name_that_is_too_long_for_a_key_is_refused(told, what, text):
    said = told.refused(KEYS[what](told, text))

    assert said.startswith(f"{what} is ")
    assert said.endswith("; allowed: 1 to 200 characters")


@pytest.mark.parametrize(
    "text",
    ["", TOO_LONG, "nul\x00", "line\nbreak", LEFT_TO_RIGHT, "\ud800", None, 7, b"s"],
    ids=repr,
)
def test_an_id_that_could_not_be_typed_is_refused(told, text):
    said = told.refused(told.started(search_id=text))

    assert said.startswith("search_id is ")
    assert said.endswith("; allowed: 1 to 200 printable characters")


@pytest.mark.parametrize(
    "text", ["it's", "a'; DROP TABLE trials; --", "😀", "100%", "_", "..", "~"]
)
def test_an_id_of_odd_characters_is_found_and_is_nobody_elses(told, text):
    told.write(told.started(), told.started(search_id=text, name="odd"))

    with told.store() as store:
        assert store.search(text).name == "odd"
        assert store.search(told.search_id).name == "churn"


MOMENTS = [
    ("backwards", START - timedelta(days=400), START - timedelta(days=400)),
    ("far future", FAR, FAR),
    ("the year 1", LONG_AGO, LONG_AGO),
    (
        "another zone",
        START.astimezone(timezone(timedelta(hours=5, minutes=45))),
        START,
    ),
    ("a zone of seconds", START.astimezone(timezone(timedelta(seconds=-3661))), START),
    ("microseconds", START.replace(microsecond=1), START.replace(microsecond=1)),
]


@pytest.mark.parametrize(
    ("given", "kept"), [moment[1:] for moment in MOMENTS], ids=[moment[0] for moment in MOMENTS]
)
def test_a_moment_is_kept_in_utc_however_the_clock_jumped(told, given, kept):
    told.write(
        *(told.started(), told.trial(at=given), told.fold_score(at=given), told.ended(at=given)),
        *(told.trial(1), told.ended("stopped", number=1, at=given)),
        Note(told.search_id, "data", {}, at=given),
        SearchEnded(told.search_id, "completed", at=given),
    )

    with told.store() as store:
        first, second = store.trials(told.search_id, sort="number")
        assert (first.started_at, first.ended_at, first.seconds) == (kept, kept, 0.0)
        assert second.seconds == max(0.0, (kept - START).total_seconds())
        assert store.search(told.search_id).ended_at == kept
        assert store.events(told.search_id)[0].at == kept
        assert first.started_at.tzinfo is UTC
    assert check(told.url) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (datetime(2026, 1, 31), "is 2026-01-31T00:00:00 without a time zone"),
        (date(2026, 1, 31), "is datetime.date(2026, 1, 31); allowed: a datetime"),
        ("2026-01-31", "is '2026-01-31'; allowed: a datetime"),
        (1.5, "is 1.5; allowed: a datetime"),
        (None, "is None; allowed: a datetime"),
        (np.datetime64("NaT"), "allowed: a datetime"),
        (
            datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
            "is outside the years 1 to 9999 in UTC",
        ),
    ],
    ids=repr,
)
def test_a_moment_that_is_none_is_refused(told, given, said):
    message = told.refused(told.fold_score(at=given))

    assert message.startswith("FoldScore.at ")
    assert said in message


def test_order_is_that_of_arrival_and_not_that_of_the_clock(told):
    backwards = [START - timedelta(hours=n) for n in range(12)]
    records = [told.started()]
    for number in range(3):
        at = backwards[4 * number : 4 * number + 4]
        records += [
            told.trial(number, at=at[0]),
            told.fold_score(number=number, at=at[1]),
            Decision(told.trial_id(number), 1, 0.5, "continue", "so", at=at[2]),
            told.ended(number=number, at=at[3]),
            Note(told.search_id, f"note {number}", {}, at=at[3]),
        ]
    told.write(*records)

    with told.store() as store:
        assert [event.kind for event in store.events(told.search_id)] == [
            "note 0",
            "note 1",
            "note 2",
        ]
        assert [found.number for found in store.trials(told.search_id, sort="number")] == [0, 1, 2]
    events = told.rows("sequence, trial_id, 1") + told.rows("sequence, trial_id, 2", "fold_fits")
    events += told.rows("ended_sequence, trial_id, 3")
    own = [told.trial_id(number) for number in range(3)]
    assert [event[1:] for event in sorted(events)] == [(one, n) for one in own for n in (1, 2, 3)]
    assert [row[0] for row in told.rows("trial_id", "decisions", "ORDER BY id")] == own


@pytest.mark.parametrize("number", [-1, 2**31, 0.5, "0", None, math.nan, 10**400], ids=repr)
def test_a_count_that_is_none_is_refused(told, number):
    assert told.refused(told.fold_score(resource=number)).startswith("resource is ")


def test_the_search_that_is_told_in_hostile_words_can_be_told_again(told):
    (given, _), *_ = TEXTS
    records = [
        told.started(name=given, spec={given: math.nan}),
        told.trial(configuration={given: given}),
        told.fold_score(scores={"roc_auc": math.nan}),
        told.ended(score=math.nan),
    ]
    assert isinstance(records[0], SearchStarted)

    told.write(*records)
    told.write(*records)

    assert told.store().search(told.search_id).trials["failed"] == 1
