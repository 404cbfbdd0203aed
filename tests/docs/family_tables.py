"""The tables of networks in docs/families.md: ``python -m tests.docs.family_tables``."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from search_spaces.columns import Column, Profile, Shape, Task
from search_spaces.families.base import Family
from search_spaces.networks.parameters import DEFAULT, TRAINING, training_space
from search_spaces.parameters import Categorical
from search_spaces.space import Configuration, Space
from searcher.plugins import load_family

NETWORKS = ("mlp", "ft_transformer", "cnn", "recurrent", "transformer")
HEAD = "| parameter | range | default | applies | source |\n| --- | --- | --- | --- | --- |"
ROWS = 10_000
TASKS: dict[Task, int] = {"binary": 2, "multiclass": 3, "regression": 0}
"""That networks learn, with their numbers of classes."""

SHAPES = {"image": Shape("image", (1, 28, 28)), "sequence": Shape("sequence", (24, 3))}
TABLE = (
    Column("a", "numeric", has_missing=True),
    Column("b", "categorical", categories=("", "x", "y")),
    Column("c", "date"),
)

GORISHNIY = "Gorishniy et al. 2021"
SOURCES: Mapping[str, str] = {
    "impute": "van Rijn & Hutter 2018",
    "indicators": "a gap may say something itself",
    "scale": f"`quantile`: {GORISHNIY}",
    "encode": "`native`: embeddings, Guo & Berkhahn 2016",
    "min_frequency": "rarer ones are one category",
    "quantities": "Gorishniy et al. 2022",
    "bins": "Gorishniy et al. 2022 to 256, cut for cost; 48 is `rtdl_num_embeddings`'s",
    "embedding_size": "at most so long; Guo & Berkhahn 2016, fastai's rule",
    "batch_size": "Masters & Luschi 2018; at most a sixteenth of the rows",
    "epochs": "ours: what a trial's time is worth",
    "mlp.residual": f"the ResNet of {GORISHNIY}",
    "mlp.depth": f"{GORISHNIY}, fewer",
    "mlp.width": f"{GORISHNIY}, from 32",
    "mlp.hidden_factor": GORISHNIY,
    "mlp.normalisation": "Ioffe & Szegedy 2015; Ba et al. 2016",
    "mlp.activation": "Hendrycks & Gimpel 2016; Elfwing et al. 2018",
    "mlp.dropout": GORISHNIY,
    "ft_transformer.depth": GORISHNIY,
    "ft_transformer.heads": GORISHNIY,
    "ft_transformer.head_size": f"{GORISHNIY}, half as long",
    "ft_transformer.feed_forward_factor": GORISHNIY,
    "ft_transformer.attention_dropout": GORISHNIY,
    "ft_transformer.dropout": GORISHNIY,
    "ft_transformer.residual_dropout": GORISHNIY,
    "ft_transformer.optimizer": "Zhang et al. 2020",
    "ft_transformer.learning_rate": f"{GORISHNIY}, three times as high for as many fewer epochs",
    "ft_transformer.weight_decay": GORISHNIY,
    "ft_transformer.warmup": TRAINING["warmup"].source,
    "cnn.blocks": "Simonyan & Zisserman 2015; no more than the image can be halved",
    "cnn.channels": "He et al. 2016: 16 for small images, 64 for large ones; doubled in each block",
    "cnn.kernel": "Simonyan & Zisserman 2015; LeCun et al. 1998",
    "cnn.convolutions": "Simonyan & Zisserman 2015",
    "cnn.residual": "He et al. 2016",
    "cnn.normalisation": "Ioffe & Szegedy 2015; Wu & He 2018",
    "cnn.activation": "Hendrycks & Gimpel 2016; Elfwing et al. 2018",
    "cnn.pooling": "LeCun et al. 1998: average",
    "cnn.head": "Lin et al. 2014: average",
    "cnn.dropout": "Srivastava et al. 2014",
    "cnn.augment": TRAINING["augment"].source,
    "recurrent.cell": "Hochreiter & Schmidhuber 1997; Cho et al. 2014; Elman 1990",
    "recurrent.layers": "Greff et al. 2017: few",
    "recurrent.size": "Greff et al. 2017 (20 to 200)",
    "recurrent.both_ways": "Schuster & Paliwal 1997",
    "recurrent.pooling": "Conneau et al. 2017",
    "recurrent.dropout": "Zaremba et al. 2014",
    "recurrent.learning_rate": "starts higher; Greff et al. 2017 find that it matters most",
    "transformer.layers": "Vaswani et al. 2017, fewer",
    "transformer.heads": "Vaswani et al. 2017",
    "transformer.head_size": "Vaswani et al. 2017 (64), shorter",
    "transformer.feed_forward_factor": "Vaswani et al. 2017: 4",
    "transformer.activation": "Vaswani et al. 2017; Devlin et al. 2019",
    "transformer.normalise_first": "Xiong et al. 2020",
    "transformer.positions": "Vaswani et al. 2017",
    "transformer.summary": "`token`: Devlin et al. 2019",
    "transformer.dropout": "Vaswani et al. 2017: 0.1",
    "transformer.warmup": "Vaswani et al. 2017",
    "mixup": "what is mixed of two sequences would end with the shorter one",
}
OF_SHAPE = {
    "image": "the network fills gaps",
    "sequence": "the network sees where a sequence ends, and fills gaps before",
}
"""Why such families impute nothing."""


class Row(NamedTuple):
    """What one task's space says of a parameter."""

    values: str
    default: str
    when: str


def tables() -> dict[str, str]:
    """Table of what networks share, under ``training``, and of what each has of its own."""
    shared = dict(_merged({task: _training_rows(task) for task in TASKS}))
    rendered = {"training": _table(shared, {name: TRAINING[name].source for name in shared})}
    for name in NETWORKS:
        own = dict(_merged({task: _family_rows(load_family(name), task) for task in TASKS}))
        told = {key: row for key, row in own.items() if shared.get(key) != row}
        rendered[name] = _table(told, {key: _source(name, key) for key in told})
        if lacking := [f"`{key}`" for key in shared if key not in own]:
            rendered[name] += f"\n\nOf the training without {' and '.join(lacking)}."
    return rendered


def profile_for(family: Family, task: Task) -> Profile:
    """Make up data that a family can read."""
    shape = SHAPES.get(getattr(family, "shape", ""))
    columns = TABLE
    if shape is not None:
        columns = tuple(Column(f"x{i}", "numeric") for i in range(shape.n_columns))
    return Profile(task, columns, ROWS, TASKS.get(task, 0), shape)


def _source(family: str, name: str) -> str:
    shape = getattr(load_family(family), "shape", None)
    if shape is not None and name == "impute":
        return OF_SHAPE[shape]
    return SOURCES.get(f"{family}.{name}") or SOURCES[name]


def _training_rows(task: Task) -> dict[str, Row]:
    profile = Profile(task, TABLE, ROWS, TASKS[task])
    space = training_space(profile, images=True)
    return _rows(space, space.nearest(DEFAULT))


def _family_rows(family: Family, task: Task) -> dict[str, Row]:
    profile = profile_for(family, task)
    return _rows(family.space(profile), family.default(profile))


def _rows(space: Space, default: Configuration) -> dict[str, Row]:
    return {
        name: Row(
            _values(name, parameter),
            _word(default[name]) if name in default else "",
            space.when(name),
        )
        for name, parameter in space.parameters.items()
    }


def _values(name: str, parameter: Any) -> str:
    told: str = parameter.describe()
    is_fixed = isinstance(parameter, Categorical) and len(parameter.choices) == 1
    if is_fixed and name in TRAINING and not TRAINING[name].is_searched:
        return f"{told} (a spec may say {TRAINING[name].parameter.describe()})"
    return told


def _word(value: Any) -> str:
    return Categorical(choices=(value,)).describe()


def _merged(by_task: Mapping[Task, Mapping[str, Row]]) -> Iterator[tuple[str, Row]]:
    """Say once what tasks share: ``sqrt; regression: fraction``."""
    for name in dict.fromkeys(name for rows in by_task.values() for name in rows):
        rows = {task: found[name] for task, found in by_task.items() if name in found}
        (_, first), *others = rows.items()
        cells = []
        for i, usual in enumerate(first):
            other = [f"; {task}: {row[i]}" for task, row in others if row[i] != usual]
            cells.append(usual + "".join(other))
        yield name, Row(*cells)


def _table(rows: Mapping[str, Row], sources: Mapping[str, str]) -> str:
    lines = [f"| `{name}` | {' | '.join(row)} | {sources[name]} |" for name, row in rows.items()]
    return "\n".join([HEAD, *lines]).replace("|  |", "| |")


if __name__ == "__main__":
    for title, text in tables().items():
        print(f"## {title}\n\n{text}\n")  # noqa: T201 - this is what it is for
