"""Schemas of Kubernetes' own kinds (API reference of 1.36), as far as we use them.

Objects are closed: a field that is not here is refused, be it wrong or only new to us. Pods and
claims are not written down again: the schema of RayJob holds them whole.
"""

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
TEXTS: Schema = {"type": "array", "items": TEXT}
MAP: Schema = {"type": "object", "additionalProperties": TEXT}
PORT: Schema = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, TEXT]}
QUANTITY: Schema = {
    "anyOf": [
        {"type": "integer"},
        {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?(m|[kMGTPE]i?)?$"},
    ]
}
QUANTITIES: Schema = {"type": "object", "additionalProperties": QUANTITY}


def one_of(*values: str) -> Schema:
    """One of some words."""
    return {"enum": list(values)}


def many(item: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": item}


def closed(required: tuple[str, ...] = (), /, **fields: Schema) -> Schema:
    """An object that has these fields and no others."""
    schema: Schema = {"type": "object", "properties": fields, "additionalProperties": False}
    return schema | ({"required": list(required)} if required else {})


METADATA = closed(("name",), name=TEXT, namespace=TEXT, labels=MAP, annotations=MAP)
OPERATOR = one_of("In", "NotIn", "Exists", "DoesNotExist")
SELECTOR = closed(
    matchLabels=MAP,
    matchExpressions=many(closed(("key", "operator"), key=TEXT, operator=OPERATOR, values=TEXTS)),
)
PEERS = many(
    closed(
        podSelector=SELECTOR,
        namespaceSelector=SELECTOR,
        ipBlock=closed(("cidr",), cidr=TEXT, **{"except": TEXTS}),
    )
)
POLICY_PORTS = many(closed(protocol=one_of("TCP", "UDP", "SCTP"), port=PORT, endPort=COUNT))
POLICY = closed(
    podSelector=SELECTOR,
    policyTypes=many(one_of("Ingress", "Egress")),
    ingress=many(closed(ports=POLICY_PORTS, **{"from": PEERS})),
    egress=many(closed(ports=POLICY_PORTS, to=PEERS)),
)
LIMITS = closed(
    ("type",),
    type=one_of("Container", "Pod", "PersistentVolumeClaim"),
    default=QUANTITIES,
    defaultRequest=QUANTITIES,
    max=QUANTITIES,
    min=QUANTITIES,
    maxLimitRequestRatio=QUANTITIES,
)
RULE = closed(("verbs",), apiGroups=TEXTS, resources=TEXTS, verbs=TEXTS, resourceNames=TEXTS)
SERVICE_PORT = closed(("port",), name=TEXT, port=COUNT, targetPort=PORT, protocol=TEXT)
SERVICE = closed(
    type=one_of("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    clusterIP=TEXT,
    selector=MAP,
    ports=many(SERVICE_PORT),
)
BUDGET = closed(
    selector=SELECTOR,
    minAvailable=PORT,
    maxUnavailable={"anyOf": [COUNT, TEXT]},
    unhealthyPodEvictionPolicy=one_of("IfHealthyBudget", "AlwaysAllow"),
)
FATE = one_of("Retain", "Delete")


def builtin(template: Schema, claim: Schema) -> dict[str, Schema]:
    """Give the schema of each kind, by ``apiVersion/kind``.

    Parameters
    ----------
    template
        Of a pod: ``metadata`` and ``spec``.
    claim
        Of a PersistentVolumeClaim's ``spec``.
    """
    job = closed(
        ("template",),
        template=template,
        **dict.fromkeys(
            ("backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"), COUNT
        ),
        **dict.fromkeys(("parallelism", "completions"), COUNT),
        suspend=FLAG,
    )
    cron = closed(
        ("schedule", "jobTemplate"),
        **dict.fromkeys(("schedule", "timeZone"), TEXT),
        suspend=FLAG,
        concurrencyPolicy=one_of("Allow", "Forbid", "Replace"),
        startingDeadlineSeconds=COUNT,
        successfulJobsHistoryLimit=COUNT,
        failedJobsHistoryLimit=COUNT,
        jobTemplate=closed(("spec",), metadata=closed(labels=MAP), spec=job),
    )
    stateful = closed(
        ("selector", "template"),
        serviceName=TEXT,
        replicas=COUNT,
        selector=SELECTOR,
        template=template,
        persistentVolumeClaimRetentionPolicy=closed(whenDeleted=FATE, whenScaled=FATE),
        volumeClaimTemplates=many(closed(("spec",), metadata=METADATA, spec=claim)),
    )
    priority = {
        **{"value": {"type": "integer"}, "globalDefault": FLAG, "description": TEXT},
        "preemptionPolicy": one_of("Never", "PreemptLowerPriority"),
    }
    return {
        "v1/Namespace": _whole(),
        "v1/LimitRange": _whole("spec", spec=closed(("limits",), limits=many(LIMITS))),
        "v1/ResourceQuota": _whole("spec", spec=closed(hard=QUANTITIES)),
        "v1/ServiceAccount": _whole(automountServiceAccountToken=FLAG),
        "v1/ConfigMap": _whole(data=MAP),
        "v1/PersistentVolumeClaim": _whole("spec", spec=claim),
        "v1/Service": _whole("spec", spec=SERVICE),
        "scheduling.k8s.io/v1/PriorityClass": _whole("value", **priority),
        "rbac.authorization.k8s.io/v1/Role": _whole("rules", rules=many(RULE)),
        "networking.k8s.io/v1/NetworkPolicy": _whole("spec", spec=POLICY),
        "policy/v1/PodDisruptionBudget": _whole("spec", spec=BUDGET),
        "batch/v1/Job": _whole("spec", spec=job),
        "batch/v1/CronJob": _whole("spec", spec=cron),
        "apps/v1/StatefulSet": _whole("spec", spec=stateful),
    }


def _whole(*required: str, **fields: Schema) -> Schema:
    """Give the schema of an object that has these fields beside what all have."""
    always = ("apiVersion", "kind", "metadata")
    return closed((*always, *required), apiVersion=TEXT, kind=TEXT, metadata=METADATA, **fields)
