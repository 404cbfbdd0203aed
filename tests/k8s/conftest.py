"""Fixtures of the tests of manifests."""

from pathlib import Path

import pytest

from tests.k8s.rendering import ROOT
from tests.lacking import lacks


@pytest.fixture(scope="session")
def schemas() -> Path:
    """Schemas of the kinds that operators bring, beside the repository."""
    folder = ROOT.parent / "shared" / "k8s" / "schemas"
    if not folder.exists():
        message = "k8s/schemas is not beside the repository (looked in ../shared)"
        lacks(message)
    return folder
