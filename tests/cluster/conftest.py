"""One head for all tests of this folder that talk to a cluster."""

import os
from collections.abc import Iterator

import pytest

from cluster.jobs import Jobs
from tests.cluster.heads import Head, ray_head


@pytest.fixture(scope="package")
def head() -> Iterator[Head]:
    with ray_head() as started:
        yield started


@pytest.fixture
def jobs(head: Head) -> Iterator[Jobs]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in head.variables.items():
            patch.setenv(name, value)
        was_frozen = thaw_mode()
        yield Jobs(head.address)
    if was_frozen:
        thaw_mode()


def thaw_mode() -> bool:
    """Have Ray (2.60), which reads its mode when it is imported, read it again if it is another."""
    from ray._private.authentication_test_utils import reset_auth_token_state
    from ray._raylet import AuthenticationMode, get_authentication_mode

    wanted = os.environ.get("RAY_AUTH_MODE") == "token"
    is_other = wanted != (get_authentication_mode() == AuthenticationMode.TOKEN)
    if is_other:
        reset_auth_token_state()
    return is_other
