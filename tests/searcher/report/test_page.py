"""The page in a browser: everything is drawn, nothing is fetched, nothing complains."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.lacking import lacks
from tests.searcher.report import reading
from tests.searcher.report.browser import Page, find_chromium, open_page
from tests.searcher.report.conftest import report_of
from tests.searcher.report.evolving import Evolution
from tests.searcher.report.stories import Story
from tests.searcher.report.test_hostile import hostile_story
from tests.searcher.report.test_report import OF_TASK

pytestmark = pytest.mark.browser

DRAWN = "document.documentElement.dataset.drawn !== undefined"
MARKS = ".points path, .trace path, path.js-line, path.box, .hm image, .contourlines path"
LABELS = """[...document.querySelectorAll(".plot")].map((place) => {
    const headings = [...place.closest("section").querySelectorAll("h2, h3")].filter((heading) =>
        heading.compareDocumentPosition(place) & Node.DOCUMENT_POSITION_FOLLOWING);
    return [place.id, place.ariaLabel, headings.length];
})"""
PLOTS = f"""[...document.querySelectorAll(".plot")].map((place) => [
    place.id, place.matches(".js-plotly-plot") && place.querySelectorAll("svg.main-svg").length > 0,
    [...place.querySelectorAll("{MARKS}")].filter((mark) => {{
        const box = mark.getBoundingClientRect();
        return box.width + box.height > 0;
    }}).length])"""


@pytest.fixture(scope="module", autouse=True)
def chromium() -> None:
    """Tests of this module need a browser."""
    if find_chromium() is None:
        message = "no chromium, chromium-browser or google-chrome was found"
        lacks(message)


def assert_all_drawn(page: Page) -> None:
    """Every plot has something in it, and the console is silent."""
    page.wait_until(DRAWN)
    plots = page.evaluate(PLOTS)

    assert len(plots) == page.evaluate("document.querySelectorAll('[role=img]').length")
    assert [name for name, drawn, marks in plots if not drawn or marks == 0] == []
    assert page.complaints == []


def assert_readable(page: Page) -> None:
    """Nothing hangs over the side; every plot has a heading, and words for who can't see it."""
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((h) => +h.tagName[1])")
    root = "document.documentElement"

    assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0
    labels = page.evaluate(LABELS)
    assert [name for name, label, headings in labels if len(label) < 15 or not headings] == []
    assert levels[0] == 1
    assert max(after - before for before, after in pairwise(levels)) == 1
    text = page.evaluate("document.body.innerText")
    assert not [word for word in ("undefined", "NaN", "can't be drawn") if word in text]


def fetched(page: Page) -> list[str]:
    """Addresses of all that was fetched; a picture that plotly has made itself is not."""
    return [address for address in page.requests if not address.startswith("data:image/png")]


def plots_of(page: Page) -> list[str]:
    """Names of the plots, sorted."""
    names = page.evaluate("[...document.querySelectorAll('.plot')].map((place) => place.id)")
    return sorted(names)


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("task", OF_TASK)
def test_every_plot_of_every_task_is_drawn_on_wide_and_narrow_screens(
    paths: dict[str, Path], task: str, width: int
) -> None:
    with open_page(paths[task], width=width) as page:
        assert_all_drawn(page)
        assert_readable(page)

        assert plots_of(page) == sorted(OF_TASK[task])
        assert fetched(page) == [paths[task].resolve().as_uri()]


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("what", ["begun", "interrupted", "all failed"])
def test_a_search_without_outer_scores_is_shown_without_complaint(
    tmp_path: Path, what: str, width: int
) -> None:
    story = Story(trials=30)
    story.start()
    if what != "begun":
        story.inner_search("0", only="failed" if what == "all failed" else None)
    path = report_of(story.records, tmp_path)

    with open_page(path, width=width) as page:
        assert_all_drawn(page)
        assert_readable(page)

        assert "target" in plots_of(page)
        assert ("timeline" in plots_of(page)) == (what != "begun")
        assert not {"roc", "confusion"} & set(plots_of(page))
        assert "No outer fold has been judged" in page.evaluate("document.body.innerText")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_plot_is_drawn_and_nothing_is_fetched(usual_path: Path, *, dark: bool) -> None:
    with open_page(usual_path, dark=dark) as page:
        assert_all_drawn(page)

        assert plots_of(page) == sorted(OF_TASK["binary"])
        assert fetched(page) == [usual_path.resolve().as_uri()]
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(13, 17, 23)" if dark else "rgb(255, 255, 255)")
        ink = page.evaluate("getComputedStyle(document.querySelector('#history .xtick text')).fill")
        assert ink == ("rgb(230, 237, 243)" if dark else "rgb(31, 35, 40)")


def test_the_ways_of_a_population_are_drawn_on_a_narrow_screen_too(tmp_path: Path) -> None:
    path = report_of(Evolution().tell(), tmp_path)

    with open_page(path, width=390) as page:
        assert_all_drawn(page)
        assert_readable(page)

        assert "ways" in plots_of(page)
        heads = "document.querySelectorAll('#ways .scatterlayer path.point').length"
        assert page.evaluate(heads) > 0
        assert page.evaluate("document.querySelectorAll('#lineage details[open] tr').length") > 1


def test_selectors_draw_each_of_their_plots(usual_path: Path) -> None:
    with open_page(usual_path) as page:
        page.wait_until(DRAWN)
        choices = page.evaluate(
            "[...document.querySelectorAll('select')].flatMap((s) =>"
            " [...s.options].map((_, i) => [s.dataset.for, i]))"
        )

        for name, index in choices:
            page.evaluate(
                f"""(async () => {{
                    const place = document.getElementById("{name}");
                    const selector = document.querySelector('select[data-for="{name}"]');
                    const drawn = new Promise((done) => place.once("plotly_afterplot", done));
                    selector.selectedIndex = {index};
                    selector.dispatchEvent(new Event("change"));
                    await drawn;
                }})()"""
            )
            shown = page.evaluate(
                f"[...document.querySelectorAll('[data-note-of=\"{name}\"]')]"
                ".map((note) => !note.hidden).indexOf(true)"
            )
            assert shown == index
            assert page.evaluate(f"document.querySelectorAll('#{name} svg path').length") > 0

        figures = reading.Page(usual_path.read_text(encoding="utf-8")).figures.values()
        assert len(choices) == sum(len(plots) for plots in figures if len(plots) > 1)
        assert page.complaints == []


def test_a_phone_scrolls_plots_and_tables_but_not_the_page(usual_path: Path) -> None:
    with open_page(usual_path, width=390, height=844) as page:
        assert_all_drawn(page)

        assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_printed_page_is_light_and_within_its_margins(usual_path: Path) -> None:
    with open_page(usual_path, dark=True) as page:
        page.wait_until(DRAWN)

        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        widths = "[...document.querySelectorAll('.plot .main-svg')].map((svg) => svg.clientWidth)"
        page.wait_until(f"{widths}.every((width) => width === 680)")
        ink = page.evaluate("getComputedStyle(document.querySelector('#history .xtick text')).fill")

        assert ink == "rgb(31, 35, 40)"


def test_hostile_names_do_not_run(tmp_path: Path) -> None:
    path = report_of(hostile_story(60), tmp_path)

    with open_page(path) as page:
        assert_all_drawn(page)

        assert page.evaluate("typeof window.pwned") == "undefined"
        assert page.evaluate("document.querySelectorAll('.plot a[href], .plot img').length") == 0
        assert fetched(page) == [path.resolve().as_uri()]


def test_a_foreign_script_would_not_run_either(usual_path: Path, tmp_path: Path) -> None:
    """The policy is a second wall: it holds even where escaping failed."""
    broken = tmp_path / "broken.html"
    text = usual_path.read_text(encoding="utf-8")
    broken.write_text(text.replace("</main>", "<script>window.pwned = 1</script></main>"))

    with open_page(broken) as page:
        page.wait_until(DRAWN)

        assert page.evaluate("typeof window.pwned") == "undefined"
        assert any("Content Security Policy" in complaint for complaint in page.complaints)


def test_a_search_of_one_fold_and_few_trials_is_drawn(tmp_path: Path) -> None:
    path = report_of(Story(trials=7, outer=1).tell(), tmp_path)

    with open_page(path) as page:
        assert_all_drawn(page)
