"""Whether a model family keeps its promises, told to its author in plain words.

``check_family(MyFamily)`` lists everything that is wrong; ``python -m searcher.testing
my_module:MyFamily`` prints it; inheriting ``FamilyContract`` makes each promise a pytest test.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, ClassVar

from searcher.errors import SpecError
from searcher.testing import promises
from searcher.testing.promises import BrokenPromiseError, Promise
from searcher.testing.samples import make_samples

__all__ = ["FamilyContract", "FamilyContractError", "check_family"]


class FamilyContractError(SpecError):
    """A family breaks what the search relies on; ``violations`` has a sentence for each break."""

    def __init__(self, family: str, violations: Sequence[str]) -> None:
        self.family, self.violations = family, tuple(violations)
        breaks = "\n".join(f"  - {violation}" for violation in self.violations)
        super().__init__(f"family {family!r} breaks its contract:\n{breaks}")

    def __reduce__(self) -> tuple[type["FamilyContractError"], tuple[str, tuple[str, ...]]]:
        """Travel between processes with both arguments."""
        return type(self), (self.family, self.violations)


def check_family(family: Any) -> None:
    """Put a family through everything that a search will ask of it, on small datasets.

    Takes a few seconds. Datasets of each task that the family declares, with and without missing
    values, quantities and categoricals, go through preprocessing as in a search; for a family with
    a ``shape`` they are images or sequences. Networks are trained for two epochs.

    Parameters
    ----------
    family
        A class with the parts of ``search_spaces.families.base.Family``, or an instance of one.

    Raises
    ------
    FamilyContractError
        With all that is wrong, not only the first thing.
    """
    _keep(family, promises.ALL)


class FamilyContract:
    """The promises as pytest tests, one each: inherit and set ``family``.

    ::

        class TestKNeighbours(FamilyContract):
            family = KNeighbours

    For several families set it in an autouse fixture: ``request.instance.family = ...``.
    """

    family: ClassVar[Any]

    def test_says_what_it_is(self) -> None:
        """Check the attributes and methods."""
        _keep(self.family, ())

    def test_has_a_plain_space(self) -> None:
        """Check that the space is constant and JSON."""
        _keep(self.family, (promises.has_a_plain_space,))

    def test_has_a_default_in_its_space(self) -> None:
        """Check the default configuration."""
        _keep(self.family, (promises.has_a_default_in_its_space,))

    def test_builds_whatever_it_offers(self) -> None:
        """Check that drawn configurations build."""
        _keep(self.family, (promises.builds_whatever_it_offers,))

    def test_learns_and_predicts(self) -> None:
        """Check training, predictions, probabilities and scoring."""
        _keep(self.family, (promises.learns_and_predicts,))

    def test_takes_the_missing_values_that_it_asks_for(self) -> None:
        """Check NaN, if ``impute: none`` is offered."""
        _keep(self.family, (promises.takes_missing_values_it_asks_for,))

    def test_repeats_itself(self) -> None:
        """Check that the seed decides."""
        _keep(self.family, (promises.repeats_itself,))

    def test_learns_without_a_class(self) -> None:
        """Check a fold without a rare class."""
        _keep(self.family, (promises.learns_without_a_class,))

    def test_travels(self) -> None:
        """Check that a fitted model can change process."""
        _keep(self.family, (promises.travels,))


def _keep(family: Any, claimed: Sequence[Promise]) -> None:
    """Hold a family to some promises.

    Raises
    ------
    FamilyContractError
        If it breaks any; or lacks a part, and then nothing else is tried.
    """
    try:
        made = promises.make(family)
    except BrokenPromiseError as error:
        raise FamilyContractError(_name(family), [str(error)]) from error
    lacking = promises.says_what_it_is(made)
    if lacking:
        raise FamilyContractError(_name(made), lacking)
    broken: dict[str, list[str]] = defaultdict(list)
    shape = getattr(made, "shape", None)
    for sample in (s for task in sorted(made.tasks) for s in make_samples(task, shape)):
        for promise in claimed:
            try:
                promise(made, sample)
            except BrokenPromiseError as error:
                broken[str(error)].append(sample.words)
                if promise is promises.has_a_plain_space:
                    break  # nothing that follows could be drawn
    if broken:
        raise FamilyContractError(
            _name(made), [f"{sentence} ({_places(on)})" for sentence, on in broken.items()]
        )


def _places(found_on: list[str]) -> str:
    places = list(dict.fromkeys(found_on))
    more = f"; and {len(places) - 1} more" if len(places) > 1 else ""
    return f"{places[0]}{more}"


def _name(family: Any) -> str:
    own = getattr(family, "name", None)
    return own if isinstance(own, str) else getattr(family, "__name__", type(family).__name__)
