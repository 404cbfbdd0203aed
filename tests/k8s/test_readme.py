"""k8s/README.md speaks of what there is, and of all of it."""

import re

from tests.k8s.cloudnative_pg import OPERATOR_IMAGE
from tests.k8s.queues import GROUP
from tests.k8s.references import SECRETS
from tests.k8s.rendering import ROOT, SEARCH_ID, deployment, find

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


def test_what_each_component_needs_is_said_with_its_version() -> None:
    needs = README.split("## What it needs")[1].split("\n## ")[0]
    operators = {"monitoring", "cloudnative-pg", "grafana", "kueue"}

    assert {name for name in operators if f"| `components/{name}` |" not in needs} == set()
    assert f"CloudNativePG {OPERATOR_IMAGE.rpartition(':')[2].rpartition('.')[0]} " in needs
    assert (GROUP.rpartition("/")[2], "Kueue 0.15 or newer" in needs) == ("v1beta2", True)


def test_the_version_of_ray_is_the_one_that_is_installed() -> None:
    (job,) = [x for x in deployment("local") if x["kind"] == "RayJob"]
    pins = (ROOT / "constraints.txt").read_text()

    assert f"\nray=={job['spec']['rayClusterSpec']['rayVersion']}\n" in pins


def test_the_dashboards_source_is_where_the_readme_says() -> None:
    service = find(deployment("every component"), "Service", "database")
    port = service["spec"]["ports"][0]["port"]

    assert f"`database.{service['metadata']['namespace']}.svc:{port}`" in README
