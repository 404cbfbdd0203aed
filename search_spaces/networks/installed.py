"""Whether networks can be built here."""

from importlib.util import find_spec


def require_torch(family: str) -> None:
    """Refuse to go on without PyTorch, and say how to get it.

    Raises
    ------
    ModuleNotFoundError
        If it is not installed; the message names the family and the extra.
    """
    if find_spec("torch") is None:
        raise ModuleNotFoundError(
            f"{family} is a network and needs PyTorch, which is not installed: "
            "pip install 'searcher[torch]'",
            name="torch",
        )
