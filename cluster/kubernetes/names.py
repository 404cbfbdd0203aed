"""What a search is called on Kubernetes, whose names have fewer letters than its id may have."""

import hashlib
import re

PREFIX = "search-"
LONGEST = 47
"""Characters of a RayJob's name that the operator (KubeRay 1.7) takes."""

SIGNED = 10
"""Characters of a hash: of a million ids two are told apart but once in two million times."""

PLAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
MADE = re.compile(rf".*--[0-9a-f]{{{SIGNED}}}")


def slug(search_id: str) -> str:
    """Return what stands for an id in names, labels and folders: itself wherever it can.

    One that is too long or has other characters is cut and gets a hash, so that no two ids have the
    same slug: no id that stays as it is ends like that.
    """
    most = LONGEST - len(PREFIX)
    if len(search_id) <= most and PLAIN.fullmatch(search_id) and not MADE.fullmatch(search_id):
        return search_id
    digest = hashlib.sha256(search_id.encode()).hexdigest()[:SIGNED]
    words = re.sub(r"[^a-z0-9]+", "-", search_id.lower())[: most - SIGNED - 2].strip("-")
    return f"{words or 'x'}--{digest}"


def job_name(search_id: str) -> str:
    """Return the name of a search's RayJob, which all of its objects begin with."""
    return PREFIX + slug(search_id)
