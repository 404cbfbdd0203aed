"""An API server of Kubernetes as far as a search needs one: a real server that speaks HTTP.

It asks for a token, refuses what the schemas refuse, keeps objects, says 404 and 409, lets a
finalizer hold a RayJob for a while and deletes what belongs to one that is gone.
"""

import copy
import json
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

from tests.k8s.rendering import Document
from tests.k8s.schemas import schema_errors

TOKEN = "a-token-of-the-tests"  # noqa: S105  (opens nothing else)
KINDS = {
    "rayjobs": ("ray.io/v1", "RayJob"),
    "networkpolicies": ("networking.k8s.io/v1", "NetworkPolicy"),
    "poddisruptionbudgets": ("policy/v1", "PodDisruptionBudget"),
}
OBJECTS = re.compile(r"/apis/([a-z0-9.]+/v1)/namespaces/([a-z0-9-]+)/([a-z]+)(?:/([a-z0-9-]+))?")
PODS = re.compile(r"/api/v1/namespaces/([a-z0-9-]+)/pods(?:/([a-z0-9-]+)/log)?")
OWNER = {"apiVersion", "kind", "name", "uid"}


class RefusedError(Exception):
    """What the server answers instead of an object."""

    def __init__(self, code: int, message: str, **details: str) -> None:
        super().__init__(message)
        self.status = {"kind": "Status", "status": "Failure", "code": code, "message": message}
        self.status["details"] = details


@dataclass
class ApiServer:
    """What it has, and what it was asked."""

    schemas: Path
    url: str = ""
    objects: dict[tuple[str, str, str], Document] = field(default_factory=dict)
    logs: dict[str, tuple[Document, str]] = field(default_factory=dict)  # of pods
    has_operator: bool = True
    held: int = 2  # how often a deleted RayJob is still there when it is asked for
    requests: list[str] = field(default_factory=list)

    def of(self, kind: str, namespace: str = "searcher") -> list[Document]:
        """All objects of a kind."""
        found = [x for (n, _, _), x in self.objects.items() if n == namespace]
        return [x for x in found if x["kind"] == kind]

    def end(self, name: str, state: str, namespace: str = "searcher") -> None:
        """Say of a RayJob what the operator would."""
        self.objects[namespace, "rayjobs", name]["status"] = {"jobDeploymentStatus": state}

    def has_pod(self, name: str, labels: dict[str, str], created: str, log: str) -> None:
        """Have a pod that has written something."""
        metadata = {"name": name, "labels": labels, "creationTimestamp": created}
        self.logs[name] = {"metadata": metadata}, log

    def answer(self, verb: str, path: str, query: dict[str, str], body: Document | None) -> Any:
        """Answer one question."""
        self.requests.append(f"{verb} {path}")
        if found := PODS.fullmatch(path):
            return self._pods(found[2], query)
        found = OBJECTS.fullmatch(path)
        assert found is not None, path
        if not self.has_operator and found[3] == "rayjobs":
            raise RefusedError(404, "")  # of a kind that nobody knows
        version, namespace, plural, name = found.groups()
        assert KINDS[plural][0] == version
        if verb == "POST":
            assert body is not None
            return self._create(namespace, plural, body)
        key = namespace, plural, unquote(name)
        if key not in self.objects:
            raise RefusedError(404, f'{plural} "{name}" not found', name=name)
        return self._get(key) if verb == "GET" else self._delete(key)

    def _pods(self, name: str | None, query: dict[str, str]) -> Any:
        if name is not None:
            assert query["container"] == "submit"
            return self.logs[name][1]
        wanted = dict(part.split("=") for part in query["labelSelector"].split(","))
        pods = [pod for pod, _ in self.logs.values()]
        fitting = [x for x in pods if wanted.items() <= x["metadata"]["labels"].items()]
        return {"apiVersion": "v1", "kind": "PodList", "items": fitting}

    def _create(self, namespace: str, plural: str, body: Document) -> Document:
        made = copy.deepcopy(body)
        metadata = made["metadata"]
        owners = metadata.pop("ownerReferences", [])
        errors = schema_errors([made], self.schemas)
        errors += [f"owner {owner}" for owner in owners if set(owner) != OWNER]
        if (made["apiVersion"], made["kind"]) != KINDS[plural]:
            errors.append(f"{made['kind']} is none of {plural}")
        if metadata.get("namespace", namespace) != namespace:
            errors.append(f"namespace {metadata['namespace']}")
        if errors:
            raise RefusedError(422, "; ".join(errors))
        key = namespace, plural, metadata["name"]
        if key in self.objects:
            raise RefusedError(409, f'{plural} "{metadata["name"]}" already exists', name=key[2])
        metadata |= {"uid": str(uuid.uuid4()), "ownerReferences": owners}
        self.objects[key] = made
        return made

    def _get(self, key: tuple[str, str, str]) -> Document:
        found = self.objects[key]
        left = found["metadata"].get("deletionGracePeriodSeconds")
        if left is not None:
            found["metadata"]["deletionGracePeriodSeconds"] = left - 1
            if left == 0:
                self._forget(key)
        return found

    def _delete(self, key: tuple[str, str, str]) -> Document:
        found = self.objects[key]
        if key[1] == "rayjobs" and self.held:
            found["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            found["metadata"]["deletionGracePeriodSeconds"] = self.held
        else:
            self._forget(key)
        return {"kind": "Status", "status": "Success"}

    def _forget(self, key: tuple[str, str, str]) -> None:
        uid = self.objects.pop(key)["metadata"]["uid"]
        for other, found in list(self.objects.items()):
            if any(owner["uid"] == uid for owner in found["metadata"]["ownerReferences"]):
                del self.objects[other]


def require_token(given: str | None) -> None:
    """Refuse whoever has not the token of the kubeconfig."""
    if given != f"Bearer {TOKEN}":
        raise RefusedError(401, "Unauthorized")


@contextmanager
def api_server(schemas: Path) -> Iterator[ApiServer]:
    """Serve on this machine for as long as the block runs."""
    state = ApiServer(schemas)

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            try:
                require_token(self.headers.get("Authorization"))
                read = json.loads(body) if body else None
                code = 201 if self.command == "POST" else 200
                self._send(code, state.answer(self.command, parts.path, query, read))
            except RefusedError as refused:
                code, said = refused.status["code"], refused.status["message"]
                self._send(code, refused.status if said else "404 page not found\n")

        do_GET = do_POST = do_DELETE = _handle  # noqa: N815

        def _send(self, code: int, answer: Any) -> None:
            is_text = isinstance(answer, str)
            data = (answer if is_text else json.dumps(answer)).encode()
            self.send_response(code)
            self.send_header("Content-Type", "text/plain" if is_text else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *words: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        state.url = f"http://127.0.0.1:{server.server_port}"
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def kubeconfig(folder: Path, url: str, token: str = TOKEN) -> Path:
    """Write what kubectl and the client read to find a server."""
    context = {"cluster": "tests", "user": "tests"}
    said = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": {"server": url}}],
        "users": [{"name": "tests", "user": {"token": token}}],
        "contexts": [{"name": "tests", "context": context}],
        "current-context": "tests",
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(said))
    return path
