"""Training on a GPU: the same results within rounding, in every precision."""

from typing import Any

import pytest
import torch

from search_spaces.networks import Network, TrainingSettings
from searcher.training import Trainer
from tests.searcher.training.networks import N_CLASSES, classes, perceptron, train

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU"),
]


def on(device: str, *, dropout: float = 0.0, **settings: Any) -> Trainer:
    X, y = classes()
    module = perceptron(dropout=dropout, batch_norm=True)
    given = {"learning_rate": 0.01, "batch_size": 16, "epochs": 8, **settings}
    network = Network(module, TrainingSettings(**given))
    return Trainer(network, X, y, n_classes=N_CLASSES, seed=1, device=device)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimizer": "sgd", "mixup": 0.3, "class_weight": "balanced"},
        {"average_weights": True, "accumulate": 2},
        {"patience": 2, "schedule": "plateau"},
    ],
)
def test_a_gpu_trains_what_the_cpu_trains(settings: dict[str, Any]) -> None:
    X, _ = classes()
    one, other = on("cuda", **settings), on("cpu", **settings)

    assert train(one) == pytest.approx(train(other), rel=1e-3)
    assert one.predict_proba(X) == pytest.approx(other.predict_proba(X), abs=1e-2)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_every_precision_learns(precision: str) -> None:
    X, y = classes()
    it = on("cuda", precision=precision, epochs=15)

    losses = train(it)

    assert losses[-1] < losses[0] / 2
    assert (it.predict(X) == y).mean() > 0.85
    assert {tensor.device.type for tensor in it.trained().state_dict().values()} == {"cpu"}


def test_a_compiled_module_trains_what_the_plain_one_trains() -> None:
    assert train(on("cuda", compile=True)) == pytest.approx(train(on("cuda")), rel=1e-3)


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_a_state_of_the_gpu_goes_on_anywhere(precision: str) -> None:
    given = {"dropout": 0.2, "precision": precision}
    whole, again, elsewhere = on("cuda", **given), on("cuda", **given), on("cpu", **given)
    for _ in range(3):
        whole.train_epoch()
    again.load_state(whole.state())
    elsewhere.load_state(whole.state())

    assert train(again) == pytest.approx(train(whole), rel=1e-4)
    assert elsewhere.train_epoch().epoch == 4


def test_the_random_state_of_the_gpu_stays_as_it_is() -> None:
    torch.cuda.manual_seed(3)
    before = torch.cuda.get_rng_state()

    train(on("cuda", dropout=0.5, epochs=2))

    assert torch.equal(torch.cuda.get_rng_state(), before)
