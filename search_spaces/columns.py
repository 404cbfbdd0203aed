"""What a dataset's columns are, and what a family may know about the rows it will see.

The matrix X of a dataset is float64 of shape (n_samples, n_columns), one column of X for each
``Column``, whatever its kind:

=============  ==============================================  ======================
kind           value in X                                      missing in X
=============  ==============================================  ======================
numeric        the number                                      NaN
boolean        0.0 or 1.0                                      NaN
date           days since 1970-01-01 UTC, fractions of a day   NaN
categorical    position in ``categories`` (1, 2, ...)          0.0: categories[0] == ""
               -1.0 for a string that is not in it
text           position in ``categories`` (1, 2, ...)          0.0: categories[0] == ""
=============  ==============================================  ======================

Coding strings by position is a bijection on the dataset's strings, so it carries no information
from one fold to another; which of them a fold's encoder knows is fitted inside the fold.

Rows may be images or sequences: then all columns are numeric, ``Profile.shape`` says how they are
laid out, and NaN in all channels of the last steps of a sequence is padding.

A category that is not in the table is just unknown. A text that is not in it still has words, so it
needs a longer table: ``Column.with_strings`` appends to it, and keeps every position.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, Literal

Kind = Literal["numeric", "boolean", "date", "categorical", "text"]
Task = Literal["binary", "multiclass", "regression", "clustering"]
ShapeKind = Literal["image", "sequence"]

MISSING_CATEGORY = ""
UNKNOWN_CODE = -1.0

WORD = "[a-zA-Z0-9_]+"
"""A word of a text: what both Python and the regular expressions of ONNX Runtime find alike."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of X."""

    name: str
    kind: Kind
    has_missing: bool = False  # anywhere in the dataset
    # categorical and text: ("", then the strings in sorted order, then those added later);
    # no part of repr, because there may be a whole book in it
    categories: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_categorical(self) -> bool:
        """Whether X holds codes of categories."""
        return self.kind == "categorical"

    @property
    def is_text(self) -> bool:
        """Whether X holds codes of texts, whose words are what counts."""
        return self.kind == "text"

    @property
    def is_coded(self) -> bool:
        """Whether X holds positions in ``categories`` rather than quantities."""
        return self.is_categorical or self.is_text

    def with_strings(self, strings: Iterable[str]) -> "Column":
        """Return the column with those of the strings appended that it does not have yet."""
        known = set(self.categories)
        new = [text for text in dict.fromkeys(strings) if text not in known]
        return replace(self, categories=(*self.categories, *new)) if new else self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Column":
        """Return itself: it can't change, and copying thousands of strings takes time."""
        return self


SIZES: Mapping[ShapeKind, tuple[str, ...]] = {
    "image": ("channels", "height", "width"),
    "sequence": ("steps", "channels"),
}
"""What the sizes of a shape are called, in their order."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the columns of a row are laid out, as an array whose last index runs fastest.

    Attributes
    ----------
    kind
        What a row is.
    sizes
        Of an image (channels, height, width), of a sequence (steps, channels); all at least 1.

    Raises
    ------
    ValueError
        If there are more or fewer sizes, or one is less than 1.
    """

    kind: ShapeKind
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        names = SIZES[self.kind]
        if len(self.sizes) != len(names) or min(self.sizes) < 1:
            raise ValueError(
                f"{self.kind} must have the sizes {', '.join(names)}, each at least 1; "
                f"found {list(self.sizes)}"
            )

    @property
    def n_columns(self) -> int:
        """How many columns of X a row of this shape has."""
        return prod(self.sizes)

    @property
    def channels(self) -> int:
        """Values at each pixel, or at each step."""
        return self.sizes[SIZES[self.kind].index("channels")]

    def describe(self) -> str:
        """Say it to people: ``an image of 1 x 28 x 28 (channels, height, width)``."""
        article, sizes = ("an" if self.kind == "image" else "a"), " x ".join(map(str, self.sizes))
        return f"{article} {self.kind} of {sizes} ({', '.join(SIZES[self.kind])})"

    def to_json(self) -> dict[str, list[int]]:
        """Write it as a spec does: ``{"image": [1, 28, 28]}``."""
        return {self.kind: list(self.sizes)}

    @staticmethod
    def from_json(written: Mapping[str, Sequence[int]] | None) -> "Shape | None":
        """Read what ``to_json`` wrote; None stays None.

        Raises
        ------
        ValueError
            If it is not one known kind with its sizes.
        """
        if written is None:
            return None
        for kind in SIZES:
            if list(written) == [kind]:
                return Shape(kind, tuple(written[kind]))
        raise ValueError(f"a shape is written as image: or sequence: and sizes, found {written!r}")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a family may know when it says what can be tried: shapes, never values."""

    task: Task
    columns: tuple[Column, ...]
    n_samples: int
    n_classes: int = 0  # 0 for regression
    shape: Shape | None = None  # of a row; None for a table

    @property
    def quantities(self) -> list[int]:
        """Positions of the columns that hold quantities (numeric, boolean, date)."""
        return [i for i, column in enumerate(self.columns) if not column.is_coded]

    @property
    def categoricals(self) -> list[int]:
        """Positions of the columns that hold codes of categories."""
        return [i for i, column in enumerate(self.columns) if column.is_categorical]

    @property
    def texts(self) -> list[int]:
        """Positions of the columns that hold codes of texts."""
        return [i for i, column in enumerate(self.columns) if column.is_text]

    @property
    def has_missing_quantities(self) -> bool:
        """Whether imputing can matter."""
        return any(self.columns[i].has_missing for i in self.quantities)
