"""Ways to run a trial on several ranks, one trial after another: what ``benchmarks.ddp`` times."""

import time
from dataclasses import dataclass, field
from typing import Any

from ray import tune
from ray.tune.search import Searcher

from cluster.ranks import Rank, RankGroup

ROWS, COLUMNS, WIDTH, BATCH, EPOCHS = 2_000, 20, 32, 64, 3
CALLS = 200


@dataclass
class Trials:
    """What the trials of one way took, in seconds."""

    first_step: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)


class Part:
    """One rank's part of a trial: its rows, and the network that all ranks train."""

    def __init__(self, number: int, world: int, learning_rate: float) -> None:
        import torch
        from torch import nn

        torch.manual_seed(0)
        self._share = BATCH // world
        X, weights = torch.randn(ROWS, COLUMNS), torch.randn(COLUMNS)
        self._X, self._y = X[number::world], (X @ weights > 0).float()[number::world]
        network = nn.Sequential(nn.Linear(COLUMNS, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 1))
        self._network = nn.parallel.DistributedDataParallel(network)
        self._optimiser = torch.optim.SGD(network.parameters(), lr=learning_rate)

    def epoch(self) -> float:
        """Train for an epoch; return the time at which the first step was done."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        first = 0.0
        share = self._share
        for start in range(0, len(self._X), share):
            logits = self._network(self._X[start : start + share]).squeeze(-1)
            loss = binary_cross_entropy_with_logits(logits, self._y[start : start + share])
            self._optimiser.zero_grad()
            loss.backward()
            self._optimiser.step()
            first = first or time.time()
        return first


def begin(rank: Rank, learning_rate: float) -> None:
    """Begin a trial on warm ranks."""
    rank.kept["part"] = Part(rank.number, rank.world, learning_rate)


def go_on(rank: Rank) -> float:
    """Do an epoch on warm ranks."""
    return float(rank.kept["part"].epoch())


def add_up(rank: Rank) -> float:  # noqa: ARG001 - the least that ranks can do together
    """Make one collective operation."""
    import torch
    import torch.distributed as dist

    value = torch.ones(1)
    dist.all_reduce(value)
    return value.item()


def ranks_alone(n_trials: int, n_ranks: int) -> tuple[Trials, float]:
    """Run trials on a group of ranks without Tune; also the seconds of one empty call."""
    trials = Trials()
    began = time.time()
    with RankGroup(n_ranks) as group:
        for _ in range(n_trials):
            group.run(begin, 0.01)
            firsts = [group.run(go_on)[0] for _ in range(EPOCHS)]
            trials.first_step.append(firsts[0] - began)
            trials.whole.append(time.time() - began)
            began = time.time()
        for _ in range(CALLS):
            group.run(add_up)
        return trials, (time.time() - began) / CALLS


class Warm(tune.Trainable):
    """Rank 0 beside warm ranks; an epoch a step."""

    def setup(self, config: dict[str, Any]) -> None:
        """Start the ranks and the first trial."""
        self._group = RankGroup(config["ranks"])
        self.reset_config(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Begin a trial on ranks that are warm."""
        self._began, self._first_step_s = new_config["began"], 0.0
        self._group.run(begin, new_config["learning_rate"])
        return True

    def step(self) -> dict[str, Any]:
        """Do an epoch."""
        first = self._group.run(go_on)[0]
        self._first_step_s = self._first_step_s or first - self._began
        return {"first_step_s": self._first_step_s, "done": self.iteration + 1 == EPOCHS}

    def cleanup(self) -> None:
        """End the ranks."""
        self._group.close()


def ranks_in_tune(n_trials: int, n_ranks: int, folder: str) -> Trials:
    """Run trials on warm ranks beside a trainable that Tune reuses."""
    bundles = tune.PlacementGroupFactory([{"CPU": 1}] * n_ranks)
    return _tune(tune.with_resources(Warm, bundles), n_trials, n_ranks, folder)


def torch_trainer_in_tune(n_trials: int, n_ranks: int, folder: str) -> Trials:
    """Run trials each of which is a TorchTrainer of its own."""
    # Its workers ask for CPUs of their own, beside the trial's.
    trial = tune.with_resources(_train, {"cpu": 0.01})
    return _tune(trial, n_trials, n_ranks, folder)


def _train(config: dict[str, Any]) -> None:
    """Do a trial with TorchTrainer."""
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer
    from ray.tune.integration.ray_train import TuneReportCallback

    TorchTrainer(
        part_of_trainer,
        train_loop_config=config,
        scaling_config=ScalingConfig(num_workers=config["ranks"], resources_per_worker={"CPU": 1}),
        torch_config=TorchConfig(backend="gloo"),
        run_config=RunConfig(
            name=f"trainer-{config['began']}",
            storage_path=config["folder"],
            callbacks=[TuneReportCallback()],
        ),
    ).fit()


def part_of_trainer(config: dict[str, Any]) -> None:
    """Do a worker's part of a TorchTrainer."""
    import ray.train

    context = ray.train.get_context()
    part = Part(context.get_world_rank(), context.get_world_size(), config["learning_rate"])
    first_step_s = part.epoch() - config["began"]
    for epoch in range(EPOCHS):
        if epoch:
            part.epoch()
        ray.train.report({"first_step_s": first_step_s})


class Stamp(Searcher):
    """Says when a trial began, notes when it took its first step and when it ended."""

    def __init__(self, n_ranks: int, folder: str) -> None:
        super().__init__(metric="first_step_s", mode="min")
        self.trials = Trials()
        self._rest = {"learning_rate": 0.01, "ranks": n_ranks, "folder": folder}

    def suggest(self, trial_id: str) -> dict[str, Any]:
        """Begin a trial."""
        self._began = time.time()
        return {"began": self._began, **self._rest}

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """End a trial."""
        if error or result is None:
            raise RuntimeError(f"trial {trial_id} failed")
        self.trials.first_step.append(result["first_step_s"])
        self.trials.whole.append(time.time() - self._began)

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: nobody resumes this."""

    def restore(self, checkpoint_path: str) -> None:
        """Do nothing: nobody resumes this."""


def _tune(trainable: Any, n_trials: int, n_ranks: int, folder: str) -> Trials:
    """Run trials one after another."""
    stamp = Stamp(n_ranks, folder)
    tune.Tuner(
        trainable,
        tune_config=tune.TuneConfig(
            search_alg=stamp, num_samples=n_trials, max_concurrent_trials=1, reuse_actors=True
        ),
        run_config=tune.RunConfig(
            storage_path=folder,
            verbose=0,
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
        ),
    ).fit()
    return stamp.trials
