"""Populations on the page: ways, exploits, and the schedules that won."""

import re
from pathlib import Path
from typing import Any

import pytest

from searcher.records import FINAL, UnitScore
from searcher.report.material import Material, read
from searcher.report.population import exploits, populations
from searcher.store import Store
from tests.searcher.report.conftest import report_of
from tests.searcher.report.evolving import Evolution
from tests.searcher.report.reading import Page
from tests.searcher.report.stories import SEARCH_ID
from tests.searcher.store.records_factory import fill


@pytest.fixture(scope="module")
def story() -> Evolution:
    """A search with three populations."""
    told = Evolution()
    told.tell()
    return told


@pytest.fixture(scope="module")
def path(story: Evolution, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of its report."""
    return report_of(story.records, tmp_path_factory.mktemp("evolution"))


@pytest.fixture(scope="module")
def page(path: Path) -> Page:
    """Its report, parsed."""
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def material(story: Evolution, tmp_path_factory: pytest.TempPathFactory) -> Material:
    """What its store says."""
    url = f"sqlite:///{tmp_path_factory.mktemp('material') / 'searcher.db'}"
    with Store(fill(url, story.records)) as store:
        return read(store, SEARCH_ID)


def scores(story: Evolution, trial_id: str) -> dict[int, float]:
    units = [r for r in story.records if isinstance(r, UnitScore) and r.trial_id == trial_id]
    return {unit.resource: unit.score for unit in units}


def lines(plot: dict[str, Any], colour: str) -> list[dict[str, Any]]:
    """The lines of a colour, without their entries in the legend and without arrows."""
    return [
        trace
        for trace in plot["data"]
        if trace.get("line", {}).get("color") == colour and trace["x"] != [None]
        if trace["marker"].get("symbol") != "arrow"
    ]


def arrows(plot: dict[str, Any]) -> list[tuple[tuple[int, int], tuple[float, float], str]]:
    """Each arrow as its resources, its scores and its text."""
    found = []
    for trace in plot["data"]:
        if trace.get("marker", {}).get("symbol") == "arrow":
            x, y, text = trace["x"], trace["y"], trace["text"]
            for i in range(0, len(x), 3):
                found.append(((x[i], x[i + 1]), (y[i], y[i + 1]), text[i + 1]))
    return found


def test_every_population_is_drawn_with_all_its_members_the_final_one_first(
    story: Evolution, page: Page
) -> None:
    plots = page.figures["ways"]

    assert len(plots) == 3
    for fold, plot in zip([FINAL, "0", "1"], plots, strict=True):
        members = lines(plot, "@s2")
        told = [scores(story, f"{SEARCH_ID}.{fold}.{i}") for i in range(1, 9)]
        assert len(members) == len(told)
        for line, expected in zip(members, told, strict=True):
            points = [*zip(line["x"], line["y"], strict=True)]
            for x, y in expected.items():
                assert any(at == x and drawn == pytest.approx(y, rel=1e-5) for at, drawn in points)


def test_an_arrow_leads_from_the_state_that_was_copied_to_the_one_that_was_given_up(
    story: Evolution, page: Page
) -> None:
    found = sorted(arrows(page.figures["ways"][0]))

    told = sorted(
        (
            (r.resource, r.resource),
            tuple(scores(story, of)[r.resource] for of in (r.source_trial_id, r.trial_id)),
            f"after {r.resource} epochs, member {r.trial_id.rsplit('.', 1)[1]} goes on from "
            f"member {r.source_trial_id.rsplit('.', 1)[1]}",
        )
        for r in story.replaced(FINAL)
    )
    assert len(told) == 6
    assert [x for x, _, _ in found] == [x for x, _, _ in told]
    for (_, drawn, text), (_, y, said) in zip(found, told, strict=True):
        assert drawn == pytest.approx(y, rel=1e-5)
        assert text.startswith(said)
        assert re.search(r"\nlearning_rate: \S+ → \S+$", text)


def test_a_members_line_breaks_off_and_goes_on_from_the_state_that_was_copied(
    story: Evolution, page: Page
) -> None:
    found = []
    for line in lines(page.figures["ways"][0], "@s2"):
        found += [
            (line["x"][i + 1], line["y"][i + 1]) for i, x in enumerate(line["x"]) if x is None
        ]

    told = [
        (r.resource, scores(story, r.source_trial_id)[r.resource]) for r in story.replaced(FINAL)
    ]
    assert sorted(found) == [pytest.approx(one, rel=1e-5) for one in sorted(told)]


def test_the_winners_way_goes_through_the_members_that_trained_its_state(
    story: Evolution, page: Page
) -> None:
    for fold, plot in zip([FINAL, "0", "1"], page.figures["ways"], strict=True):
        (way,) = lines(plot, "@accent")
        winner = story.winners[fold][1].trial_id
        stages = story.ways(fold)[winner]

        assert way["x"] == list(range(1, story.epochs + 1))
        assert way["y"][-1] == pytest.approx(scores(story, winner)[story.epochs], rel=1e-5)
        handed = {int(text.rsplit(" ", 1)[1]) for text in way["text"]}
        assert len(handed) <= len(stages)


def test_the_schedule_that_won_is_a_table_of_what_changed(story: Evolution, page: Page) -> None:
    for fold in (FINAL, "0", "1"):
        winner = story.winners[fold][1].trial_id
        way = story.ways(fold)[winner]
        assert len(way) > 1
        ends = [*(str(resource) for resource, _ in way[1:]), "the end"]
        for (start, configuration), end in zip(way, ends, strict=True):
            rate = f"{configuration['learning_rate']:.4g}"
            assert re.search(rf"{start} to {end} \d+ (–|\d+) .*?{re.escape(rate)}", page.text)


def test_what_stayed_as_it_was_is_no_column_of_a_schedule(path: Path) -> None:
    html = path.read_text(encoding="utf-8")
    section = html[html.index('<section id="lineage">') : html.index('<section id="families">')]

    names = set(re.findall(r"<th>(\w+)</th>", section)) - {"epochs"}

    assert "learning_rate" in names
    assert not {"compile", "precision", "epochs"} & names


def test_the_model_is_shown_with_what_the_winner_ended_with(
    story: Evolution, material: Material, page: Page
) -> None:
    winner = story.winners[FINAL][1].trial_id
    last = story.ways(FINAL)[winner][-1][1]

    (trial,) = (t for t in material.final if t.trial_id == winner)
    assert trial.configuration == last
    assert material.search.best_configuration == {"family": "mlp", **last}
    assert "this is the configuration that it ended with" in page.text
    assert "listed with the configuration that they ended with" in page.text


def test_an_exploit_is_told_by_what_the_source_was_trained_by_then(material: Material) -> None:
    for one in populations(material):
        found = list(exploits(one, material.began, one.members))
        assert len(found) == len(one.lineage)
        for exploit in found:
            source, at = exploit.record.source_trial_id, exploit.record.resource
            earlier = [r for r in one.lineage if r.trial_id == source and r.resource < at]
            of_source = earlier[-1].configuration if earlier else material.began[source]
            rates = (c["learning_rate"] for c in (of_source, exploit.record.configuration))
            assert exploit.changes == (("learning_rate", *rates),)
            assert exploit.copied == dict(one.curves[source])[at]
            assert exploit.given_up == dict(one.curves[exploit.record.trial_id])[at]


def test_a_search_without_lineage_has_no_such_section(usual: str) -> None:
    page = Page(usual)

    assert "lineage" not in page.ids
    assert "ways" not in page.figures
    assert "Lineage" not in page.text


def test_a_population_that_is_still_training_is_drawn_without_a_winner(tmp_path: Path) -> None:
    story = Evolution()
    story.start()
    story.inner_search("0", only="begun")
    page = Page(report_of(story.records, tmp_path).read_text(encoding="utf-8"))

    (plot,) = page.figures["ways"]
    assert lines(plot, "@accent") == []
    assert len(arrows(plot)) == 2
    assert "No member of 1 population has won" in page.text


def test_a_large_population_makes_a_page_of_bounded_size(tmp_path: Path) -> None:
    story = Evolution(members=80, epochs=30, interval=1, outer=1)
    path = report_of(story.tell(), tmp_path)

    assert path.stat().st_size < 5_700_000
    page = Page(path.read_text(encoding="utf-8"))
    final = page.figures["ways"][0]
    assert len(lines(final, "@s2")) == 60
    assert len(arrows(final)) == 60
    assert "60 of 80 members are drawn" in page.text
    assert "60 of 580 exploits are drawn" in page.text
