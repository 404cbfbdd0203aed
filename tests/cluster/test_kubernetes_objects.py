"""What a search on Kubernetes is made of, given typed values."""

import re

import pytest
import yaml

from cluster.kubernetes.names import slug
from cluster.kubernetes.objects import as_yaml, objects
from cluster.kubernetes.wanted import Wanted, Workers, own_image
from tests.k8s.operator_rules import operator_rules


def test_the_id_goes_into_the_entry_point_and_nowhere_else() -> None:
    search_id = "Churn_of_2026"

    found = objects(search_id, Wanted())
    text = as_yaml(found)

    assert re.findall(rf".*{search_id}.*", text) == [
        f"  entrypoint: python -m searcher.cli.job {search_id}"
    ]
    assert "search-id" not in text
    assert set(re.findall(r"instance: (\S+)", text)) == {slug(search_id)}
    assert len({(one["kind"], one["metadata"]["name"]) for one in found}) == len(found) == 5


@pytest.mark.parametrize("search_id", ["A" * 64, "0", "a-_", "x" * 41])
def test_every_id_gives_what_the_operator_takes(search_id: str) -> None:
    assert operator_rules(objects(search_id, Wanted())) == []


def test_what_is_printed_is_what_would_be_created() -> None:
    wanted = Wanted(workers=(Workers(), Workers("gpu", gpus=2)))

    found = objects("churn", wanted)

    assert list(yaml.safe_load_all(as_yaml(found))) == found
    assert "&id" not in as_yaml(found)


def test_values_that_were_asked_for_are_where_they_belong() -> None:
    wanted = Wanted(
        namespace="team",
        image="registry.example.com:5000/own@sha256:" + "0f" * 32,
        workers=(
            Workers("small", 8, "500m", "1.5Gi"),
            Workers("big", 1, gpus=2, image="cuda:1"),
        ),
        head_memory="6Gi",
        queue="searches",
    )

    job, *others = objects("churn", wanted)

    cluster = job["spec"]["rayClusterSpec"]
    small, big = cluster["workerGroupSpecs"]
    first = [x["template"]["spec"]["containers"][0] for x in (small, big)]
    head = cluster["headGroupSpec"]["template"]["spec"]["containers"][0]
    submitter = job["spec"]["submitterPodTemplate"]["spec"]["containers"][0]
    assert {x["metadata"]["namespace"] for x in (job, *others)} == {"team"}
    assert (head["image"], submitter["image"], first[0]["image"]) == (wanted.image,) * 3
    assert (small["groupName"], small["replicas"], small["maxReplicas"]) == ("small", 8, 8)
    assert first[0]["resources"]["requests"] | first[0]["resources"]["limits"] == {
        "cpu": "500m",
        "memory": "1.5Gi",
        "ephemeral-storage": "8Gi",
    }
    assert first[1]["image"] == "cuda:1"
    assert first[1]["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert "tolerations" not in small["template"]["spec"]
    assert (big["groupName"], big["replicas"]) == ("big", 1)
    assert head["resources"]["limits"]["memory"] == "6Gi"
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "searches"
    assert job["spec"]["suspend"] is True


def test_without_a_word_it_is_the_manifest_with_the_image_of_this_release() -> None:
    job, *_ = objects("churn", Wanted())

    cluster = job["spec"]["rayClusterSpec"]
    (group,) = cluster["workerGroupSpecs"]
    assert (group["groupName"], group["replicas"]) == ("cpu", 2)
    assert group["template"]["spec"]["containers"][0]["image"] == own_image()
    assert "suspend" not in job["spec"]


def test_workers_with_gpus_run_the_image_for_them() -> None:
    job, *_ = objects("churn", Wanted(workers=(Workers(gpus=1),)))

    (group,) = job["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    assert group["template"]["spec"]["containers"][0]["image"] == own_image("searcher-cuda")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"namespace": "a: b"}, "namespace: found 'a: b'"),
        ({"namespace": "x" * 64}, "namespace: found"),
        ({"queue": "../x"}, "queue: found"),
        ({"image": "searcher"}, "image: found 'searcher'; allowed: NAME:TAG"),
        ({"image": "searcher:1\n  evil: true"}, "image: found"),
        ({"head_memory": "4GB"}, "head-memory: found '4GB'"),
        ({"workers": (Workers(), Workers())}, "different names, found cpu, cpu"),
        ({"image": "own:1", "workers": (Workers(gpus=1),)}, "image=NAME:TAG"),
    ],
)
def test_what_kubernetes_could_not_read_is_refused(values: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        Wanted(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [
        {"name": "CPU"},
        {"number": 0},
        {"gpus": -1},
        {"cpus": "0"},
        {"cpus": "-1"},
        {"cpus": "two"},
        {"memory": "4 Gi"},
        {"image": "searcher"},
    ],
)
def test_workers_that_kubernetes_could_not_read_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="workers: "):
        Workers(**values)  # type: ignore[arg-type]
