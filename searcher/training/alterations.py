"""How training rows are altered each time that they are seen: mixed with others, moved as images.

Everything random is drawn for a whole global batch at once, so that ranks that share it agree.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from search_spaces.columns import Shape
from search_spaces.networks import TrainingSettings
from searcher.errors import TrialError
from searcher.training import images


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What was drawn for a global batch of n rows."""

    moves: NDArray[np.float32] | None = None  # (n, 2, 3), see ``images``
    partner: NDArray[np.int64] | None = None  # (n,), the row that each is mixed with
    share: float = 1.0  # of the row itself
    own_codes: NDArray[np.bool_] | None = None  # (n, n_codes), True where the row keeps its own


@dataclass(frozen=True, slots=True)
class Alterations:
    """Mixup (Zhang et al. 2018, arXiv:1710.09412), and moves of images.

    Attributes
    ----------
    mixup
        Alpha of the beta distribution of the shares; 0 does not mix.
    augment
        One of ``images.MOVES``, or "none".
    n_codes
        The first so many features are category codes. Half of one code and half of another is
        neither: of a row's codes about its share stay its own, as CutMix does with pixels (Yun et
        al. 2019, arXiv:1905.04899).
    shape
        Of the rows, if they are images.
    """

    mixup: float = 0.0
    augment: str = "none"
    n_codes: int = 0
    shape: Shape | None = None

    @classmethod
    def of(cls, settings: TrainingSettings, module: nn.Module) -> Self:
        """Read ``n_codes`` and ``shape`` off the module, or the part of it that has them.

        Raises
        ------
        TrialError
            If images are to be moved and the rows are none.
        """
        shape: Shape | None = _said("shape", module, None)
        is_image = shape is not None and shape.kind == "image"
        if settings.augment != "none" and not is_image:
            found = "a table" if shape is None else shape.describe()
            raise TrialError(f"augment {settings.augment!r} is for images; the rows are {found}")
        return cls(settings.mixup, settings.augment, _said("n_codes", module, 0), shape)

    def draw(self, n_rows: int, rng: np.random.Generator) -> View:
        """Draw for a global batch."""
        moves = partner = own_codes = None
        share = 1.0
        if self.augment != "none":
            moves = images.MOVES[self.augment].draw(n_rows, rng)
        if self.mixup:
            share, partner = float(rng.beta(self.mixup, self.mixup)), rng.permutation(n_rows)
        if self.mixup and self.n_codes:
            own_codes = rng.random((n_rows, self.n_codes)) < share
        return View(moves, partner, share, own_codes)

    def move(self, X: Tensor, view: View, which: NDArray[np.int64]) -> Tensor:
        """Images (n, n_features), the ``which``-th of the batch, as they are seen this time."""
        if view.moves is None or self.shape is None:
            return X
        moves = torch.from_numpy(view.moves[which]).to(X.device)
        return images.moved(X, moves, self.shape, mode=images.MOVES[self.augment].mode)

    def mix(self, X: Tensor, others: Tensor, view: View, which: NDArray[np.int64]) -> Tensor:
        """Rows (n, n_features), the ``which``-th of the batch, mixed with their partners."""
        mixed = torch.lerp(others, X, view.share)
        if view.own_codes is not None:
            own = torch.from_numpy(view.own_codes[which]).to(X.device)
            mixed[:, : self.n_codes] = torch.where(
                own, X[:, : self.n_codes], others[:, : self.n_codes]
            )
        return mixed


def _said(name: str, module: nn.Module, otherwise: Any) -> Any:
    return next(
        (getattr(part, name) for part in module.modules() if hasattr(part, name)), otherwise
    )
