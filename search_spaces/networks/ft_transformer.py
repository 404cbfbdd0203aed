"""Attention between the features of a row: the FT-Transformer."""

import torch
from torch import Tensor, nn

from search_spaces.networks.blocks import ReGLU, head
from search_spaces.networks.embeddings import Bounds, Categories, LinearTokens, PiecewiseTokens
from search_spaces.networks.inputs import Inputs


class Tokens(nn.Module):
    """A vector for each feature of a row, and one in front that reads the others.

    What comes behind the quantities, however many features that is, is one token together: a linear
    map of them. Codes have a bias each, as in ``CategoricalFeatureEmbeddings`` of
    ``paper_tabular_dl_revisiting_models`` 0.0.2.

    Parameters
    ----------
    features
        Of the training rows, float32 (n, n_features): how many there are, and the quantiles of the
        quantities.
    inputs
        What they are.
    size
        How long the vectors are.
    bins
        Between quantiles of each quantity, where its token bends; 0 for linear tokens.
    """

    def __init__(self, features: Tensor, inputs: Inputs, *, size: int, bins: int) -> None:
        super().__init__()
        self.n_codes, self.n_quantities = inputs.n_codes, inputs.n_quantities
        self.size, bound = size, size**-0.5
        numbers = features[:, self.n_codes :]
        n_others = numbers.shape[1] - self.n_quantities
        self.reader = nn.Parameter(torch.empty(1, 1, size).uniform_(-bound, bound))
        self.bounds = Bounds(numbers) if numbers.shape[1] else None
        self.categories: Categories | None = None
        self.quantities: LinearTokens | PiecewiseTokens | None = None
        self.others = nn.Linear(n_others, size) if n_others else None
        if inputs.n_codes:
            self.categories = Categories(inputs.categories, (size,) * inputs.n_codes, bound)
            self.bias = nn.Parameter(torch.empty(inputs.n_codes, size).uniform_(-bound, bound))
        if inputs.n_quantities and bins:
            quantities = numbers[:, : self.n_quantities]
            self.quantities = PiecewiseTokens(quantities, bins=bins, size=size)
        elif inputs.n_quantities:
            self.quantities = LinearTokens(inputs.n_quantities, size)

    def forward(self, X: Tensor) -> Tensor:
        """From features (n, n_features) to (n, 1 + n_tokens, size)."""
        # not len(X), which is a constant to torch.export
        parts = [self.reader.expand(X.shape[0], 1, -1)]
        if self.categories is not None:
            codes: Tensor = self.categories(X[:, : self.n_codes])
            parts.append(codes.reshape(-1, self.n_codes, self.size) + self.bias)
        if self.bounds is not None:
            numbers = self.bounds(X[:, self.n_codes :])
            if self.quantities is not None:
                parts.append(self.quantities(numbers[:, : self.n_quantities]))
            if self.others is not None:
                parts.append(self.others(numbers[:, self.n_quantities :]).unsqueeze(1))
        return torch.cat(parts, dim=1)


class Block(nn.Module):
    """Attention and a feed-forward part with ReGLU, each normalised first and added.

    Parameters
    ----------
    size
        How long tokens are.
    heads
        A divisor of it.
    hidden
        How wide the feed-forward part is.
    is_first
        The first block does not normalise before its attention, which is crucial, its authors say.
    is_last
        The last one only looks at what the first token reads.
    """

    def __init__(
        self,
        size: int,
        *,
        heads: int,
        hidden: int,
        attention_dropout: float,
        dropout: float,
        residual_dropout: float,
        is_first: bool,
        is_last: bool,
    ) -> None:
        super().__init__()
        self.is_last = is_last
        self.attention_norm = nn.Identity() if is_first else nn.LayerNorm(size)
        self.attention = nn.MultiheadAttention(
            size, heads, dropout=attention_dropout, batch_first=True
        )
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(size),
            nn.Linear(size, 2 * hidden),
            ReGLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, size),
        )
        self.residual_dropout = nn.Dropout(residual_dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """From (n, n_tokens, size) to the same, or to (n, 1, size) in the last block."""
        normed = self.attention_norm(tokens)
        readers = normed[:, :1] if self.is_last else normed
        kept = tokens[:, :1] if self.is_last else tokens
        read, _ = self.attention(readers, normed, normed, need_weights=False)
        kept = kept + self.residual_dropout(read)
        outputs: Tensor = kept + self.residual_dropout(self.feed_forward(kept))
        return outputs


class FTTransformer(nn.Module):
    """A token for each feature, blocks of attention, and what the first token has read.

    Gorishniy et al. 2021 (arXiv:2106.11959), section 3.3, as in ``FTTransformer`` of their package
    ``paper_tabular_dl_revisiting_models`` 0.0.2, with PyTorch's attention.

    Parameters
    ----------
    tokens
        From features to tokens.
    n_outputs
        Logits (n, n_outputs); 0 for values (n,).
    depth
        How many blocks.
    heads
        Of each attention, a divisor of the size of tokens.
    feed_forward_factor
        How much wider than tokens the feed-forward parts are.
    attention_dropout, dropout, residual_dropout
        Of attention weights, inside feed-forward parts, and of what is added.
    """

    def __init__(
        self,
        tokens: Tokens,
        *,
        n_outputs: int,
        depth: int,
        heads: int,
        feed_forward_factor: float,
        attention_dropout: float,
        dropout: float,
        residual_dropout: float,
    ) -> None:
        super().__init__()
        self.tokens = tokens
        self.is_value = n_outputs == 0
        self.blocks = nn.Sequential(
            *(
                Block(
                    tokens.size,
                    heads=heads,
                    hidden=round(tokens.size * feed_forward_factor),
                    attention_dropout=attention_dropout,
                    dropout=dropout,
                    residual_dropout=residual_dropout,
                    is_first=i == 0,
                    is_last=i == depth - 1,
                )
                for i in range(depth)
            )
        )
        self.head = nn.Sequential(
            nn.LayerNorm(tokens.size), nn.ReLU(), head(tokens.size, n_outputs)
        )

    def forward(self, X: Tensor) -> Tensor:
        """From features (n, n_features) to logits (n, n_outputs), or values (n,)."""
        outputs: Tensor = self.head(self.blocks(self.tokens(X)).squeeze(1))
        return outputs.squeeze(1) if self.is_value else outputs
