"""Small modules with every layer that families use, and what ONNX Runtime says of their graphs."""

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto
from torch import Tensor, nn

from searcher.export.graph import GraphBuilder
from searcher.export.networks.appending import append_network

N_CODES, N_QUANTITIES = 2, 4
STEPS, CHANNELS = 5, 2
PIXELS = 8


class Tabular(nn.Module):
    """Embeddings of codes, NaN where unknown; quantities; a normalisation of each kind."""

    def __init__(self, *, n_outputs: int = 3, width: int = 24) -> None:
        super().__init__()
        self.tables = nn.ModuleList([nn.Embedding(6, 3), nn.Embedding(40, 8)])
        self.layers = nn.Sequential(
            nn.Linear(11 + N_QUANTITIES, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(width, width), nn.LayerNorm(width), nn.GELU(), nn.Linear(width, width),
            nn.SiLU(), nn.Linear(width, n_outputs or 1),
        )  # fmt: skip
        self.is_value = n_outputs == 0

    def forward(self, X: Tensor) -> Tensor:
        codes, quantities = X[:, :N_CODES], X[:, N_CODES:]
        places = torch.where(torch.isnan(codes), 0.0, codes + 1).long()
        vectors = [table(places[:, i]) for i, table in enumerate(self.tables)]
        outputs = self.layers(torch.cat([*vectors, quantities], dim=1))
        return outputs.squeeze(1) if self.is_value else outputs


class Images(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Unflatten(1, (1, PIXELS, PIXELS)),
            nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
            nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1), nn.GroupNorm(4, 16), nn.SiLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 3),
        )  # fmt: skip

    def forward(self, X: Tensor) -> Tensor:
        return self.layers(X)


class Sequences(nn.Module):
    """Steps of which the last may be missing: recurrent in each way, then attention."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(CHANNELS, 6, num_layers=2, batch_first=True)
        self.gru = nn.GRU(6, 8, batch_first=True, bidirectional=True)
        self.rnn = nn.RNN(16, 16, batch_first=True)
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)
        layer = nn.TransformerEncoderLayer(16, 2, 24, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.register_buffer("position", torch.randn(STEPS, 16))
        self.reader = nn.MultiheadAttention(16, 2, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, X: Tensor) -> Tensor:
        steps = X.reshape(-1, STEPS, CHANNELS)
        is_there = ~torch.isnan(steps).all(dim=2)
        lengths = is_there.long().sum(dim=1).clamp(min=1)
        hidden, _ = self.lstm(torch.nan_to_num(steps))
        hidden, _ = self.gru(hidden)
        hidden, _ = self.rnn(hidden)
        padding = torch.arange(STEPS) >= lengths[:, None]
        read, _ = self.attention(hidden, hidden, hidden, padding, need_weights=False)
        read = self.encoder(read + self.position, src_key_padding_mask=padding)
        last = read.gather(1, (lengths - 1)[:, None, None].expand(-1, 1, 16)).squeeze(1)
        summary, _ = self.reader(last[:, None], read, read, padding, need_weights=False)
        one, other = self.head(summary.squeeze(1) + last).chunk(2, dim=1)
        return torch.cat([other, one], dim=1)


class Everything(nn.Module):
    """One of each side by side, so that they are traced at once."""

    def __init__(self) -> None:
        super().__init__()
        self.tabular, self.images, self.sequences = Tabular(), Images(), Sequences()

    def forward(self, X: Tensor) -> Tensor:
        table, image, sequence = X.split([kind[1] for kind in KINDS.values()], dim=1)
        answers = [self.tabular(table), self.images(image), self.sequences(sequence)]
        return torch.cat(answers, dim=1)


KINDS = {
    "tabular": (Tabular, N_CODES + N_QUANTITIES),
    "images": (Images, PIXELS * PIXELS),
    "sequences": (Sequences, STEPS * CHANNELS),
}
N_FEATURES = sum(kind[1] for kind in KINDS.values())


def make(kind: type[nn.Module], seed: int = 0, **settings) -> nn.Module:
    """A module in evaluation mode whose running statistics and vectors are none of the defaults."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module = kind(**settings)
        for tensor in [*module.parameters(), *module.buffers()]:
            if tensor.is_floating_point() and tensor.ndim == 1:
                nn.init.uniform_(tensor, 0.5, 1.5)
    return module.eval()


def make_rows(n: int, seed: int = 0) -> np.ndarray:
    """Features for ``Everything``, float32, with what may be missing in them."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, N_FEATURES))
    rows[:, 0], rows[:, 1] = rng.integers(0, 5, n), rng.integers(0, 39, n)
    rows[rng.random(n) < 0.2, 0] = np.nan
    lengths = rng.integers(0, STEPS + 1, n)
    is_behind = np.repeat(np.arange(STEPS) >= lengths[:, None], CHANNELS, axis=1)
    rows[:, -STEPS * CHANNELS :][is_behind] = np.nan
    return rows.astype(np.float32)


def answers_of(module: nn.Module, rows: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return module(torch.from_numpy(rows)).numpy()


def alone(network: onnx.ModelProto, times: int = 1) -> onnx.ModelProto:
    """A traced module as the only part of a graph, or several times, their outputs side by side."""
    graph = GraphBuilder(reserved=["out"])
    n_features = network.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    features = graph.input("features", TensorProto.FLOAT, ["rows", n_features])
    answers = [append_network(graph, network, features) for _ in range(times)]
    graph.add("Concat", *answers, axis=1, name="out")
    graph.output("out", TensorProto.FLOAT, ["rows", "outputs"])
    return graph.build({})


def run(proto: onnx.ModelProto, rows: np.ndarray) -> np.ndarray:
    return onnxruntime.InferenceSession(proto.SerializeToString()).run(None, {"features": rows})[0]
