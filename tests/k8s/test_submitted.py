"""What `searcher submit --kubernetes` makes is what Kustomize makes of the same manifests."""

import pytest

from cluster.kubernetes.objects import ID, objects
from cluster.kubernetes.wanted import Wanted, Workers
from tests.k8s.network import Call, connections, end_of, reaches
from tests.k8s.operator_rules import operator_rules
from tests.k8s.pods import labels, pods
from tests.k8s.references import references
from tests.k8s.rendering import SEARCH_ID, VARIANTS, Document, called, render
from tests.k8s.restricted import restricted

FOLDER = f"{VARIANTS}/submitted"


def _by_name(documents: list[Document]) -> dict[str, Document]:
    return {called(document): document for document in documents}


@pytest.mark.parametrize(
    ("folder", "wanted"),
    [
        ("plain", Wanted()),
        ("every", Wanted(workers=(Workers(), Workers("gpu", 1, gpus=1)), queue="searches")),
    ],
)
def test_the_command_and_kustomize_make_the_same(folder: str, wanted: Wanted) -> None:
    by_kustomize = _by_name(render(f"{FOLDER}/{folder}"))

    assert _by_name(objects(SEARCH_ID, wanted)) == by_kustomize


HARD = "Churn_of_2026-" + "x" * 50


def test_a_search_whose_id_is_no_name_gets_through_too() -> None:
    installed, made = render("k8s/overlays/local"), objects(HARD, Wanted())
    instance = made[0]["metadata"]["labels"][ID]

    found = [*operator_rules(made), *restricted(made), *references([*installed, *made])]
    ways = connections([*installed, *made])

    assert found == []
    assert ways[f"submitter of {instance}", f"driver of {instance}"] == {"8265/TCP"}
    assert ways[f"driver of {instance}", "database"] == {"5432/TCP"}
    assert (f"worker of {instance}", "database") not in ways


def test_two_searches_whose_ids_differ_in_a_letter_do_not_reach_each_other() -> None:
    made = [*objects("Churn", Wanted()), *objects("churn", Wanted())]
    nothing = render("k8s/overlays/local")
    workers = [x for x in pods(made) if labels(x)["app.kubernetes.io/component"] == "worker"]
    one, other = (end_of(pod) for pod in workers)

    assert not reaches([*nothing, *made], Call(one, other, 11111, "TCP"))
    assert reaches([*nothing, *made], Call(one, one, 11111, "TCP"))
