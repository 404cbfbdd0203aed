"""Recurrent networks over padded sequences, in one direction or in both."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from search_spaces.columns import Shape
from search_spaces.networks.sequences import Pooling, Steps, backwards, last_step, pooled

Cell = Literal["rnn", "lstm", "gru"]

CELLS: dict[Cell, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class Layer(nn.Module):
    """One layer of cells over the steps, and one over them from the end, if wanted.

    Packed sequences, with which PyTorch handles lengths, can't be exported. None is needed: going
    forwards, what stands behind the end comes too late to matter; for the way back each sequence
    is turned round within its length.
    """

    def __init__(self, cell: Cell, n_inputs: int, size: int, *, both_ways: bool) -> None:
        super().__init__()
        self.there: nn.RNNBase = CELLS[cell](n_inputs, size, batch_first=True)
        self.back: nn.RNNBase | None = None
        if both_ways:
            self.back = CELLS[cell](n_inputs, size, batch_first=True)

    def forward(self, sequence: Tensor, lengths: Tensor) -> Tensor:
        """From (n, steps, n_inputs) to (n, steps, size), or twice the size both ways."""
        there: Tensor = self.there(sequence)[0]
        if self.back is None:
            return there
        back = backwards(self.back(backwards(sequence, lengths))[0], lengths)
        return torch.cat([there, back], dim=2)


class Recurrent(nn.Module):
    """Layers of recurrent cells, what is kept of their steps, and a linear layer.

    LSTM: Hochreiter & Schmidhuber 1997 (Neural Computation 9(8)); GRU: Cho et al. 2014
    (arXiv:1406.1078), as PyTorch computes it; both ways: Schuster & Paliwal 1997 (IEEE Trans.
    Signal Processing 45(11)).

    Parameters
    ----------
    shape
        Of a row: a sequence.
    n_outputs
        Logits (n, n_outputs); 0 for values (n,).
    cell
        Kind of the cells; "rnn" has tanh.
    layers
        How many layers.
    size
        Cells of each layer, in each direction.
    both_ways
        Whether each layer also reads the sequence from its end.
    pooling
        What is kept: the state after the last step read (in each direction), or the mean or the
        maximum over all steps.
    dropout
        Share of the outputs of each layer that a training step leaves out.
    """

    def __init__(
        self,
        shape: Shape,
        *,
        n_outputs: int,
        cell: Cell,
        layers: int,
        size: int,
        both_ways: bool,
        pooling: Pooling,
        dropout: float,
    ) -> None:
        super().__init__()
        self.shape, self.pooling, self.size = shape, pooling, size
        self.is_value = n_outputs == 0
        width = 2 * size if both_ways else size
        self.steps = Steps(shape)
        self.layers = nn.ModuleList(
            Layer(cell, n_inputs, size, both_ways=both_ways)
            for n_inputs in [shape.channels, *[width] * (layers - 1)]
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_outputs or 1)

    def adapt(self, X: NDArray[np.float32] | Tensor) -> None:
        """Learn the scale of each channel from training features X (n, n_features)."""
        self.steps.learn(X)

    def forward(self, X: Tensor) -> Tensor:
        """From features (n, n_features) to logits (n, n_outputs), or values (n,)."""
        sequence, lengths = self.steps(X)
        for layer in self.layers:
            sequence = self.dropout(layer(sequence, lengths))
        outputs: Tensor = self.head(self._kept(sequence, lengths))
        return outputs.squeeze(1) if self.is_value else outputs

    def _kept(self, sequence: Tensor, lengths: Tensor) -> Tensor:
        if self.pooling != "last":
            return pooled(sequence, lengths, self.pooling)
        # the way back ends at the first step
        there, back = last_step(sequence[..., : self.size], lengths), sequence[:, 0, self.size :]
        return torch.cat([there, back], dim=1)
