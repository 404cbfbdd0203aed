"""Whether a cluster takes orders from anybody is seen from what it answers a stranger."""

import json
import shutil
from pathlib import Path

import grpc
import pytest

from cluster.head import ClusterError, Head, UnauthenticatedError
from cluster.session import is_open
from cluster.tokens import admits_anyone, is_loopback, version_told_to_anyone
from tests.cluster.heads import free_ports
from tests.cluster.strangers import HOST, Certificate, Page, rpc_server, web_server
from tests.lacking import lacks

NEW = json.dumps({"version": "4", "ray_version": "2.60.0", "session_name": "x"})
OLD = json.dumps({"version": "4", "ray_version": "2.9.3"})


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """One that this process trusts, and shows as Ray does."""
    if shutil.which("openssl") is None:
        lacks("openssl makes the certificate, and is not here")
    made = Certificate.make(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(made.path))
    for name, path in {
        "SERVER_CERT": made.path,
        "SERVER_KEY": made.key,
        "CA_CERT": made.path,
    }.items():
        monkeypatch.setenv(f"RAY_TLS_{name}", str(path))
    return made


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.1.1", "::1"])
def test_an_address_of_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", [None, "", "head", "10.0.0.1", "fd00::2", "localhost.example.org", HOST]
)
def test_what_may_be_another_machine_is_not(host: str | None) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (200, NEW, "2.60.0"),
        (401, NEW, None),
        (403, "Forbidden", None),
        (404, "", None),
        (500, NEW, None),
        (200, "<html>log in here</html>", None),
        (200, "[]", None),
        (200, "{}", None),
    ],
)
def test_a_head_is_open_if_it_tells_a_stranger_its_version(
    status: int, body: str, told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("default login me password mine")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    with web_server(Page(status, body)) as page:
        found = version_told_to_anyone(f"http://me:mine@{HOST}:{page.port}")

    assert found == told
    assert all("authorization" not in headers for headers in page.headers)
    assert len(page.headers) == 1


def test_a_head_behind_https_is_asked_too(certificate: Certificate) -> None:
    with (
        web_server(Page(200, NEW), certificate) as page,
        pytest.raises(UnauthenticatedError, match=r"https://127\.1:\d+ asks for no token: anyone"),
    ):
        Head(f"https://{HOST}:{page.port}")

    assert all("authorization" not in headers for headers in page.headers)


def test_an_old_head_is_refused_with_its_advisories_whatever_was_allowed() -> None:
    with (
        web_server(Page(200, OLD)) as page,
        pytest.raises(ClusterError, match=r"Ray 2\.9\.3 has known holes .*ShadowRay.* 2\.56\.0"),
    ):
        Head(f"http://{HOST}:{page.port}", allow_unauthenticated=True)


def test_an_old_head_on_this_machine_is_refused_too() -> None:
    with (
        web_server(Page(200, OLD)) as page,
        pytest.raises(ClusterError, match=r"Ray 2\.9\.3 has known holes"),
    ):
        Head(f"http://127.0.0.1:{page.port}")


@pytest.mark.parametrize("to_client_server", [False, True])
def test_a_cluster_is_open_if_it_answers_a_call_without_a_token(to_client_server: bool) -> None:
    with rpc_server(grpc.StatusCode.OK) as port:
        assert admits_anyone(f"127.0.0.1:{port}", to_client_server=to_client_server)
    with rpc_server(grpc.StatusCode.UNAUTHENTICATED) as port:
        assert not admits_anyone(f"127.0.0.1:{port}", to_client_server=to_client_server)


def test_a_cluster_that_uses_tls_is_asked_by_it(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rpc_server(grpc.StatusCode.OK, certificate) as port:
        with pytest.raises(ConnectionError, match="UNAVAILABLE"):
            admits_anyone(f"localhost:{port}")
        monkeypatch.setenv("RAY_USE_TLS", "1")
        assert admits_anyone(f"localhost:{port}")


@pytest.fixture
def own_address() -> str:
    """An address of this machine that others know, too."""
    from ray.util import get_node_ip_address

    found = str(get_node_ip_address())
    if is_loopback(found):
        lacks("this machine has no other address than its loopback")
    return found


def test_where_no_cluster_answers_that_is_said(own_address: str) -> None:
    (port,) = free_ports(1)
    where = f"{own_address}:{port}"
    with pytest.raises(ClusterError, match=rf"no cluster answers at {where}: UNAVAILABLE"):
        is_open(where)
    with rpc_server(grpc.StatusCode.UNIMPLEMENTED, host=own_address) as port:
        where = f"{own_address}:{port}"
        with pytest.raises(ClusterError, match=rf"no cluster answers at {where}: UNIMPLEMENTED"):
            is_open(where)


def test_the_address_that_ray_finds_itself_is_asked(
    own_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with rpc_server(grpc.StatusCode.OK, host=own_address) as port:
        monkeypatch.setenv("RAY_ADDRESS", f"{own_address}:{port}")
        assert is_open("auto")
        monkeypatch.setenv("RAY_ADDRESS", f"ray://{own_address}:{port}")
        assert is_open("auto")
        monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
        assert not is_open("auto")


@pytest.mark.parametrize(
    ("mode", "without"), [(None, False), ("token", False), ("TOKEN", False), ("disabled", True)]
)
def test_ray_is_started_with_a_token_unless_the_environment_forbids_it(
    mode: str | None, without: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    if mode is not None:
        monkeypatch.setenv("RAY_AUTH_MODE", mode)

    assert is_open(None) == without
    assert is_open("local") == without
