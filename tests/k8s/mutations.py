"""Ways to spoil a manifest, each with the check that must notice and what it must say."""

from dataclasses import dataclass, replace
from typing import Any

from tests.k8s.rendering import DROP, SEARCH_ID, Document, change, find

SEARCH = f"search-{SEARCH_ID}"
JOB = ("RayJob", SEARCH)
DATABASE = ("StatefulSet", "database")
MIGRATION = ("Job", "migrate-0-1-0")
BACKUP = ("CronJob", "backup")
BACKUP_POD = "/spec/jobTemplate/spec/template/spec"
MONITOR = ("PodMonitor", "searches")
CLUSTER = "/spec/rayClusterSpec"
HEAD = f"{CLUSTER}/headGroupSpec/template"
WORKER = f"{CLUSTER}/workerGroupSpecs/0/template"
SUBMITTER = "/spec/submitterPodTemplate"
POD = "/spec/template/spec"
FIRST = "spec/containers/0"

DENY = ("NetworkPolicy", "default-deny")
NAMES = ("NetworkPolicy", "names")
INTO_DATABASE = ("NetworkPolicy", "database")
TO_DATABASE = ("NetworkPolicy", "database-clients")
OF_SEARCH = ("NetworkPolicy", SEARCH)
OF_DASHBOARD = ("NetworkPolicy", f"{SEARCH}-dashboard")
OF_SUBMITTER = ("NetworkPolicy", f"{SEARCH}-submitter")
FROM = "/spec/ingress/0/from"
ANYWHERE = {"ipBlock": {"cidr": "0.0.0.0/0"}}


@dataclass(frozen=True)
class Mutation:
    """One change of an installation, and what is said of it."""

    check: str
    of: tuple[str, str]
    at: str
    to: Any
    says: str
    deployment: str = "every component"

    def spoil(self, documents: list[Document]) -> None:
        """Make the change."""
        change(find(documents, *self.of), self.at, self.to)

    def __str__(self) -> str:
        """Name it in the report of a test."""
        where = "" if self.deployment == "every component" else f" ({self.deployment})"
        return f"{self.check}: {self.of[1]}{self.at}{where}"


def _secret(name: str) -> list[dict[str, Any]]:
    source = {"secretKeyRef": {"name": name, "key": "password"}}
    return [{"name": "STOLEN", "valueFrom": source}]


SCHEMA = [
    Mutation("schema", JOB, "/spec/entryPoint", "python", "entryPoint"),
    Mutation("schema", JOB, f"{CLUSTER}/authOptions/mode", "tokens", "tokens"),
    Mutation("schema", JOB, f"{HEAD}/{FIRST}/image", 1, "is not of type"),
    Mutation("schema", DATABASE, "/spec/replica", 2, "replica"),
    Mutation("schema", DATABASE, f"{POD}/containers/0/ports/0/containerPort", "5432a", "5432a"),
    Mutation("schema", MIGRATION, f"{POD}/containers/0/securityContext/capabilites", {}, "capab"),
    Mutation("schema", ("NetworkPolicy", "names"), "/spec/policyType", ["Egress"], "policyType"),
    Mutation("schema", DATABASE, "/apiVersion", "apps/v1beta1", "no schema of apps/v1beta1"),
    Mutation("schema", DATABASE, f"{POD}/containers/0/resources/limits/memory", "1GB", "1GB"),
    Mutation("schema", ("Service", "database"), "/spec/ports/0/port", "5432", "is not of type"),
    Mutation("schema", ("PodDisruptionBudget", "database"), "/spec/maxUnavailble", 0, "Unavailble"),
    Mutation("schema", ("ConfigMap", "store"), "/data/port", 5432, "is not of type 'string'"),
    Mutation("schema", ("Role", "search-viewer"), "/rules/0/verb", ["get"], "verb"),
    Mutation("schema", MONITOR, "/spec/podMetricsEndpoints/0/intervall", "30s", "intervall"),
    Mutation("schema", ("PrometheusRule", "searcher"), "/spec/groups/0/rules/0/expr", {}, "expr"),
    Mutation("schema", BACKUP, "/spec/timezone", "Etc/UTC", "timezone"),
    Mutation("schema", ("PriorityClass", "searcher-keep"), "/value", "high", "high"),
]
OPERATOR = [
    Mutation("operator", JOB, "/metadata/name", "search-" + "x" * 41, "at most 47"),
    Mutation("operator", JOB, "/metadata/name", "2-searches", "a letter first"),
    Mutation("operator", JOB, f"{CLUSTER}/rayVersion", "2.51.0", "2.52"),
    Mutation("operator", JOB, f"{CLUSTER}/rayVersion", DROP, "2.52"),
    Mutation("operator", JOB, f"{CLUSTER}/authOptions/enableK8sTokenAuth", True, "Kubernetes"),
    Mutation("operator", JOB, f"{CLUSTER}/networkPolicy", {}, "networkPolicy"),
    Mutation("operator", JOB, "/spec/shutdownAfterJobFinishes", False, "ttlSeconds"),
    Mutation("operator", JOB, "/spec/submissionMode", "SidecarMode", "K8sJobMode"),
    Mutation("operator", JOB, f"{CLUSTER}/workerGroupSpecs/0/maxReplicas", 1, "replicas"),
    Mutation("operator", JOB, f"{SUBMITTER}/spec/restartPolicy", "Always", "restartPolicy"),
]
RESTRICTED = [
    Mutation("restricted", JOB, SUBMITTER, DROP, "submitter: ray-job-submitter"),
    Mutation("restricted", JOB, f"{CLUSTER}/enableInTreeAutoscaling", True, "head: autoscaler"),
    Mutation("restricted", JOB, f"{WORKER}/spec/hostNetwork", True, "hostNetwork"),
    Mutation("restricted", JOB, f"{WORKER}/spec/securityContext/runAsUser", 0, "runAsUser 0"),
    Mutation("restricted", JOB, f"{WORKER}/spec/securityContext/runAsNonRoot", DROP, "wait-gcs"),
    Mutation(
        *("restricted", JOB, f"{HEAD}/spec/volumes/0", {"name": "tmp", "hostPath": {"path": "/"}}),
        says="hostPath",
    ),
    Mutation(
        *("restricted", JOB, f"{WORKER}/{FIRST}/securityContext/allowPrivilegeEscalation", DROP),
        says="wait-gcs-ready: allowPrivilegeEscalation",
    ),
    Mutation(
        *("restricted", DATABASE, f"{POD}/containers/0/securityContext/capabilities/add"),
        *(["SYS_ADMIN"], "adds capabilities"),
    ),
    Mutation("restricted", DATABASE, f"{POD}/containers/0/securityContext", {}, "keeps cap"),
    Mutation("restricted", DATABASE, f"{POD}/securityContext/seccompProfile", DROP, "no seccomp"),
    Mutation("restricted", BACKUP, f"{BACKUP_POD}/hostPID", True, "hostPID"),
    Mutation(
        *("restricted", MIGRATION, f"{POD}/securityContext/seccompProfile/type", "Unconfined"),
        says="pod: seccompProfile",
    ),
]
REFERENCES = [
    Mutation("references", JOB, f"{HEAD}/spec/serviceAccountName", "drivers", "ServiceAccount"),
    Mutation("references", JOB, f"{WORKER}/spec/priorityClassName", "low", "PriorityClass"),
    Mutation("references", JOB, f"{WORKER}/spec/volumes/1", DROP, "no volume files"),
    Mutation("references", JOB, f"{WORKER}/{FIRST}/env/2/name", "ID", "no variable SEARCH_ID"),
    Mutation(
        *("references", JOB, f"{HEAD}/{FIRST}/env/3/valueFrom/configMapKeyRef/key", "url"),
        says="no ConfigMap store with url",
    ),
    Mutation(
        *("references", JOB, f"{HEAD}/{FIRST}/env/4/valueFrom/secretKeyRef/name", "database"),
        says="no Secret database",
    ),
    Mutation("references", ("ConfigMap", "store"), "/metadata/name", "stores", "no ConfigMap"),
    Mutation(
        *("references", ("ConfigMap", "store"), "/data/driver"),
        *("postgresql+psycopg://searcher_app@postgres:5432/searcher", "no Service postgres"),
    ),
    Mutation(
        *("references", ("Service", "database"), "/spec/selector/app.kubernetes.io~1component"),
        *("postgres", "selects no pod"),
    ),
    Mutation("references", ("Service", "database"), "/spec/ports/0/targetPort", "sql", "no port"),
    Mutation("references", DATABASE, "/spec/serviceName", "db", "no Service db"),
    Mutation(
        *("references", DATABASE, f"{POD}/volumes/4/secret/secretName", "admin", "no Secret admin")
    ),
    Mutation("references", ("PersistentVolumeClaim", "files"), "/metadata/name", "f", "no Persis"),
    Mutation(
        *("references", ("PodDisruptionBudget", "database"), "/spec/selector/matchLabels"),
        *({"app": "database"}, "selects no pod"),
    ),
    Mutation(
        *("references", ("NetworkPolicy", "database"), "/spec/podSelector/matchLabels"),
        *({"app": "database"}, "selects no pod"),
    ),
    Mutation(
        *("references", ("NetworkPolicy", f"{SEARCH}-dashboard"), "/spec/ingress/0/ports/0/port"),
        *(8266, "no port 8266"),
    ),
    Mutation("references", MIGRATION, "/metadata/namespace", DROP, "namespace None"),
    Mutation("references", MONITOR, "/spec/podMetricsEndpoints/0/port", "metric", "no port metric"),
    Mutation(
        *("references", MONITOR, "/spec/selector", {"matchLabels": {"app": "ray"}}),
        says="selects no pod",
    ),
    Mutation("references", BACKUP, f"{BACKUP_POD}/volumes/0", DROP, "no volume backups"),
]
NETWORK = [
    Mutation("network", DENY, "/spec/podSelector", {"matchLabels": {"a": "b"}}, "to migration"),
    Mutation("network", DENY, "/spec/policyTypes", ["Egress"], "to migration"),
    Mutation("network", NAMES, "/spec/egress/0/ports", DROP, "to dns"),
    Mutation("network", NAMES, "/spec/egress/0/to", DROP, "to internet"),
    Mutation("network", NAMES, "/spec/podSelector", {"matchLabels": {"a": "b"}}, "to dns: []"),
    Mutation("network", INTO_DATABASE, "/spec/ingress/0/from", DROP, "operator to database"),
    Mutation("network", INTO_DATABASE, f"{FROM}/0", {"namespaceSelector": {}}, "operator to"),
    Mutation("network", TO_DATABASE, "/spec/egress/0", {"ports": [{"port": 5432}]}, "to internet"),
    Mutation("network", OF_SEARCH, f"{FROM}/0", {"namespaceSelector": {}}, "operator to worker"),
    Mutation("network", OF_SEARCH, "/spec/egress/0/to/0", ANYWHERE, "to cloud metadata"),
    Mutation("network", OF_DASHBOARD, "/spec/ingress/0/ports", DROP, "operator to driver"),
    Mutation("network", OF_DASHBOARD, f"{FROM}/1/podSelector", DROP, "beside the operator"),
    Mutation("network", OF_SUBMITTER, "/spec/egress", [], "submitter of churn-3f9a2c to driver"),
    Mutation(
        "network", ("NetworkPolicy", "grafana"), f"{FROM}/0/podSelector", DROP, "prometheus to"
    ),
]
SERVERS = ("Cluster", "database")
QUOTA = ("ClusterQueue", "searcher")
LOCAL_QUEUE = ("LocalQueue", "searches")
LABEL = "/metadata/labels/kueue.x-k8s.io~1queue-name"
TO_API = "/spec/egress/1/to/0"
GROUPS = "/spec/resourceGroups/0"
QUEUED = [
    Mutation("schema", SERVERS, "/spec/instance", 3, "instance"),
    Mutation("schema", SERVERS, "/spec/storage/size", 20, "is not of type"),
    Mutation("schema", QUOTA, "/spec/queueingStrategy", "FIFO", "FIFO"),
    Mutation("schema", QUOTA, "/spec/cohort", "all", "cohort"),
    Mutation("schema", LOCAL_QUEUE, "/apiVersion", "kueue.x-k8s.io/v1alpha1", "no schema of"),
    Mutation("restricted", SERVERS, "/spec/podSecurityContext", {"runAsUser": 0}, "runAsUser 0"),
    Mutation("restricted", SERVERS, "/spec/securityContext", {"privileged": True}, "privileged"),
    Mutation("restricted", SERVERS, "/spec/seccompProfile", {"type": "Unconfined"}, "seccomp"),
    Mutation("references", SERVERS, "/spec/priorityClassName", "keep", "no PriorityClass keep"),
    Mutation("references", SERVERS, "/spec/managed/services", {}, "no Service database"),
    Mutation("references", SERVERS, "/spec/bootstrap/initdb/secret/name", "app", "no Secret app"),
    Mutation("references", SERVERS, "/spec/managed/roles/0/passwordSecret", DROP, "no Secret None"),
    Mutation(
        *("references", ("ConfigMap", "database-grants"), "/metadata/name", "grants"),
        says="no ConfigMap database-grants",
    ),
    Mutation("references", INTO_DATABASE, "/spec/podSelector", {"matchLabels": {"a": "b"}}, "no p"),
    Mutation("network", INTO_DATABASE, "/spec/ingress/1/ports", DROP, "database operator to"),
    Mutation(
        *("network", INTO_DATABASE, "/spec/ingress/1/from/1/podSelector", DROP),
        says="beside the database operator to database",
    ),
    Mutation("network", INTO_DATABASE, TO_API, ANYWHERE, "database to internet"),
    Mutation("lint", INTO_DATABASE, "/spec/egress/0/ports", DROP, "on every port"),
    Mutation("lint", SERVERS, "/spec/imageName", "postgres:latest", "not pinned"),
    Mutation("lint", SERVERS, "/spec/resources/limits/memory", DROP, "no memory"),
    Mutation("lint", SERVERS, "/spec/ephemeralVolumesSizeLimit", DROP, "fill the node"),
    Mutation("lint", SERVERS, "/spec/enablePDB", False, "no disruption budget"),
    Mutation("lint", SERVERS, "/spec/priorityClassName", DROP, "makes way"),
    Mutation("lint", SERVERS, "/spec/bootstrap/initdb/secret/name", "token", "must not see"),
    Mutation("queues", LOCAL_QUEUE, "/spec/clusterQueue", "all", "no ClusterQueue all"),
    Mutation("queues", LOCAL_QUEUE, "/metadata/name", "others", "no LocalQueue searches"),
    Mutation("queues", QUOTA, "/spec/namespaceSelector", {}, "this namespace alone"),
    Mutation("queues", ("ResourceFlavor", "searcher"), "/metadata/name", "f", "no ResourceFlavor"),
    Mutation("queues", QUOTA, f"{GROUPS}/coveredResources", ["cpu"], "covers other"),
    Mutation("queues", QUOTA, f"{GROUPS}/flavors/0/resources/2", DROP, "does not cover"),
    Mutation("queues", QUOTA, f"{GROUPS}/flavors/0/resources/0/nominalQuota", "2", "has 2"),
    Mutation("queues", JOB, LABEL, DROP, "no LocalQueue None"),
    Mutation("queues", JOB, "/spec/suspend", False, "without waiting"),
    Mutation("queues", JOB, "/spec/shutdownAfterJobFinishes", False, "brings its own cluster"),
    Mutation("queues", JOB, f"{CLUSTER}/enableInTreeAutoscaling", True, "grows beyond"),
    Mutation("operator", JOB, "/spec/shutdownAfterJobFinishes", False, "suspend needs"),
]
LINT = [
    Mutation("lint", JOB, f"{CLUSTER}/authOptions", DROP, "without tokens"),
    Mutation("lint", JOB, f"{CLUSTER}/authOptions/mode", "disabled", "without tokens"),
    Mutation("lint", JOB, f"{CLUSTER}/headGroupSpec/rayStartParams/num-cpus", "2", "beside"),
    Mutation("lint", JOB, f"{CLUSTER}/headGroupSpec/enableIngress", True, "outside"),
    Mutation("lint", JOB, f"{CLUSTER}/headGroupSpec/serviceType", "LoadBalancer", "outside"),
    Mutation("lint", JOB, "/spec/entrypoint", f"python x.py {SEARCH_ID}; id", "entry point"),
    Mutation("lint", JOB, f"{WORKER}/{FIRST}/env", _secret("database-app"), "database-app"),
    Mutation("lint", JOB, f"{SUBMITTER}/{FIRST}/env", _secret("database-app"), "database-app"),
    Mutation("lint", JOB, f"{HEAD}/{FIRST}/env", _secret("database-owner"), "database-owner"),
    Mutation("lint", JOB, f"{WORKER}/{FIRST}/image", "searcher:latest", "not pinned"),
    Mutation("lint", JOB, f"{WORKER}/{FIRST}/image", "host:5000/searcher", "not pinned"),
    Mutation("lint", JOB, f"{WORKER}/{FIRST}/imagePullPolicy", DROP, "pull policy"),
    Mutation("lint", JOB, f"{WORKER}/{FIRST}/resources/limits/memory", DROP, "no memory"),
    Mutation("lint", JOB, f"{WORKER}/spec/automountServiceAccountToken", DROP, "token"),
    Mutation("lint", JOB, f"{HEAD}/spec/priorityClassName", DROP, "makes way"),
    Mutation("lint", JOB, f"{HEAD}/spec/volumes/0/emptyDir", {}, "fill the node"),
    Mutation("lint", JOB, f"{HEAD}/spec/serviceAccountName", DROP, "default account"),
    Mutation("lint", MIGRATION, f"{POD}/enableServiceLinks", DROP, "every Service"),
    Mutation("lint", MIGRATION, f"{POD}/securityContext/runAsUser", DROP, "no user by number"),
    Mutation("lint", DATABASE, f"{POD}/containers/0/livenessProbe", DROP, "probes"),
    Mutation(
        *("lint", DATABASE, f"{POD}/containers/0/securityContext/readOnlyRootFilesystem", False),
        says="root file system",
    ),
    Mutation("lint", ("Service", "database"), "/spec/type", "NodePort", "open to the outside"),
    Mutation("lint", ("Role", "search-viewer"), "/rules/1/resources/0", "*", "everything"),
    Mutation("lint", ("Role", "search-viewer"), "/rules/1/resources/0", "secrets", "to secrets"),
    Mutation("lint", ("ConfigMap", "store"), "/kind", "Secret", "none of this kind"),
    Mutation("lint", ("ConfigMap", "store"), "/data/driver", "postgresql://a:b@c/d", "a password"),
    Mutation("lint", ("Namespace", "searcher"), "/metadata/labels", {}, "Pod Security None"),
    Mutation("lint", DENY, "/spec/policyTypes", ["Ingress"], "both ways"),
    Mutation("lint", DENY, "/spec/ingress", [{}], "both ways"),
    Mutation("lint", INTO_DATABASE, "/spec/ingress/0/ports", DROP, "on every port"),
    Mutation("lint", INTO_DATABASE, f"{FROM}/0/podSelector", {}, "everyone"),
    Mutation("lint", TO_DATABASE, "/spec/podSelector", {}, "everyone"),
    Mutation("lint", OF_SEARCH, f"{FROM}/0/podSelector", {}, "everyone"),
    Mutation("lint", ("NetworkPolicy", "grafana"), "/spec/ingress/0/ports", DROP, "every port"),
    Mutation("lint", ("NetworkPolicy", "grafana"), "/spec/podSelector", {}, "everyone"),
    Mutation("lint", OF_SEARCH, "/spec/egress/0/to/0", ANYWHERE, "everyone"),
    Mutation("lint", ("PodDisruptionBudget", SEARCH), "/kind", "Other", "no disruption budget"),
]

MUTATIONS = [*SCHEMA, *OPERATOR, *RESTRICTED, *REFERENCES, *NETWORK, *LINT]
OF_A_SEARCH = (JOB, OF_SEARCH, OF_DASHBOARD, OF_SUBMITTER, ("PodDisruptionBudget", SEARCH))
MUTATIONS += [
    replace(mutation, deployment="submitted with GPUs")
    for mutation in MUTATIONS
    if mutation.of in OF_A_SEARCH
]
MUTATIONS += [replace(mutation, deployment="queued") for mutation in QUEUED]
