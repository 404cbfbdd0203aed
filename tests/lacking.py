"""What a machine lacks is said, and skips what needs it; in continuous integration it fails."""

import os
from typing import NoReturn

import pytest


def lacks(message: str) -> NoReturn:
    """Skip for what is missing here; fail where everything has to be there (``CI=true``)."""
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
