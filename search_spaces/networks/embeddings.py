"""How codes of categories, quantities and other features enter a network."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

NARROWEST = 1e-6
"""Width of a bin below which it is none: standardised quantities are near 1."""


class Bounds(nn.Module):
    """Features no farther out than the training rows and once their range beyond, on either side.

    So far out a network has learnt nothing; farther it overflows, and small differences of rounding
    become large ones of probabilities.

    Parameters
    ----------
    features
        Of the training rows, float32 (n, n_features).
    """

    low: Tensor  # (n_features,)
    high: Tensor

    def __init__(self, features: Tensor) -> None:
        super().__init__()
        rows = features.double()
        low, high = rows.amin(dim=0), rows.amax(dim=0)
        largest = torch.finfo(torch.float32).max
        ends = (end.clamp(-largest, largest).float() for end in (2 * low - high, 2 * high - low))
        for name, end in zip(("low", "high"), ends, strict=True):
            self.register_buffer(name, end)

    def forward(self, X: Tensor) -> Tensor:
        """From (n, n_features) to the same; NaN stays."""
        return torch.minimum(torch.maximum(X, self.low), self.high)


class Categories(nn.Module):
    """Embeddings of codes, one table for each column; what is unknown is a vector of zeros.

    Parameters
    ----------
    counts
        How many categories each column can have.
    sizes
        How long each column's vectors are.
    bound
        Vectors begin uniform in [-bound, bound]; None leaves them PyTorch's normal ones.
    """

    def __init__(
        self, counts: tuple[int, ...], sizes: tuple[int, ...], bound: float | None = None
    ) -> None:
        super().__init__()
        self.tables = nn.ModuleList(
            nn.Embedding(count + 1, size, padding_idx=0)
            for count, size in zip(counts, sizes, strict=True)
        )
        if bound is not None:
            for weight in self.parameters():
                nn.init.uniform_(weight[1:], -bound, bound)

    def forward(self, codes: Tensor) -> Tensor:
        """From codes (n, n_columns), NaN where unknown, to (n, sum of the sizes)."""
        known = ~torch.isnan(codes)
        rows = torch.where(known, codes + 1.0, 0.0).long()
        return torch.cat([table(rows[:, i]) for i, table in enumerate(self.tables)], dim=1)


class LinearTokens(nn.Module):
    """A vector for each quantity: its value times a weight, plus a bias.

    Gorishniy et al. 2021 (arXiv:2106.11959), section 3.3; begins as in ``LinearEmbeddings`` of
    their package ``paper_tabular_dl_revisiting_models`` 0.0.2.
    """

    def __init__(self, n_quantities: int, size: int) -> None:
        super().__init__()
        bound = size**-0.5
        self.weight = nn.Parameter(torch.empty(n_quantities, size).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n_quantities, size).uniform_(-bound, bound))

    def forward(self, quantities: Tensor) -> Tensor:
        """From (n, n_quantities) to (n, n_quantities, size)."""
        return quantities.unsqueeze(-1) * self.weight + self.bias


class PiecewiseTokens(nn.Module):
    """A vector for each quantity that bends at quantiles of the training rows.

    The sum of a linear token and of a linear map, zero at first, of the quantity's piecewise
    linear encoding: how much of each bin between quantiles lies below it, from 0 to 1. After
    Gorishniy et al. 2022 (arXiv:2203.05556), section 3.2, and ``PiecewiseLinearEmbeddings`` of
    their package ``rtdl_num_embeddings`` 0.0.12, version "B"; but the outer bins end, since the
    linear part goes on beyond them, and a value that many rows have takes no quantiles from the
    others, as in LightGBM's bins (Ke et al. 2017, NeurIPS; 4.6, ``GreedyFindBin``).

    Parameters
    ----------
    quantities
        Of the training rows, float32 (n, n_quantities).
    bins
        How many bins there are at most; few values make fewer.
    size
        How long the vectors are.
    """

    start: Tensor  # (n_quantities, bins), where each bin begins
    steepness: Tensor  # (n_quantities, bins), one over its width; 0 for a bin that is not there

    def __init__(self, quantities: Tensor, *, bins: int, size: int) -> None:
        super().__init__()
        start, steepness = _bins(quantities, bins)
        self.register_buffer("start", start)
        self.register_buffer("steepness", steepness)
        self.linear = LinearTokens(quantities.shape[1], size)
        self.weight = nn.Parameter(torch.zeros(quantities.shape[1], bins, size))

    def forward(self, quantities: Tensor) -> Tensor:
        """From (n, n_quantities) to (n, n_quantities, size)."""
        encoded = ((quantities.unsqueeze(-1) - self.start) * self.steepness).clamp(0.0, 1.0)
        bent = torch.bmm(encoded.transpose(0, 1), self.weight).transpose(0, 1)
        linear: Tensor = self.linear(quantities)
        return linear + bent


def _bins(quantities: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    """Where bins begin and how steep they rise, both float32 (n_quantities, bins)."""
    columns = quantities.detach().cpu().numpy().T
    start, steepness = np.zeros((2, len(columns), bins), dtype=np.float32)
    for i, column in enumerate(columns):
        edges = _edges(column, bins)
        begins, widths = edges[:-1], np.diff(edges)
        real = widths > NARROWEST
        start[i, : real.sum()] = begins[real]
        steepness[i, : real.sum()] = 1.0 / widths[real]
    return torch.from_numpy(start), torch.from_numpy(steepness)


def _edges(column: NDArray[np.float32], bins: int) -> NDArray[np.float32]:
    """At most bins + 1 different values: each that fills a bin alone, and quantiles of the others.

    Quantiles of all rows would leave one bin to a column that is mostly zero.
    """
    values, counts = np.unique(column, return_counts=True)
    alone = values[counts * bins >= len(column)]
    others = column[~np.isin(column, alone)].astype(np.float64)
    n_quantiles = bins + 1 - len(alone)
    if not len(others) or not n_quantiles:
        return alone
    quantiles = np.quantile(others, np.linspace(0.0, 1.0, n_quantiles)).astype(np.float32)
    return np.unique(np.concatenate([alone, quantiles]))
