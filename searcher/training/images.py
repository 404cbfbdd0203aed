"""How images are moved: an affine map from the pixels of the new image to places in the old one.

Coordinates go from -1 to 1 in both directions, as in ``torch.nn.functional.affine_grid``; what lies
outside looks like the nearest pixel of the edge.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from search_spaces.columns import Shape

SHIFT = 1 / 8  # of a side; He et al. 2016 (arXiv:1512.03385), section 4.2: 4 of 32 pixels
SMALLEST_CROP = 0.8  # of a side; Szegedy et al. 2015 (arXiv:1409.4842) go further, on large images

Draw = Callable[[int, np.random.Generator], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Move:
    """A kind of move: how maps (n, 2, 3) are drawn, and how values between pixels are found."""

    draw: Draw
    mode: str = "nearest"


def _maps(n_images: int) -> NDArray[np.float32]:
    return np.tile(np.eye(2, 3, dtype=np.float32), (n_images, 1, 1))


def flips(n_images: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw mirror images, left to right, every second time."""
    maps = _maps(n_images)
    maps[:, 0, 0] = rng.choice([-1.0, 1.0], size=n_images)
    return maps


def shifts(n_images: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw shifts by up to an eighth of a side in each direction, to the nearest pixel."""
    maps = _maps(n_images)
    maps[:, :, 2] = rng.uniform(-2 * SHIFT, 2 * SHIFT, size=(n_images, 2))
    return maps


def crops(n_images: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw parts of at least 0.8 of each side, from anywhere, to be enlarged to the whole."""
    maps = _maps(n_images)
    side = rng.uniform(SMALLEST_CROP, 1.0, size=(n_images, 1))
    maps[:, 0, 0] = maps[:, 1, 1] = side[:, 0]
    maps[:, :, 2] = rng.uniform(-1.0, 1.0, size=(n_images, 2)) * (1 - side)
    return maps


MOVES = {"flip": Move(flips), "shift": Move(shifts), "crop": Move(crops, mode="bilinear")}


def moved(X: Tensor, maps: Tensor, shape: Shape, *, mode: str) -> Tensor:
    """Move images, as rows (n, channels * height * width), each by its map (n, 2, 3)."""
    pictures = X.view(len(X), *shape.sizes)
    grid = functional.affine_grid(maps, list(pictures.shape), align_corners=False)
    seen = functional.grid_sample(
        pictures, grid, mode=mode, padding_mode="border", align_corners=False
    )
    return seen.reshape(X.shape)
