import math

import pytest
import torch

from search_spaces.networks.beginning import seeded
from search_spaces.networks.ft_transformer import Block, FTTransformer, Tokens
from search_spaces.networks.inputs import Inputs
from tests.search_spaces.networks.rows import INPUTS, NO_CODES, ONLY_CODES, exported, rows

SIZE, HEADS = 8, 2
BLOCK = {
    "heads": HEADS,
    "hidden": 6,
    "attention_dropout": 0.0,
    "dropout": 0.0,
    "residual_dropout": 0.0,
    "is_first": False,
    "is_last": False,
}
BASE = {
    "n_outputs": 3,
    "depth": 2,
    "heads": HEADS,
    "feed_forward_factor": 4 / 3,
    "attention_dropout": 0.0,
    "dropout": 0.0,
    "residual_dropout": 0.0,
}


def make_tokens(X, inputs=INPUTS, bins=0):
    with seeded(0):
        return Tokens(X, inputs, size=SIZE, bins=bins)


def make(X, inputs=INPUTS, bins=0, **changes):
    tokens = make_tokens(X, inputs, bins)
    with seeded(1):
        return FTTransformer(tokens, **{**BASE, **changes})


def make_block(**changes):
    with seeded(2):
        block = Block(SIZE, **{**BLOCK, **changes})
        for parameter in block.parameters():  # norms and biases begin as ones and zeros
            torch.nn.init.normal_(parameter)
    return block.double()


@pytest.mark.parametrize(
    ("inputs", "others", "n_tokens"),
    [
        (INPUTS, 2, 1 + 2 + 3 + 1),
        (INPUTS, 0, 1 + 2 + 3),
        (NO_CODES, 0, 1 + 3),
        (ONLY_CODES, 500, 1 + 2 + 1),
        (Inputs((), 0), 500, 1 + 1),
    ],
)
def test_each_column_is_a_token_and_the_rest_is_one(inputs, others, n_tokens):
    X = rows(inputs=inputs, others=others)

    assert make_tokens(X, inputs)(X).shape == (len(X), n_tokens, SIZE)


def test_tokens_are_in_the_order_of_the_features_behind_the_reader():
    X = rows()
    module = make_tokens(X)

    tokens = module(X)

    torch.testing.assert_close(tokens[:, 0], module.reader[0].expand(len(X), -1))
    known = ~X[:, 1].isnan()
    rows_of_codes = module.categories.tables[1].weight[X[known, 1].long() + 1]
    torch.testing.assert_close(tokens[known, 2], rows_of_codes + module.bias[1])
    torch.testing.assert_close(tokens[~known, 2], module.bias[1].expand((~known).sum(), -1))
    quantity = X[:, [2]] * module.quantities.weight[0] + module.quantities.bias[0]
    torch.testing.assert_close(tokens[:, 3], quantity)
    torch.testing.assert_close(tokens[:, 6], module.others(X[:, 5:]))


def test_quantities_in_bins_begin_as_linear_ones():
    X = rows()

    torch.testing.assert_close(make_tokens(X, bins=5)(X)[:, 3:6], make_tokens(X)(X)[:, 3:6])


def norm(x, layer):
    centred = x - x.mean(-1, keepdim=True)
    scaled = centred / (centred.square().mean(-1, keepdim=True) + layer.eps).sqrt()
    return scaled * layer.weight + layer.bias


def attention(x, layer):
    """Vaswani et al. 2017 (arXiv:1706.03762), section 3.2, head by head."""
    weights, biases = layer.in_proj_weight.chunk(3), layer.in_proj_bias.chunk(3)
    q, k, v = (x @ w.T + b for w, b in zip(weights, biases, strict=True))
    heads = []
    for one in range(HEADS):
        part = slice(one * SIZE // HEADS, (one + 1) * SIZE // HEADS)
        scores = q[..., part] @ k[..., part].transpose(1, 2) / math.sqrt(SIZE // HEADS)
        heads.append(scores.softmax(-1) @ v[..., part])
    return torch.cat(heads, -1) @ layer.out_proj.weight.T + layer.out_proj.bias


def feed_forward(x, layers):
    norm_layer, widen, _, _, narrow = layers
    one, other = (norm(x, norm_layer) @ widen.weight.T + widen.bias).chunk(2, -1)
    return (one * other.clamp(min=0)) @ narrow.weight.T + narrow.bias


@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize("is_last", [False, True])
def test_a_block_is_that_of_the_paper(is_first, is_last):
    block = make_block(is_first=is_first, is_last=is_last)
    draw = torch.Generator().manual_seed(0)
    x = torch.randn(5, 4, SIZE, generator=draw, dtype=torch.float64)

    found = block(x)

    read = x + attention(x if is_first else norm(x, block.attention_norm), block.attention)
    expected = read + feed_forward(read, block.feed_forward)
    torch.testing.assert_close(found, expected[:, :1] if is_last else expected)


def test_the_first_token_tells_the_answer():
    X = rows()
    module = make(X)

    tokens = module.blocks(module.tokens(X))

    assert tokens.shape == (len(X), 1, SIZE)
    last = module.head[-1]
    expected = norm(tokens[:, 0], module.head[0]).clamp(min=0) @ last.weight.T + last.bias
    torch.testing.assert_close(module(X), expected)


@pytest.mark.parametrize("n_outputs", [0, 2, 5])
def test_outputs_are_logits_or_values(n_outputs):
    X = rows()

    outputs = make(X, n_outputs=n_outputs)(X)

    assert outputs.shape == ((len(X), n_outputs) if n_outputs else (len(X),))


@pytest.mark.parametrize(("depth", "bins"), [(1, 0), (3, 5)])
def test_every_weight_is_trained(depth, bins):
    X = rows()
    module = make(X, depth=depth, bins=bins)

    module(X).square().sum().backward()

    for name, parameter in module.named_parameters():
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("which", ["attention_dropout", "dropout", "residual_dropout"])
def test_each_dropout_is_for_training(which):
    X = rows()
    module = make(X, **{which: 0.5})

    assert not torch.equal(module(X), module(X))
    module.eval()
    assert torch.equal(module(X), module(X))


@pytest.mark.parametrize(
    ("inputs", "others", "bins"), [(INPUTS, 2, 5), (NO_CODES, 0, 0), (ONLY_CODES, 3, 5)]
)
def test_what_torch_exports_computes_the_same_for_any_number_of_rows(inputs, others, bins):
    X = rows(inputs=inputs, others=others)
    module = make(X, inputs, bins)

    program = exported(module, X)

    for n in (1, 7, 40):
        torch.testing.assert_close(program(X[:n]), module(X[:n]), rtol=0, atol=1e-6)
