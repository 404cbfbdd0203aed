"""Which security advisories a version of Ray is known to have, and the oldest one without any.

A list by hand, to be read again with each release of Ray; sources are the advisories themselves
(GHSA of ray-project/ray, NVD, PyPI's PYSEC), looked up in November 2026. Left out is
CVE-2025-34351, that Ray asks for no token unless told: what we start is told, and a cluster that
does not ask is refused by what it does (``cluster.tokens``), not by its age.
"""

from dataclasses import dataclass

from packaging.version import InvalidVersion, Version


@dataclass(frozen=True, slots=True)
class Advisory:
    """Something that is wrong with all releases of Ray before one."""

    names: tuple[str, ...]  # CVE first
    what: str
    fixed_in: str


ADVISORIES = (
    Advisory(
        ("CVE-2023-6019", "GHSA-h3xg-wv58-5p43"),
        "the dashboard runs commands that are in a request for a profile",
        "2.8.1",
    ),
    Advisory(("CVE-2023-6020", "GHSA-6cxr-8q3m-jwrr"), "the dashboard hands out any file", "2.8.1"),
    Advisory(("CVE-2023-6021", "GHSA-3pww-qvr8-6mhp"), "the log API hands out any file", "2.8.1"),
    Advisory(
        ("CVE-2023-48023",), "the dashboard asks other servers on behalf of strangers", "2.8.1"
    ),
    Advisory(
        ("CVE-2026-32981", "GHSA-j3mh-qmjj-xp83", "PYSEC-2026-130"),
        "the dashboard's static path hands out any file",
        "2.8.1",
    ),
    Advisory(
        ("CVE-2023-48022", "GHSA-6wgj-66m2-xxp2"),
        "anyone who reaches it may run code, and there is no token to ask for (ShadowRay)",
        "2.52.0",
    ),
    Advisory(
        ("CVE-2025-62593", "GHSA-q279-jhrf-cc6v"),
        "a web page runs code through the browser of someone who reaches the dashboard",
        "2.52.0",
    ),
    Advisory(
        ("CVE-2026-27482", "GHSA-q5fh-2hc8-f6rq", "PYSEC-2026-2271"),
        "a web page deletes jobs through the browser of someone who reaches the dashboard",
        "2.54.0",
    ),
    Advisory(
        ("CVE-2026-41486", "GHSA-mw35-8rx3-xf9r", "PYSEC-2026-2272"),
        "Ray Data runs code that is in a Parquet file",
        "2.55.0",
    ),
    Advisory(
        ("CVE-2026-57516", "GHSA-hhrp-gw25-jr43", "PYSEC-2026-2273"),
        "Ray Data runs code that is in a WebDataset file",
        "2.56.0",
    ),
)

MINIMUM = str(max(Version(one.fixed_in) for one in ADVISORIES))
"""The oldest release of Ray that has none of them."""


def advisories_of(version: str) -> tuple[Advisory, ...]:
    """Return what is known to be wrong with a version of Ray, the oldest first.

    Raises
    ------
    ValueError
        If it is no version.
    """
    found = Version(version)
    return tuple(one for one in ADVISORIES if found < Version(one.fixed_in))


def reason_against(version: str) -> str | None:
    """Say why a version of Ray is not to be used; None if nothing is known against it."""
    try:
        known = advisories_of(version)
    except InvalidVersion:
        return f"Ray {version[:80]!r} is no version"
    if not known:
        return None
    listed = "; ".join(f"{one.names[0]}: {one.what}" for one in known)
    return f"Ray {version} has known holes ({listed}); at least {MINIMUM} is needed"
