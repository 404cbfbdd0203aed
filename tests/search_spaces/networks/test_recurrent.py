import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence, unpack_sequence

from search_spaces.columns import Shape
from search_spaces.networks.beginning import seeded
from search_spaces.networks.recurrent import CELLS, Recurrent
from tests.search_spaces.networks.sequences import CHANNELS, SHAPE, padded, sequences

SIZE = 5
VARIANTS = list(itertools.product(CELLS, (False, True), ("last", "mean", "max")))


def make(cell, both_ways, pooling, *, shape=SHAPE, layers=2, n_outputs=3):
    with seeded(1):
        return Recurrent(
            shape,
            n_outputs=n_outputs,
            cell=cell,
            layers=layers,
            size=SIZE,
            both_ways=both_ways,
            pooling=pooling,
            dropout=0.5,
        ).eval()


def answers(module, found, steps=SHAPE.sizes[0]):
    with torch.no_grad():
        return module(torch.from_numpy(padded(found, steps)))


@pytest.mark.parametrize(("cell", "both_ways", "pooling"), VARIANTS)
def test_padding_does_not_change_the_answer(cell, both_ways, pooling):
    longer = make(cell, both_ways, pooling, shape=Shape("sequence", (14, CHANNELS)))
    shorter, found = make(cell, both_ways, pooling), sequences()

    by_longer = answers(longer, found, steps=14)
    by_shorter = answers(shorter, found)

    torch.testing.assert_close(by_longer, by_shorter, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("cell", "both_ways", "pooling"), VARIANTS)
def test_the_answer_is_that_of_pytorchs_packed_sequences(cell, both_ways, pooling):
    module, found = make(cell, both_ways, pooling), sequences()

    kept = torch.stack([_keep(one, pooling) for one in _packed(module, found)])

    torch.testing.assert_close(
        answers(module, found), module.head(kept).detach(), rtol=1e-5, atol=1e-6
    )


def _packed(module, found):
    """Outputs (length, width) of PyTorch's own layers, one after the other, for each sequence."""
    both = module.layers[0].back is not None
    theirs = CELLS[module_cell(module)](
        CHANNELS, SIZE, num_layers=len(module.layers), bidirectional=both
    )
    weights = {}
    for k, layer in enumerate(module.layers):
        for name, value in layer.there.state_dict().items():
            weights[name.replace("_l0", f"_l{k}")] = value
        for name, value in layer.back.state_dict().items() if both else ():
            weights[name.replace("_l0", f"_l{k}_reverse")] = value
    theirs.load_state_dict(weights)
    packed = pack_sequence([torch.from_numpy(one) for one in found], enforce_sorted=False)
    return unpack_sequence(theirs(packed)[0])


def module_cell(module):
    (cell,) = [name for name, kind in CELLS.items() if type(module.layers[0].there) is kind]
    return cell


def _keep(outputs, pooling):
    if pooling == "mean":
        return outputs.mean(dim=0)
    if pooling == "max":
        return outputs.amax(dim=0)
    return torch.cat([outputs[-1, :SIZE], outputs[0, SIZE:]])


def test_a_row_does_not_depend_on_the_others():
    module, found = make("lstm", True, "last"), sequences()

    together = answers(module, found)
    alone = torch.cat([answers(module, [one]) for one in found])

    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)


def test_values_come_as_one_dimension():
    module = make("gru", False, "last", n_outputs=0)

    assert answers(module, sequences()).shape == (5,)


def test_an_empty_sequence_has_a_finite_answer():
    for cell, both_ways, pooling in VARIANTS:
        X = torch.full((2, SHAPE.n_columns), torch.nan)

        assert make(cell, both_ways, pooling)(X).isfinite().all()


def test_every_weight_gets_a_gradient():
    module = make("lstm", True, "mean", layers=3).train()

    module(torch.from_numpy(padded(sequences()))).square().sum().backward()

    assert all(weight.grad.abs().sum() > 0 for weight in module.parameters())


def test_dropout_is_for_training_only():
    module, X = make("gru", True, "last"), torch.from_numpy(padded(sequences()))

    assert torch.equal(module(X), module(X))
    assert not torch.equal(module.train()(X), module(X))


def test_scale_and_centre_of_the_channels_do_not_matter_after_adapting():
    found, module = sequences(), make("lstm", True, "last")
    module.adapt(padded(found))
    before = answers(module, found)

    moved = [one * np.float32(8.0) + np.float32(2.0) for one in found]
    module.adapt(padded(moved))

    torch.testing.assert_close(answers(module, moved), before, rtol=0, atol=1e-5)


def test_the_layers_are_pytorchs():
    assert type(make("lstm", True, "last").layers[1].back) is nn.LSTM
