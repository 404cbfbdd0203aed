"""Record fold tables of our families on datasets that no choice of the racing rule has seen.

``python -m benchmarks.racing_record [--output build/folds]``. A table is one family on 600 rows of
one dataset: 48 configurations drawn from the family's whole space, preprocessing included, each
fitted on five folds by ``searcher.evaluation``. A table that is there already is not made again.
``python -m benchmarks.racing --tables build/folds`` replays them.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.real_data import SHARED, all_facts, require_data
from searcher.data import load_dataset
from searcher.errors import TrialError
from searcher.evaluation import FeatureCache, Rows, evaluate
from searcher.plugins import load_family
from searcher.records import Fold
from searcher.spec import DataSpec

TABLES = {
    "adult": ("logistic_regression", "k_neighbors", "decision_tree", "random_forest"),
    "higgs7k": ("logistic_regression", "k_neighbors", "decision_tree", "random_forest"),
    "mammography": ("logistic_regression", "k_neighbors", "decision_tree", "random_forest"),
}
METRIC = "roc_auc"
ROWS, CONFIGURATIONS, FOLDS, SEED = 600, 48, 5, 0


@dataclass(frozen=True)
class Recorder:
    """Some rows of a dataset, cut into folds."""

    rows: Rows
    folds: list[Fold]

    @classmethod
    def of(cls, dataset: str) -> "Recorder":
        """Draw the rows and the folds."""
        from sklearn.model_selection import StratifiedKFold, train_test_split

        facts = all_facts()[dataset]
        spec = DataSpec(path=facts["file"], target=facts["target"])
        data = load_dataset(spec, base=SHARED)
        every = np.arange(data.n_samples)
        kept, _ = train_test_split(every, train_size=ROWS, stratify=data.y, random_state=SEED)
        rows = Rows(data.X[kept], data.y[kept], data.profile, data.target, data.classes)
        cut = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(rows.X, rows.y)
        return cls(rows, [Fold("0", number, *parts) for number, parts in enumerate(cut)])

    def record(self, family_name: str) -> dict[str, NDArray[Any]]:
        """Scores S and CPU seconds T, both (n_configurations, n_folds); NaN for failed fits."""
        family = load_family(family_name)
        space, rng = family.space(self.rows.profile), np.random.default_rng(SEED)
        drawn = [family.default(self.rows.profile)]
        drawn += [space.sample(rng) for _ in range(CONFIGURATIONS - 1)]
        scores, seconds = np.full((2, CONFIGURATIONS, FOLDS), np.nan)
        cache = FeatureCache()
        for number, configuration in enumerate(drawn):
            pulled = evaluate(
                family,
                configuration,
                self.rows,
                self.folds,
                metrics=[METRIC],
                seed=SEED,
                cpus=1,
                cache=cache,
            )
            try:
                for fold, result in enumerate(pulled):
                    scores[number, fold], seconds[number, fold] = (
                        result.scores[METRIC],
                        result.cpu_s,
                    )
            except TrialError as error:
                print(f"{family_name}: configuration {number} failed: {error}")
        told = {"configs": json.dumps(drawn), "space": space.model_dump_json()}
        return {"S": scores, "T": seconds} | {name: np.array(text) for name, text in told.items()}


def main() -> None:
    """Record the tables that are not there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("build/folds"))
    parser.add_argument("--datasets", nargs="+", choices=TABLES, default=list(TABLES))
    chosen = parser.parse_args()
    require_data()
    chosen.output.mkdir(parents=True, exist_ok=True)
    for dataset in chosen.datasets:
        recorder = Recorder.of(dataset)
        for family in TABLES[dataset]:
            path = chosen.output / f"folds_{dataset}_{family}.npz"
            if not path.exists():
                np.savez_compressed(path, allow_pickle=False, **recorder.record(family))
                print(path)


if __name__ == "__main__":
    main()
