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
=============  ==============================================  ======================

Coding strings by position is a bijection on the dataset's strings, so it carries no information
from one fold to another; which of them a fold's encoder knows is fitted inside the fold.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["numeric", "boolean", "date", "categorical"]
Task = Literal["binary", "multiclass", "regression"]

MISSING_CATEGORY = ""
UNKNOWN_CODE = -1.0


@dataclass(frozen=True, slots=True)
class Column:
    """One column of X."""

    name: str
    kind: Kind
    has_missing: bool = False  # anywhere in the dataset
    categories: tuple[str, ...] = ()  # categorical only: ("", then the strings in sorted order)

    @property
    def is_categorical(self) -> bool:
        """Whether X holds codes rather than quantities."""
        return self.kind == "categorical"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a family may know when it says what can be tried: shapes, never values."""

    task: Task
    columns: tuple[Column, ...]
    n_samples: int
    n_classes: int = 0  # 0 for regression

    @property
    def quantities(self) -> list[int]:
        """Positions of the columns that hold quantities (numeric, boolean, date)."""
        return [i for i, column in enumerate(self.columns) if not column.is_categorical]

    @property
    def categoricals(self) -> list[int]:
        """Positions of the columns that hold codes."""
        return [i for i, column in enumerate(self.columns) if column.is_categorical]

    @property
    def has_missing_quantities(self) -> bool:
        """Whether imputing can matter."""
        return any(self.columns[i].has_missing for i in self.quantities)
