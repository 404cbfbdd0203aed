"""Convolutional networks over images: blocks of convolutions, each half as high and wide."""

from math import gcd
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from search_spaces.columns import Shape
from search_spaces.networks.blocks import Activation, activation
from search_spaces.networks.channels import Channels

ImageNormalisation = Literal["batch", "group", "none"]
ImagePooling = Literal["max", "average"]
ImageHead = Literal["flatten", "average"]

WIDEST = 256
"""Channels at which blocks stop doubling them."""

MOST_GROUPS = 8

POOLS: dict[ImagePooling, type[nn.Module]] = {"max": nn.MaxPool2d, "average": nn.AvgPool2d}


class Block(nn.Module):
    """Convolutions, each normalised and activated; then one pixel in place of four.

    With a way around (He et al. 2016, arXiv:1512.03385) what came in is added before the last
    activation, through a convolution of one pixel where channels differ.

    Parameters
    ----------
    n_inputs, n_outputs
        Channels.
    kernel
        Pixels of a side of each convolution; odd.
    convolutions
        How many there are.
    residual
        Whether there is a way around them.
    pool
        Puts one pixel in the place of several.
    """

    def __init__(
        self,
        n_inputs: int,
        n_outputs: int,
        *,
        kernel: int,
        convolutions: int,
        normalise: ImageNormalisation,
        activate: Activation,
        residual: bool,
        pool: nn.Module,
    ) -> None:
        super().__init__()
        inner: list[nn.Module] = []
        for i in range(convolutions):
            width = n_outputs if i else n_inputs
            inner += [
                nn.Conv2d(width, n_outputs, kernel, padding=kernel // 2, bias=normalise == "none"),
                normalisation(normalise, n_outputs),
                activation(activate),
            ]
        self.last = inner.pop()
        self.inner = nn.Sequential(*inner)
        self.around: nn.Module | None = None
        if residual:
            same = n_inputs == n_outputs
            self.around = nn.Identity() if same else nn.Conv2d(n_inputs, n_outputs, 1)
        self.pool = pool

    def forward(self, image: Tensor) -> Tensor:
        """From (n, n_inputs, height, width) to (n, n_outputs, half of it, half of it)."""
        seen: Tensor = self.inner(image)
        if self.around is not None:
            seen = seen + self.around(image)
        pooled: Tensor = self.pool(self.last(seen))
        return pooled


class CNN(nn.Module):
    """Blocks of convolutions that double the channels, and a linear layer.

    Parameters
    ----------
    shape
        Of a row: an image.
    n_outputs
        Logits (n, n_outputs); 0 for values (n,).
    blocks
        How many. A side of one pixel is not halved any more.
    channels
        Of the first block.
    kernel, convolutions, normalise, activate, residual
        Of each block; see there.
    pooling
        What stands for four pixels.
    head
        Whether the linear layer sees every pixel of the last block or the mean of each channel.
    dropout
        Share of what the linear layer sees that a training step leaves out.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        n_outputs: int,
        blocks: int,
        channels: int,
        kernel: int,
        convolutions: int,
        normalise: ImageNormalisation,
        activate: Activation,
        pooling: ImagePooling,
        residual: bool,
        head: ImageHead,
        dropout: float,
    ) -> None:
        super().__init__()
        self.shape, self.is_value = shape, n_outputs == 0
        self.channels = Channels(shape)
        width, sides = shape.channels, shape.sizes[1:]
        layers: list[nn.Module] = []
        for i in range(blocks):
            window = tuple(min(2, side) for side in sides)
            made = min(channels * 2**i, max(channels, WIDEST))
            layers.append(
                Block(
                    width,
                    made,
                    kernel=kernel,
                    convolutions=convolutions,
                    normalise=normalise,
                    activate=activate,
                    residual=residual,
                    pool=POOLS[pooling](window),
                )
            )
            width, sides = made, tuple(side // by for side, by in zip(sides, window, strict=True))
        self.blocks = nn.Sequential(*layers)
        self.averages = head == "average"
        n_kept = width if self.averages else width * sides[0] * sides[1]
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(n_kept, n_outputs or 1)

    def adapt(self, X: NDArray[np.float32] | Tensor) -> None:
        """Learn the scale of each channel from training features X (n, n_features)."""
        self.channels.learn(X)

    def forward(self, X: Tensor) -> Tensor:
        """From features (n, n_features) to logits (n, n_outputs), or values (n,)."""
        image, _ = self.channels(X)
        seen = self.blocks(image)
        kept = seen.mean(dim=(2, 3)) if self.averages else seen.flatten(1)
        outputs: Tensor = self.head(self.dropout(kept))
        return outputs.squeeze(1) if self.is_value else outputs


def normalisation(kind: ImageNormalisation, channels: int) -> nn.Module:
    """Batch normalisation, group normalisation of up to eight groups, or nothing.

    Ioffe & Szegedy 2015 (arXiv:1502.03167); Wu & He 2018 (arXiv:1803.08494), which does not depend
    on the other rows of a batch.
    """
    if kind == "group":
        return nn.GroupNorm(gcd(channels, MOST_GROUPS), channels)
    return nn.BatchNorm2d(channels) if kind == "batch" else nn.Identity()
