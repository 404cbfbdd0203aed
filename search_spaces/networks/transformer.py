"""Attention between the steps of a padded sequence: the Transformer's encoder."""

import math
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from search_spaces.columns import Shape
from search_spaces.networks.sequences import Steps, are_steps, pooled

Positions = Literal["sinusoidal", "learned"]
Summary = Literal["mean", "token"]

SLOWEST = 10_000.0  # Vaswani et al. 2017, section 3.5


class Places(nn.Module):
    """Add to each step (n, steps, width) a vector that says which step it is.

    Sines and cosines of Vaswani et al. 2017 (arXiv:1706.03762), section 3.5, or learnt vectors.
    """

    vectors: Tensor  # (steps, width)

    def __init__(self, kind: Positions, steps: int, width: int) -> None:
        super().__init__()
        if kind == "learned":
            # as in BERT (Devlin et al. 2019, arXiv:1810.04805): normal, deviation 0.02
            self.vectors = nn.Parameter(torch.empty(steps, width).normal_(std=0.02))
        else:
            self.register_buffer("vectors", waves(steps, width))

    def forward(self, sequence: Tensor) -> Tensor:
        """From (n, steps, width) to the same."""
        return sequence + self.vectors


class Transformer(nn.Module):
    """The encoder of Vaswani et al. 2017 (arXiv:1706.03762), of PyTorch's layers.

    Parameters
    ----------
    shape
        Of a row: a sequence.
    n_outputs
        Logits (n, n_outputs); 0 for values (n,).
    layers
        How many layers.
    heads
        Of each attention.
    head_size
        A step is a vector of heads * head_size numbers.
    feed_forward_factor
        How much wider than that the feed-forward parts are.
    activate
        Their nonlinearity.
    normalise_first
        Whether layers normalise what they read rather than what they have added up, which trains
        without a warm-up (Xiong et al. 2020, arXiv:2002.04745).
    positions
        What says where a step stands.
    summary
        What is kept: the mean over the steps, or what a token in front of them has read.
    dropout
        Of attention weights and of what is added.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        n_outputs: int,
        layers: int,
        heads: int,
        head_size: int,
        feed_forward_factor: float,
        activate: Literal["relu", "gelu"],
        normalise_first: bool,
        positions: Positions,
        summary: Summary,
        dropout: float,
    ) -> None:
        super().__init__()
        self.shape, self.is_value = shape, n_outputs == 0
        width = heads * head_size
        self.steps = Steps(shape)
        self.enter = nn.Linear(shape.channels, width)
        self.places = Places(positions, shape.sizes[0], width)
        self.token: nn.Parameter | None = None
        if summary == "token":
            self.token = nn.Parameter(torch.empty(1, 1, width).normal_(std=0.02))
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(  # nn.TransformerEncoder would let all layers begin alike
            nn.TransformerEncoderLayer(
                width,
                heads,
                dim_feedforward=round(width * feed_forward_factor),
                dropout=dropout,
                activation=activate,
                batch_first=True,
                norm_first=normalise_first,
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width) if normalise_first else nn.Identity()
        self.head = nn.Linear(width, n_outputs or 1)

    def adapt(self, X: NDArray[np.float32] | Tensor) -> None:
        """Learn the scale of each channel from training features X (n, n_features)."""
        self.steps.learn(X)

    def forward(self, X: Tensor) -> Tensor:
        """From features (n, n_features) to logits (n, n_outputs), or values (n,)."""
        values, lengths = self.steps(X)
        sequence = self.dropout(self.places(self.enter(values)))
        if self.token is not None:
            token = self.token.expand(sequence.shape[0], -1, -1)
            sequence, lengths = torch.cat([token, sequence], dim=1), lengths + 1
        padding = ~are_steps(sequence, lengths)
        for layer in self.layers:
            sequence = layer(sequence, src_key_padding_mask=padding)
        sequence = self.norm(sequence)
        kept = sequence[:, 0] if self.token is not None else pooled(sequence, lengths, "mean")
        outputs: Tensor = self.head(kept)
        return outputs.squeeze(1) if self.is_value else outputs


def waves(steps: int, width: int) -> Tensor:
    """Sines in the even places, cosines in the odd ones, float32 (steps, width)."""
    slowness = torch.exp(torch.arange(0, width, 2) * (-math.log(SLOWEST) / width))
    angles = torch.arange(steps).unsqueeze(1) * slowness
    both = torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)
    return both[:, :width].float()
