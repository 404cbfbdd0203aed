"""A module that ``torch.compile`` has compiled."""

import pytest
from torch import nn

from tests.searcher.training.networks import N_CLASSES, N_FEATURES, same, seeded, train, trainer


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")  # its compiler imports torch.jit
def test_a_compiled_module_trains_what_the_plain_one_trains() -> None:
    module = seeded(lambda: nn.Linear(N_FEATURES, N_CLASSES))
    given = {"epochs": 2, "batch_size": 45}
    one, other = trainer(module, **given, compile=True), trainer(module, **given)

    assert train(one) == pytest.approx(train(other), rel=1e-5)
    again = trainer(module, **given)
    again.load_state(one.state())
    assert same(again.trained(), one.trained())
