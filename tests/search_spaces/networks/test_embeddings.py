import numpy as np
import pytest
import torch

from search_spaces.networks.beginning import seeded
from search_spaces.networks.embeddings import Bounds, Categories, LinearTokens, PiecewiseTokens

CODES = torch.tensor([[0.0, 4.0], [2.0, float("nan")], [1.0, 0.0]])


def test_features_end_once_their_range_beyond_the_training_rows():
    module = Bounds(torch.tensor([[0.0, 5.0, -1.0], [1.0, 5.0, 3.0]]))

    found = module(torch.tensor([[1.5, 5.0, 7.5], [9.0, 6.0, torch.inf], [-9.0, -6.0, -1e38]]))

    expected = [[1.5, 5.0, 7.0], [2.0, 5.0, 7.0], [-1.0, 5.0, -5.0]]
    torch.testing.assert_close(found, torch.tensor(expected))


def test_features_as_large_as_can_be_have_bounds():
    module = Bounds(torch.tensor([[-3e38], [3e38]]))

    assert torch.isfinite(module(torch.tensor([[torch.inf], [-torch.inf]]))).all()


def categories():
    with seeded(0):
        return Categories((3, 5), (2, 4), bound=0.1)


def test_a_code_is_its_row_of_the_columns_table():
    module = categories()

    vectors = module(CODES)

    assert vectors.shape == (3, 6)
    torch.testing.assert_close(vectors[0, :2], module.tables[0].weight[1])
    torch.testing.assert_close(vectors[0, 2:], module.tables[1].weight[5])


def test_an_unknown_code_is_zeros_and_stays_so():
    module = categories()
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.1)

    for _ in range(3):
        optimizer.zero_grad()
        (module(CODES) - 1).square().sum().backward()
        optimizer.step()

    assert torch.equal(module(CODES)[1, 2:], torch.zeros(4))
    assert (module(CODES)[1, :2] != 0).all()


def test_vectors_begin_within_the_bound():
    weights = torch.cat([table.weight[1:].flatten() for table in categories().tables])

    assert 0.05 < weights.abs().max() <= 0.1


def test_a_linear_token_is_the_value_times_a_weight_plus_a_bias():
    with seeded(0):
        module = LinearTokens(2, 3)
    X = torch.tensor([[2.0, -1.0]])

    tokens = module(X)

    expected = [[2 * module.weight[0] + module.bias[0], -module.weight[1] + module.bias[1]]]
    torch.testing.assert_close(tokens, torch.stack([torch.stack(row) for row in expected]))


def piecewise(X, *, bins=4, size=2):
    with seeded(0):
        return PiecewiseTokens(torch.from_numpy(X), bins=bins, size=size)


def quantities(n=50):
    rng = np.random.default_rng(0)
    return np.column_stack([rng.normal(size=n), rng.integers(0, 3, n)]).astype(np.float32)


def test_tokens_in_bins_begin_as_linear_ones():
    X = quantities()
    module = piecewise(X)

    torch.testing.assert_close(module(torch.from_numpy(X)), module.linear(torch.from_numpy(X)))


def test_what_bends_is_an_interpolation_between_the_quantiles():
    X = quantities()
    new = np.linspace(-5, 5, 41, dtype=np.float32)
    module = piecewise(X)
    with torch.no_grad():
        module.weight.normal_(generator=torch.Generator().manual_seed(0))
        rows = torch.from_numpy(np.column_stack([new, new]))
        bent = module(rows) - module.linear(rows)

    for column in range(2):
        edges = np.unique(np.quantile(X[:, column].astype(float), np.linspace(0, 1, 5)))
        rises = module.weight[column].detach().numpy()[: len(edges) - 1]
        for place in range(2):
            knots = np.append(0, np.cumsum(rises[:, place]))
            expected = np.interp(new, edges, knots)
            np.testing.assert_allclose(bent[:, column, place], expected, atol=1e-5)


def test_a_value_that_many_rows_have_leaves_the_other_bins_to_the_others():
    X = np.zeros((100, 1), dtype=np.float32)
    X[:9, 0] = np.arange(1, 10)

    module = piecewise(X, bins=4)

    # an edge at 0, and four from the first to the last of the others
    torch.testing.assert_close(module.start, torch.tensor([[0.0, 1.0, 11 / 3, 19 / 3]]))
    torch.testing.assert_close(module.steepness, torch.tensor([[1.0, 0.375, 0.375, 0.375]]))


@pytest.mark.parametrize("value", [0.0, 1e30])
def test_a_quantity_that_never_changes_has_no_bins(value):
    X = np.full((9, 1), value, dtype=np.float32)
    module = piecewise(X)

    assert torch.isfinite(module(torch.from_numpy(X))).all()
    assert (module.steepness == 0).all()


def test_the_bins_are_saved_with_the_weights():
    assert {"start", "steepness"} <= piecewise(quantities()).state_dict().keys()
