"""Examples that teach: what stands below the options in every command's help."""

from searcher.cli.transfer_examples import TRANSFER

ALL = """\b
Examples:
  searcher check churn.yaml               what to know before searching
  searcher run churn.yaml                 search, and release the model
  searcher list                           what was searched
  searcher show latest                    how good it is, and what was chosen
  searcher predict model.onnx new.csv     use the model

\b
Exit codes:
  0    done
  1    it failed; stderr says why
  2    the command line, the spec or the data are wrong
  3    the search is done, but no model was released: parity failed
  4    no such search, trial or store
  5    another live process drives the search
  70   a mistake in searcher itself
  130  interrupted
"""

OF = {
    "resume": """\b
Examples:
  searcher resume latest
  searcher resume churn-3f9a2c --store sqlite:///team.db
""",
    "extend": """\b
Examples:
  searcher extend churn-3f9a2c --trials 40
  searcher extend latest --time 600
""",
    "fork": """\b
Examples:
  searcher fork churn-3f9a2c --spec churn_wider.yaml
""",
    "stop": """\b
Examples:
  searcher stop latest
  searcher stop churn-3f9a2c --store sqlite:///team.db
""",
    "submit": """\b
Examples:
  searcher submit churn.yaml --address http://head:8265 --follow
  searcher submit churn.yaml --address http://head:8265 --data /data/churn.csv
  searcher submit churn.yaml --address http://head:8265 --search-id nightly
  searcher submit churn.yaml --kubernetes --data /data/churn.csv
  searcher submit churn.yaml --kubernetes --data /data/churn.csv --dry-run
  searcher submit churn.yaml --kubernetes --data /data/churn.csv --workers gpus=1
""",
    "follow": """\b
Examples:
  searcher follow latest
""",
    "status": """\b
Examples:
  searcher status latest
  searcher status latest --address http://head:8265 --format json
""",
    "logs": """\b
Examples:
  searcher logs latest --address http://head:8265
  searcher logs latest --kubernetes
""",
    "cluster nodes": """\b
Examples:
  searcher cluster nodes --address http://head:8265
  searcher cluster nodes --address http://head:8265 --format json
""",
    "check": """\b
Examples:
  searcher check churn.yaml
  searcher check churn.yaml --skip-exports
  searcher check churn.yaml --strict --quiet --format json > checked.json
""",
    "run": """\b
Examples:
  searcher run churn.yaml
  searcher run churn.yaml --store sqlite:///team.db --output models/churn
  searcher run churn.yaml --cpus 4 --quiet --format json > result.json
  searcher run churn.yaml --search-id churn-nightly    begin it, or go on with it

\b
A spec (docs/spec.md has every field):
  name: churn
  data: {path: churn.csv, target: Churn}
  families: [logistic_regression, random_forest, xgboost]
  validation: {outer: 5, inner: 4}
  budget: {trials: 60}
  seed: 7
""",
    "list": """\b
Examples:
  searcher list
  searcher list --limit 5 --store sqlite:///team.db
  searcher list --format json | jq -r '.[].search_id'
""",
    "show": """\b
Examples:
  searcher show latest
  searcher show churn-3f                  the beginning of an id is enough
  searcher show latest.final.12           one trial
  searcher show latest --format json | jq '.outer_mean, .interval'
""",
    "trials": """\b
Examples:
  searcher trials latest --limit 10
  searcher trials latest --outer-fold final --family xgboost
  searcher trials latest --where "score > 0.8 and learning_rate < 0.1"
  searcher trials latest --state failed --sort number
  searcher trials latest --sort=-cpu_s --columns trial_id,cpu_s,score
  searcher trials latest -o trials.parquet

\b
A condition compares columns and parameters with numbers, 'texts', true,
false: =, !=, <, <=, >, >=, in (...), between ... and ..., like '%x%',
is null; and, or, not, parentheses. A parameter that is called like a
column is written parameters.NAME, an odd name in double quotes.
Columns: trial_id, family, state, score, resource, number, seconds, fit_s,
cpu_s, attempt, outer_fold, origin, started_at, ended_at, reason,
traceback, source_trial_id, unit, configuration_hash
""",
    "compare": """\b
Examples:
  searcher compare churn-1a2b3c churn-3f9a2c
  searcher compare churn-1a latest --format json | jq -r .verdict
  searcher compare latest.final.3 latest.final.12
""",
    "reproduce": """\b
Examples:
  searcher reproduce churn-3f9a2c.final.12
  searcher reproduce latest.0.3 --tolerance 0
  searcher reproduce latest.final.0 --format json | jq -r .agreement
""",
    "sql": """\b
Examples:
  searcher sql "select search_id, name, outer_mean from v_searches"
  searcher sql "select family, count(*), max(score) from v_trials
                where state = 'completed' group by family" --format csv
  searcher sql "select * from v_leaderboard where outer_fold = 'final'
                and place <= 3"

\b
Views (docs/store.md explains the columns):
  v_searches: a search a row
    search_id, name, state, metric, task, outer_mean, interval_low,
    interval_high, optimism, default_difference, default_interval_low,
    default_interval_high, best_trial_id, best_family, best_configuration,
    trials, running, paused, completed, stopped, failed, cpu_s, model_path,
    report_path, parity_passed, fingerprint, started_at, ended_at, seconds,
    error
  v_trials: a trial a row
    search_id, outer_fold, trial_id, number, state, family, configuration,
    score, resource, origin, reason, started_at, ended_at, seconds, fit_s,
    cpu_s, attempt, source_trial_id, unit
  v_leaderboard: complete trials with their place in their inner search
    search_id, outer_fold, place, trial_id, number, family, configuration,
    score, resource, origin, seconds, is_winner
  v_fold_scores: scores of trials on inner folds
    search_id, outer_fold, trial_id, number, family, inner_fold, resource,
    metric, score, fit_s, score_s, cpu_s, ended_at
  v_learning_curves: mean scores of trials after each inner fold or unit
    search_id, outer_fold, trial_id, number, family, state, metric, resource,
    score
  v_outer_predictions: what each outer fold's winner said of its test rows
    search_id, outer_fold, role, row_number, true_class, predicted_class,
    correct, truth, predicted, residual, probability, probabilities
  v_lineage: members of populations that were replaced by others
    search_id, outer_fold, trial_id, number, resource, source_trial_id,
    configuration, decided_at
""",
    "export": """\b
Examples:
  searcher export latest
  searcher export latest -o model.onnx
  searcher export churn-3f9a2c --trial final.12 -o second.onnx
""",
    "predict": """\b
Examples:
  searcher predict model.onnx new.csv
  searcher predict model.onnx new.csv -o predictions.csv
  searcher predict model.onnx new.csv.gz --format json | jq '.[0]'
""",
    "report": """\b
Examples:
  searcher report latest
  searcher report churn-3f9a2c -o churn.html
""",
    "spaces": """\b
Examples:
  searcher spaces
  searcher spaces xgboost
  searcher spaces xgboost --data churn.yaml
  searcher spaces my_models:Knn --format json
""",
    "delete": """\b
Examples:
  searcher delete churn-3f                what would go; nothing is deleted
  searcher delete churn-3f --yes
  searcher delete churn-3f --yes --keep-files
""",
    "store gc": """\b
Examples:
  searcher store gc                       what it would free
  searcher store gc --yes
  searcher store gc --keep-best 1 --format json
""",
    "store upgrade": """\b
Examples:
  searcher store upgrade
  searcher store upgrade --store sqlite:///team.db
""",
    "store check": """\b
Examples:
  searcher store check
  searcher store check --format json
""",
    "store info": """\b
Examples:
  searcher store info
  searcher store info --store sqlite:///team.db
""",
    **TRANSFER,
}
"""Command -> examples."""

CLUSTER = """\b
Examples:
  searcher cluster nodes --address http://head:8265
"""

STORE = """\b
Examples:
  searcher store info
  searcher store check --store sqlite:///team.db
"""
