"""Servers on this machine that answer as one tells them, at an address that others might have."""

import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import grpc

HOST = "127.1"  # this machine, written so that it could be another


@dataclass
class Page:
    """What a web server answers, and what it was asked."""

    status: int
    body: str
    port: int = 0
    headers: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Certificate:
    """Of a server and its clients, signed by itself, for ``HOST`` and ``localhost``."""

    path: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> "Certificate":
        """Make one that is good for a day."""
        made = cls(folder / "certificate.pem", folder / "key.pem")
        names = f"subjectAltName=DNS:localhost,DNS:{HOST}"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"]
        command += ["-subj", "/CN=localhost", "-addext", names]
        command += ["-keyout", str(made.key), "-out", str(made.path)]
        subprocess.run(command, check=True, capture_output=True)
        return made


@contextmanager
def web_server(page: Page, certificate: Certificate | None = None) -> Iterator[Page]:
    """Answer everything with a page, by TLS if there is a certificate."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(page.status)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body.encode())

        def log_message(self, format: str, *words: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.path, certificate.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    page.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield page
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Anything(grpc.GenericRpcHandler):
    """Answers every method with nothing."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            context.set_code(self._code)
            return b""

        return grpc.unary_unary_rpc_method_handler(answer)


@contextmanager
def rpc_server(
    code: grpc.StatusCode, certificate: Certificate | None = None, *, host: str = "127.0.0.1"
) -> Iterator[int]:
    """Answer every method with a code; by TLS to those who show the certificate if there is one."""
    with ThreadPoolExecutor(1) as threads:
        server = grpc.server(threads, handlers=[_Anything(code)])
        if certificate is None:
            port = server.add_insecure_port(f"{host}:0")
        else:
            chain, key = certificate.path.read_bytes(), certificate.key.read_bytes()
            credentials = grpc.ssl_server_credentials([(key, chain)], chain, True)
            port = server.add_secure_port(f"{host}:0", credentials)
        server.start()
        try:
            yield port
        finally:
            server.stop(None).wait()
