"""The Pod Security Standard "restricted" (Kubernetes 1.36, pods on Linux), as a function.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from collections.abc import Iterator
from typing import Any

from tests.k8s.pods import containers, pods
from tests.k8s.rendering import Document

VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image"),
    *("persistentVolumeClaim", "projected", "secret"),
}
PROFILES = (None, "RuntimeDefault", "Localhost")
SELINUX = (None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
SYSCTLS = {
    *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies"),
    *("net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range"),
    *("net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time"),
    *("net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl"),
    *("net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
}


def restricted(documents: list[Document]) -> list[str]:
    """What the namespace would refuse of the pods that come of these objects."""
    return [f"{pod['metadata']['name']}: {x}" for pod in pods(documents) for x in refused(pod)]


def refused(pod: Document) -> list[str]:
    """What "restricted" forbids of a pod."""
    spec = pod["spec"]
    context = spec.get("securityContext") or {}
    found = [*_of_pod(spec, context), *_of_context(context, "pod")]
    for container in [*containers(pod), *spec.get("ephemeralContainers", [])]:
        own, name = container.get("securityContext") or {}, container["name"]
        found += [*_of_context(own, name), *_of_privileges(own, name)]
        found += [*_of_defaults(own, context, name), *_of_ports(container, name)]
    return found


def _of_pod(spec: Document, context: Document) -> Iterator[str]:
    yield from (flag for flag in ("hostNetwork", "hostPID", "hostIPC") if spec.get(flag))
    for volume in spec.get("volumes", []):
        yield from (f"volume of kind {kind}" for kind in set(volume) - {"name"} - VOLUMES)
    for setting in context.get("sysctls", []):
        if setting["name"] not in SYSCTLS:
            yield f"sysctl {setting['name']}"


def _of_context(context: dict[str, Any], where: str) -> Iterator[str]:
    for profile in ("seccompProfile", "appArmorProfile"):
        if (context.get(profile) or {}).get("type") not in PROFILES:
            yield f"{where}: {profile}"
    selinux = context.get("seLinuxOptions") or {}
    if selinux.get("type") not in SELINUX or selinux.get("user") or selinux.get("role"):
        yield f"{where}: seLinuxOptions"
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield f"{where}: hostProcess"
    if context.get("runAsUser") == 0:
        yield f"{where}: runAsUser 0"
    if context.get("runAsNonRoot") is False:
        yield f"{where}: runAsNonRoot false"


def _of_privileges(context: dict[str, Any], where: str) -> Iterator[str]:
    if context.get("privileged"):
        yield f"{where}: privileged"
    if context.get("procMount") not in (None, "", "Default"):
        yield f"{where}: procMount"
    if context.get("allowPrivilegeEscalation") is not False:
        yield f"{where}: allowPrivilegeEscalation"
    capabilities = context.get("capabilities") or {}
    if "ALL" not in capabilities.get("drop", []):
        yield f"{where}: keeps capabilities"
    if set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
        yield f"{where}: adds capabilities"


def _of_defaults(own: dict[str, Any], pod: dict[str, Any], where: str) -> Iterator[str]:
    """What must be said, by the container or else by the pod."""
    if not (own.get("seccompProfile") or pod.get("seccompProfile")):
        yield f"{where}: no seccompProfile"
    if not own.get("runAsNonRoot", pod.get("runAsNonRoot")):
        yield f"{where}: no runAsNonRoot"


def _of_ports(container: Document, where: str) -> Iterator[str]:
    if any(port.get("hostPort") for port in container.get("ports", [])):
        yield f"{where}: hostPort"
    hooks = [container.get(f"{kind}Probe") or {} for kind in ("liveness", "readiness", "startup")]
    hooks += (container.get("lifecycle") or {}).values()
    for hook in hooks:
        for action in ("httpGet", "tcpSocket"):
            if (hook.get(action) or {}).get("host"):
                yield f"{where}: a probe or hook of another host"
