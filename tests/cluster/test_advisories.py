"""Old versions of Ray are refused, with what is known against them."""

import re
import tomllib
from pathlib import Path

import pytest
import ray
from packaging.version import Version

from cluster.advisories import ADVISORIES, MINIMUM, advisories_of, reason_against

PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


@pytest.mark.parametrize(
    ("version", "known", "newest"),
    [
        ("1.13.0", 10, "CVE-2026-57516"),
        ("2.8.0", 10, "CVE-2026-57516"),
        ("2.8.1", 5, "CVE-2026-57516"),
        ("2.51.2", 5, "CVE-2026-57516"),
        ("2.52.0", 3, "CVE-2026-57516"),
        ("2.53.0", 3, "CVE-2026-57516"),
        ("2.54.1", 2, "CVE-2026-57516"),
        ("2.55.1", 1, "CVE-2026-57516"),
        ("2.56.0rc1", 1, "CVE-2026-57516"),
    ],
)
def test_an_old_version_has_the_advisories_that_were_fixed_after_it(
    version: str, known: int, newest: str
) -> None:
    found = advisories_of(version)

    assert len(found) == known
    assert found[-1].names[0] == newest
    reason = reason_against(version)
    assert reason is not None
    assert all(one.names[0] in reason for one in found)
    assert reason.endswith("at least 2.56.0 is needed")


@pytest.mark.parametrize("version", ["2.56.0", "2.60.0", "2.100.0", "3.0.0.dev0", ray.__version__])
def test_nothing_is_known_against_a_new_version_or_the_installed_one(version: str) -> None:
    assert advisories_of(version) == ()
    assert reason_against(version) is None


@pytest.mark.parametrize("version", ["", "new", "<script>"])
def test_what_is_no_version_is_refused(version: str) -> None:
    assert reason_against(version) == f"Ray {version!r} is no version"


def test_each_advisory_has_one_place_a_name_and_a_release_that_fixed_it() -> None:
    names = [name for one in ADVISORIES for name in one.names]

    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"CVE-20\d\d-\d{4,6}", one.names[0]) for one in ADVISORIES)
    fixes = [Version(one.fixed_in) for one in ADVISORIES]
    assert fixes == sorted(fixes)
    assert Version(MINIMUM) == fixes[-1]


def test_no_version_that_can_be_installed_with_searcher_has_any() -> None:
    project = tomllib.loads(PROJECT.read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(one for extra in extras for one in extra)]

    bounds = [found[1] for one in wanted if (found := re.match(r"ray(?:\[\w+\])?>=([\d.]+)", one))]
    assert len(bounds) == 3
    assert all(reason_against(bound) is None for bound in bounds)
