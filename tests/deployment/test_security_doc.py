"""docs/security.md names tests that are there, and ports and roles as they are."""

import re

from tests.deployment.launcher_rules import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()


def test_every_test_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))

    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert len(named) > 20
    assert named <= there, named - there


def test_every_claim_names_a_test_and_every_gap_is_a_sentence() -> None:
    rows = PAGE.split("## What is tested")[1].split("## Known gaps")[0].strip().splitlines()[2:]
    gaps = [line for line in PAGE.split("## Known gaps")[1].splitlines() if line.startswith("- ")]

    assert rows
    assert [row for row in rows if "`test_" not in row] == []
    assert len(gaps) > 5
    assert [gap for gap in gaps if not gap.endswith(".")] == []


def test_it_is_a_page() -> None:
    assert len(PAGE.split()) < 1100


def test_the_version_of_ray_that_it_speaks_of_is_required() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    (required,) = re.findall(r"Installing Searcher requires ([\d.]+)\.", PAGE)

    assert f'"ray[tune]>={required},' in project
