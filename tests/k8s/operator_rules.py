"""What the KubeRay operator refuses though the API server has accepted it.

ray-operator/controllers/ray/utils/validation.go of KubeRay 1.7.0, and the rules that the CRD states
in CEL, as far as they concern fields that we use.
"""

import re
from collections.abc import Iterator

from tests.k8s.rendering import Document, called

DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
LONGEST_NAME = 47
FIRST_WITH_TOKENS = (2, 52)
GATED = ("networkPolicy", "tlsOptions", "historyServerOptions", "gcsFaultToleranceOptions")
"""What the operator refuses unless it was started with it, or what needs more than we have."""


def operator_rules(documents: list[Document]) -> list[str]:
    """What the operator would set to ValidationFailed, and why."""
    jobs = [document for document in documents if document["kind"] == "RayJob"]
    return [f"{called(job)}: {message}" for job in jobs for message in _refused(job)]


def _refused(job: Document) -> Iterator[str]:
    name, spec = job["metadata"]["name"], job["spec"]
    if len(name) > LONGEST_NAME or not DNS_1035.fullmatch(name):
        yield f"name {name!r}: at most {LONGEST_NAME} of a-z, 0-9 and -, a letter first"
    yield from _of_life(spec)
    yield from _of_cluster(spec["rayClusterSpec"])
    submitter = spec.get("submitterPodTemplate", {}).get("spec", {})
    if submitter and submitter.get("restartPolicy") not in ("Never", "OnFailure"):
        yield "the submitter is a Job's pod: restartPolicy must be Never or OnFailure"


def _of_life(spec: Document) -> Iterator[str]:
    shuts_down = spec.get("shutdownAfterJobFinishes", False)
    if spec.get("submissionMode", "K8sJobMode") != "K8sJobMode":
        yield "only K8sJobMode gives a driver that Pod Security admits and a submitter of our own"
    if spec.get("ttlSecondsAfterFinished", 0) < 0:
        yield "ttlSecondsAfterFinished is negative"
    if spec.get("ttlSecondsAfterFinished") and not shuts_down:
        yield "ttlSecondsAfterFinished needs shutdownAfterJobFinishes"
    if spec.get("suspend") and not shuts_down:
        yield "suspend needs shutdownAfterJobFinishes"
    if spec.get("deletionStrategy") and shuts_down:
        yield "deletionStrategy and shutdownAfterJobFinishes exclude each other"
    if spec.get("activeDeadlineSeconds", 1) <= 0 or spec.get("backoffLimit", 0) < 0:
        yield "activeDeadlineSeconds and backoffLimit must be positive"


def _of_cluster(cluster: Document) -> Iterator[str]:
    authentication = cluster.get("authOptions", {})
    version = tuple(int(part) for part in cluster.get("rayVersion", "0.0").split(".")[:2])
    if authentication.get("mode") == "token" and version < FIRST_WITH_TOKENS:
        yield "tokens need rayVersion 2.52 or newer"
    if authentication.get("enableK8sTokenAuth"):
        yield "a RayJob can't use tokens of Kubernetes"
    yield from (f"{field} is switched off in the operator" for field in GATED if field in cluster)
    names = [group["groupName"] for group in cluster["workerGroupSpecs"]]
    if len(names) != len(set(names)):
        yield f"worker groups must have different names, found {names}"
    for group in cluster["workerGroupSpecs"]:
        if not group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]:
            yield f"group {group['groupName']}: replicas must be between min and max"
    yield from _of_autoscaler(cluster)


def _of_autoscaler(cluster: Document) -> Iterator[str]:
    """Version 2 ends nodes itself, so nothing may start them again."""
    if not cluster.get("enableInTreeAutoscaling"):
        return
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    policies = {group["template"]["spec"].get("restartPolicy", "Never") for group in groups}
    if cluster.get("autoscalerOptions", {}).get("version") == "v2" and policies != {"Never"}:
        yield "autoscaler v2 needs restartPolicy Never on head and workers"
