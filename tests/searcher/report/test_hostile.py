"""Names from strangers' files stay text: nothing in them runs, and nothing ends an element."""

import re
from dataclasses import replace

import pytest

from searcher.records import Record, SearchStarted, TrialStarted
from searcher.report.figures import Figure, Plot, as_json, plain
from tests.searcher.report.conftest import Report
from tests.searcher.report.reading import Page
from tests.searcher.report.stories import Story
from tests.searcher.report.surroundings import COLUMNS

SCRIPT = "</script><script>window.pwned = 1</script>"
IMAGE = '"><img src=x onerror="window.pwned = 1">'
LINK = '<a href="https://example.org/">click</a>'


def hostile_story(trials: int = 30) -> list[Record]:
    """Tell a search in which everything that a stranger can name is an attack."""
    story = Story(
        name=f"churn {SCRIPT}{IMAGE}",
        trials=trials,
        outer=2,
        columns=[{**column, "name": f"{column['name']}{SCRIPT}{IMAGE}"} for column in COLUMNS],
        classes=[f"No{SCRIPT}", f"Yes{IMAGE}"],
        reason=f"ValueError: {SCRIPT}{IMAGE}{LINK}",
        failing=0.1,
        metrics=[f"roc_auc{IMAGE}", f"accuracy{SCRIPT}"],
    )
    return [_attack(record) for record in story.tell()]


def _attack(record: Record) -> Record:
    if isinstance(record, TrialStarted):
        value = f"{SCRIPT}{LINK}{record.number}" if record.number % 2 else IMAGE
        return replace(record, configuration={**record.configuration, f"p{SCRIPT}{LINK}": value})
    if isinstance(record, SearchStarted):
        return replace(record, environment={SCRIPT: IMAGE, "versions": {IMAGE: SCRIPT}})
    return record


def test_page_has_only_its_own_scripts_and_no_foreign_element(report: Report) -> None:
    page = Page(report(hostile_story()))

    assert len(page.scripts) == 3  # the data, plotly.js, our own
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"img", "iframe", "object", "embed", "form"}
    assert not any(name.startswith("on") for _, attrs in page.elements for name in attrs)
    assert SCRIPT in page.text  # shown, as the text that it is


def test_figures_hold_no_markup_of_strangers(report: Report) -> None:
    page = Page(report(hostile_story()))

    written = page.scripts[0]
    assert "<" not in written
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', written)
    markup = {s for s in strings if "\\u003c" in s}
    assert markup  # plotly's own, such as the end of a hover text
    assert all("pwned" not in s and "href" not in s and "img" not in s for s in markup)


@pytest.mark.parametrize("text", [SCRIPT, IMAGE, LINK, "a&lt;b", "a\nb\x00c", "\u202eevil"])
def test_plain_leaves_nothing_that_plotly_would_read_as_markup(text: str) -> None:
    shown = plain(text, 1000)

    assert not set("<>&\n\x00\u202e") & set(shown)
    assert len(shown) == len(text)


def test_plain_cuts_what_is_too_long() -> None:
    assert plain("x" * 100) == "x" * 39 + "…"


def test_json_can_stand_in_a_script_element() -> None:
    data = [{"x": [float("nan"), float("inf"), 1 / 3], "name": "</script><!--\u2028"}]

    written = as_json([Figure("id", "", (Plot("", data, {}),))], {})

    assert not set("<>&\u2028") & set(written)
    assert "[null,null,0.3333333]" in written
