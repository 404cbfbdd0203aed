"""k8s/README.md speaks of what there is, and of all of it."""

import re

from tests.k8s.references import SECRETS
from tests.k8s.rendering import ROOT, SEARCH_ID, deployment

README = (ROOT / "k8s" / "README.md").read_text()
FOLDERS = re.compile(r"`?\b((?:k8s/)?(?:base|search|components|overlays)/[\w/-]*)")


def test_every_folder_that_it_names_is_there() -> None:
    named = {name.removeprefix("k8s/") for name in FOLDERS.findall(README)}
    named = {name for name in named if SEARCH_ID not in name}

    missing = [name for name in named if not list((ROOT / "k8s").glob(f"{name.rstrip('/')}*"))]

    assert named
    assert missing == []


def test_every_folder_is_named() -> None:
    folders = {
        path.parent.relative_to(ROOT / "k8s") for path in ROOT.glob("k8s/**/kustomization.yaml")
    }

    assert [str(folder) for folder in folders if f"`{folder}" not in README] == []


def test_every_secret_is_named() -> None:
    assert [name for name in SECRETS if f"`{name}`" not in README] == []


def test_jobs_are_called_what_it_calls_them() -> None:
    objects = {(x["kind"], x["metadata"]["name"]) for x in deployment("every component")}

    named = set(re.findall(r"(?<=[ /])job/migrate[\w-]+|--from=cronjob/\w+", README))

    kinds = {"job": "Job", "--from=cronjob": "CronJob"}
    assert len(named) == 3
    assert {(kinds[x.split("/")[0]], x.split("/")[1]) for x in named} <= objects
