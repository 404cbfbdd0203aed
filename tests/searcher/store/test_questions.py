"""Filters, orders and pages of trials: the same on both databases, and equal to plain Python."""

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from searcher.errors import NotFoundError, QuestionError, StoreError
from searcher.records import FINAL, Fold, SearchStarted, TrialEnded, TrialStarted
from searcher.store import Store, Writer
from searcher.store.conditions import FEW
from tests.searcher.store.condition_meaning import fits
from tests.searcher.store.records_factory import fill, make_records

START = datetime(2026, 1, 31, tzinfo=UTC)
ODD = 'odd "name; --'
CONFIGURATIONS = [
    {"learning_rate": 0.1, "depth": 3, "score": 5, "mode": "auto"},
    {"learning_rate": 0.01, "depth": None, "mode": "Auto_1"},
    {"learning_rate": 0.01, "depth": 3, "mode": 0.5, "flag": True},
    {"learning_rate": 1, "depth": 12, "mode": None, "flag": False},
    {ODD: 7, "mode": "100%", "layers": [16, 8]},
    {ODD: "'; DROP TABLE trials; --", "score": "x", "flag": "true"},
    {"a.b": -1e-9, "größe": "漢字", "long": "x" * 300},
    {},
]
SCORES = [0.9, 0.5, 0.5, None, 0.9, -0.25, 0.5, 1e-300]


def odd_search(search_id="odd"):
    """A search with every kind of parameter, equal scores, and trials in every state."""
    yield SearchStarted(search_id, "odd", {}, "auc", "binary", "f", {}, {}, make_folds(), at=START)
    for n, (configuration, score) in enumerate(zip(CONFIGURATIONS * 3, SCORES * 3, strict=True)):
        fold = ("0", "10", FINAL)[n % 3]
        trial_id = f"{search_id}.{fold}.{n // 3}"
        at = START + timedelta(hours=n)
        family = ("svm", "ridge", "a_b", "aB")[n % 4]
        yield TrialStarted(
            trial_id, search_id, fold, n // 3, family, configuration, "strategy", at=at
        )
        if score is not None or n < 10:
            state = "failed" if score is None else ("completed", "stopped")[n % 5 == 1]
            why = "ValueError: Solver 100%" if score is None else None
            at += timedelta(minutes=n)
            yield TrialEnded(trial_id, state, score, 3, reason=why, at=at)


def make_folds():
    rows = list(range(4))
    return tuple(
        Fold(outer, inner, rows[:2], rows[2:])
        for outer in ("0", "10", FINAL)
        for inner in (None, 0)
    )


@pytest.fixture(scope="module")
def odd(request, database, tmp_path_factory):
    """A store with that search and another one, and all of its trials."""
    if database == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('questions') / 'searcher.db'}"
    else:
        url = request.getfixturevalue("postgres").create_database()
    with Writer(url) as writer:
        for search_id in ("odd", "other"):
            for record in odd_search(search_id):
                writer.add(record)
    with Store(url) as store:
        yield store


def ids(trials):
    return [trial.trial_id for trial in trials]


CONDITIONS = [
    "score > 0.4",
    "score = 0.5 or score < 0",
    "score is null",
    "not score > 0.4",
    "learning_rate < 0.1",
    "not learning_rate < 0.1",
    "learning_rate in (0.1, 1)",
    "learning_rate not in (0.1, 1)",
    "learning_rate between 0.01 and 0.1 and score > 0.4",
    "depth is null",
    "depth is not null",
    "mode = 'auto'",
    "mode != 'auto'",
    "mode = 0.5 or mode = '100%'",
    "mode != 0.5",
    "mode in ('auto', 0.5)",
    "mode not in ('auto', 0.5)",
    "mode > 'B'",
    "mode like 'auto%'",
    "mode not like 'auto%'",
    "mode like '100\\%'",
    "mode like '____'",
    "flag = true",
    "flag != true",
    "flag = 'false'",
    "layers = '[16, 8]'",
    "parameters.score = 5",
    "parameters.score = 'x'",
    '"odd ""name; --" = 7',
    "\"odd \"\"name; --\" = '''; DROP TABLE trials; --'",
    'parameters."odd ""name; --" is not null',
    "a.b < 0",
    "größe = '漢字'",
    f"long = '{'x' * 300}'",
    "state = 'completed' and origin = 'strategy'",
    "state in ('failed', 'running')",
    "outer_fold = 10",
    "outer_fold != '10' and outer_fold != 'final'",
    "family >= 'ridge'",
    "family < 'a_b'",
    "family like 'A%'",
    "number between 2 and 3 and resource < 2.5",
    "started_at >= '2026-01-31 12:00' and started_at < '2026-02-01'",
    "ended_at < '2026-01-31T03:00:00+02:00' or ended_at is null",
    "reason like '%100\\%%'",
    "reason is not null or traceback like '%x%'",
    "seconds > 60 and seconds <= 120",
    "cpu_s is null",
    "attempt = 1",
    "trial_id = 'odd.final.3'",
    "not (state = 'completed' and (learning_rate < 0.1 or depth > 2) or mode like 'a%')",
]


@pytest.mark.parametrize("where", CONDITIONS)
def test_a_condition_gives_what_it_means(odd, where):
    every = odd.trials("odd")

    found = odd.trials("odd", where=where)

    assert ids(found) == [trial.trial_id for trial in every if fits(trial, where)]
    assert {trial.search_id for trial in found} <= {"odd"}


NAMES = st.sampled_from(
    [
        *("score", "number", "family", "state", "outer_fold", "started_at", "reason", "seconds"),
        *("learning_rate", "depth", "mode", "flag", '"odd ""name; --"', "parameters.score", "a.b"),
    ]
)
VALUES = st.sampled_from(
    [
        *("0.5", "0.01", "3", "-1e-9", "true", "false", "10", "1e300", "7"),
        *("'auto'", "'svm'", "'completed'", "'2026-01-31 12:00'", "'10'", "'100%'", "'x'"),
    ]
)
SIGNS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
COMPARISONS = st.one_of(
    st.builds("{} {} {}".format, NAMES, SIGNS, VALUES),
    st.builds("{} in ({}, {})".format, NAMES, VALUES, VALUES),
    st.builds("{} not between {} and {}".format, NAMES, VALUES, VALUES),
    st.builds("{} like {}".format, NAMES, st.sampled_from(["'%a%'", "'_uto'", "''", "'%\\%%'"])),
    st.builds("{} is {}null".format, NAMES, st.sampled_from(["", "not "])),
)
WHERES = st.recursive(
    COMPARISONS,
    lambda part: st.one_of(
        st.builds("({} and {})".format, part, part),
        st.builds("({} or {})".format, part, part),
        st.builds("not ({})".format, part),
    ),
    max_leaves=6,
)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(where=WHERES)
def test_any_condition_gives_what_it_means_or_a_plain_error(odd, where):
    try:
        found = odd.trials("odd", where=where)
    except QuestionError as error:
        said = str(error)
    else:
        assert ids(found) == [t.trial_id for t in odd.trials("odd") if fits(t, where)]
        return

    assert any(part in said for part in ("expected", "can be compared", "no text"))


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    text=st.text(st.characters(exclude_categories=()), max_size=30),
    name=st.text(st.characters(exclude_categories=()), max_size=15),
)
def test_no_text_raises_anything_but_a_plain_error(odd, text, name):
    quoted = text.replace("'", "''")
    named = name.replace('"', '""')
    for where in (text, f"family = '{quoted}'", f"mode like '{quoted}'", f'"{named}" = 1'):
        with suppress(QuestionError):
            odd.trials("odd", where=where, limit=1)
    for option in ("sort", "after", "outer_fold", "state", "family"):
        with suppress(QuestionError, NotFoundError):
            odd.trials("odd", limit=1, **{option: text})


ATTACKS = [
    "x' OR '1'='1",
    "'; DROP TABLE trials; --",
    "x'); DELETE FROM trials; --",
    "' UNION SELECT spec FROM searches --",
    "\\'; DROP TABLE trials; --",
    "%' ESCAPE '\\' OR 1=1 --",
    "$$; DROP TABLE trials; $$",
    ":name %(name)s ? $1 {0}",
    "/* */ OR 1=1",
    "\x00'; DROP TABLE trials",
    "ʼ; DROP TABLE trials; --",
    "\ud800' OR 1=1",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_asked_for_is_never_part_of_the_sql(odd, attack):
    """The statements are those of a harmless value, letter by letter."""
    quoted = attack.replace("'", "''")

    for where in ("family = '{}'", "mode != '{}'", "mode in ('{}', 'b')", "reason like '%{}%'"):
        harmless = statements(odd, lambda where=where: odd.trials("odd", where=where.format("a")))
        attacked = statements(
            odd, lambda where=where: odd.trials("odd", where=where.format(quoted))
        )
        assert attacked[-1:] == harmless[-1:]
        assert not any("DROP" in sql or "1=1" in sql or "'1'" in sql for sql in attacked)
    for ask in (
        lambda: odd.trials("odd", where=f'"{attack.replace(chr(34), chr(34) * 2)}" = 1'),
        lambda: odd.trials("odd", sort=attack),
        lambda: odd.trials("odd", family=attack, state=attack),
        lambda: odd.trials("odd", where=attack),
        lambda: odd.trials(attack),
    ):
        attacked = statements(odd, ask)
        assert not any("DROP" in sql or "1=1" in sql or "'1'" in sql for sql in attacked)

    assert len(odd.trials("odd")) == 24


def statements(store, ask, *, values=False):
    """Return the SQL that a question sends, whether it is answered or refused."""
    sent = []

    def remember(connection, cursor, statement, parameters, *rest):
        sent.append((statement, parameters) if values else statement)

    event.listen(store._engine, "before_cursor_execute", remember)
    try:
        with suppress(StoreError):
            ask()
    finally:
        event.remove(store._engine, "before_cursor_execute", remember)
    return sent


@pytest.mark.parametrize(
    ("where", "place", "said"),
    [
        ("scor > 1", 1, r"no column or parameter 'scor'; columns: .*score.*; parameters: a\.b, .*"),
        ("lerning_rate > 1", 1, "Did you mean 'learning_rate'"),
        ("score > 1 and parameters.dept = 1", 15, "no parameter 'dept'; known: .*mean 'depth'"),
        ("score > 'high'", 9, "a number is expected, found 'high'"),
        ("score = true", 9, "a number is expected, found true"),
        ("family = 3", 10, "a text is expected: '3', found 3"),
        ("state = 'complete'", 9, "running, paused, .* expected, found 'complete'. Did you mean"),
        ("state > 'a'", 9, "state can be compared with =, != and in only"),
        ("outer_fold < 3", 14, "outer_fold can be compared with =, != and in only"),
        ("started_at > 'yesterday'", 14, "a time is expected, as in '2026-01-31 12:00'"),
        ("started_at > 5", 14, "a time is expected"),
        ("ended_at = '9999-12-31 23:59-10:00'", 12, "a time is expected"),
        ("score like '5%'", 12, "score is no text"),
    ],
)
def test_a_name_or_value_that_can_not_be_is_pointed_at(odd, where, place, said):
    with pytest.raises(QuestionError, match=said) as e:
        odd.trials("odd", where=where)

    first, _, pointer = str(e.value).split("\n")
    assert f"(character {place})" in first
    assert pointer == " " * (1 + place) + "^"


def test_a_search_without_trials_knows_every_parameter(url):
    fill(url, list(odd_search())[:1])

    with Store(url) as store:
        assert store.trials("odd", where="learning_rate < 0.1") == ()
        assert store.trials("odd", sort="learning_rate") == ()


ORDERS = [
    *("score", "-score", "number", "-number", "cpu_s", "-seconds", "ended_at", "-started_at"),
    *("family", "-family", "state", "outer_fold", "reason", "trial_id", "resource"),
    *("learning_rate", "-learning_rate", "mode", "-mode", "flag", "parameters.score", ODD),
]


def expected_order(trials, order):
    """Sort by what is there, then what is not, and by arrival where it is equal."""
    name, back = order.removeprefix("-"), order.startswith("-")
    arrived = sorted(trials, key=lambda trial: trial.started_at)
    if name == "score":
        down = sorted(arrived, key=lambda t: (t.score or 0) * (1 if back else -1))
        return sorted(down, key=lambda t: (t.state != "completed", t.score is None))
    if name == "number":
        folds = ["0", "10", FINAL]
        sign = -1 if back else 1
        return sorted(arrived, key=lambda t: (sign * folds.index(t.outer_fold), sign * t.number))

    def value(trial):
        if hasattr(trial, name):
            return getattr(trial, name)
        return trial.configuration.get(name.removeprefix("parameters."))

    numbers = [t for t in arrived if isinstance(value(t), int | float)]
    others = [t for t in arrived if value(t) is not None and t not in numbers]
    missing = [t for t in arrived if value(t) is None]
    for some in (numbers, others):
        some.sort(key=_bytes_of(value), reverse=False)
        if back:
            some.sort(key=_bytes_of(value), reverse=True)
    return numbers + others + missing


def _bytes_of(value):
    def key(trial):
        found = value(trial)
        return found.encode() if isinstance(found, str) else found

    return key


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_is_what_it_says_and_equal_ones_stay_as_they_came(odd, order):
    found = odd.trials("odd", sort=order)

    assert ids(found) == ids(expected_order(found, order))
    assert len(set(ids(found))) == 24


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [1, 5, 24])
def test_pages_put_together_are_the_whole(odd, order, size):
    whole = odd.trials("odd", sort=order)
    pages, after = [], None

    while True:
        page = odd.trials("odd", sort=order, limit=size, after=after)
        pages += page
        after = page.next
        if after is None:
            break

    assert pages == list(whole)
    assert whole.next is None


def test_pages_of_a_filtered_order_are_the_whole(odd):
    where = "score > 0.4 or learning_rate < 0.1"
    first = odd.trials("odd", where=where, sort="-learning_rate", limit=4)

    rest = odd.trials("odd", where=where, sort="-learning_rate", after=first.next)

    assert first + rest == odd.trials("odd", where=where, sort="-learning_rate")


def test_a_page_goes_on_behind_the_same_trial_though_new_ones_came(url):
    fill(url, list(odd_search()))
    with Store(url) as store:
        first = store.trials("odd", sort="number", limit=5)
        new = TrialStarted("odd.0.99", "odd", "0", 99, "svm", {}, "strategy", at=START)
        fill(url, [new])

        rest = store.trials("odd", sort="number", after=first.next)

    assert not set(ids(first)) & set(ids(rest))
    assert len(first) + len(rest) == 25


def test_no_page_is_asked_for_by_its_offset(odd):
    page = odd.trials("odd", limit=5)

    sent = statements(odd, lambda: odd.trials("odd", limit=5, after=page.next), values=True)

    # SQLAlchemy writes LIMIT ? OFFSET ? for SQLite whenever there is a limit.
    assert not any("OFFSET" in sql and values[-1] != 0 for sql, values in sent)


def forged(*content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ("", "is not where a page"),
        ("x", "is not where a page"),
        ("!!!!", "is not where a page"),
        (forged(1), "is not where a page"),
        (forged("odd", "score", 0, ["0.5"], 3), "is not where a page"),
        (forged("odd", "score", 0, [], 3), "is not where a page"),
        (forged("odd", "score", 0, [float("nan")], 3), "is not where a page"),
        (forged("odd", "score", 0, [10**400], 3), "is not where a page"),
        (forged("odd", "score", 7, [0.5], 3), "of another search or order"),
        (forged("odd", "score", 0, [0.5], 2**40), "of another search or order"),
        (forged("odd", "number", 0, [0.5], 3), "of another search or order"),
        (forged("other", "score", 0, [0.5], 3), "of another search or order"),
        (base64.urlsafe_b64encode(b"[" * 90_000).decode(), "is not where a page"),
    ],
)
def test_a_place_that_no_page_ended_at_is_refused(odd, after, said):
    with pytest.raises(QuestionError, match=said):
        odd.trials("odd", after=after)


def test_trials_come_one_by_one_as_often_as_wanted(odd):
    whole = odd.trials("odd", where="score > 0.4")

    with odd.each_trial("odd", where="score > 0.4") as trials:
        first, second = list(trials), list(trials)
    with odd.each_trial("odd", where="score > 0.4", limit=3) as trials:
        few = list(trials)

    assert first == second == list(whole)
    assert few == first[:3]


def test_a_stream_is_of_one_moment(url):
    fill(url, list(odd_search()))

    with Store(url) as store, store.each_trial("odd") as trials:
        before = ids(trials)
        fill(url, [TrialStarted("odd.0.99", "odd", "0", 99, "svm", {}, "strategy", at=START)])

        assert ids(trials) == before
    with Store(url) as store:
        assert len(store.trials("odd")) == 25


def test_a_parameter_that_few_trials_have_is_found_among_many(url):
    """Few and many are looked up in different ways, with the same result."""
    folds = make_folds()
    records = [SearchStarted("many", "many", {}, "auc", "binary", "f", {}, {}, folds, at=START)]
    for n in range(FEW + 50):
        configuration = {"rate": n / FEW, "rare": n} if n % 500 == 0 else {"rate": n / FEW}
        records.append(
            TrialStarted(f"many.0.{n}", "many", "0", n, "svm", configuration, "strategy", at=START)
        )
    fill(url, records)

    with Store(url) as store:
        for where in ("rare >= 0", "rate >= 0", "rate < 0.001", "rate in (0, 1)", "rare > 9999"):
            found = store.trials("many", where=where, sort="number")
            every = store.trials("many", sort="number")
            assert ids(found) == [t.trial_id for t in every if fits(t, where)]


def test_learning_curves_are_those_of_the_view(url):
    fill(url, make_records("s"))
    with Store(url) as store:
        best = store.trials("s", outer_fold=FINAL, limit=3)

        curves = store.learning_curves("s", best=3, outer_fold=FINAL, metric="roc_auc")
        every = store.learning_curves("s")

        sql = "SELECT trial_id, metric, resource, score FROM v_learning_curves"
        view = {row[:3]: row[3] for row in store.query(f"{sql} WHERE search_id = 's'").rows}
    assert list(dict.fromkeys(point.trial_id for point in curves)) == ids(best)
    assert [point.resource for point in curves] == [1, 2, 3] * 3
    assert curves[2].score == pytest.approx(best[0].score)
    assert {(p.trial_id, p.metric, p.resource): p.score for p in every} == pytest.approx(view)


def test_learning_curves_are_of_some_trials_or_of_the_best(odd):
    with pytest.raises(QuestionError, match="not of both"):
        odd.learning_curves("odd", trials=["odd.0.1"], best=3)

    assert odd.learning_curves("odd", trials=["other.0.1", "no such"]) == ()


def test_parameters_are_those_of_the_search(odd):
    expected = {name for configuration in CONFIGURATIONS for name in configuration}

    assert set(odd.parameters("odd")) == expected
