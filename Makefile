# Everything a developer types. `make` alone lists the targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DEMO   := demo

.PHONY: help setup demo cluster check test chaos bench clean
.DEFAULT_GOAL := help

# Images of Python often set it: each of some hundred processes would compile our modules anew.
unexport PYTHONDONTWRITEBYTECODE

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(STAMP)  ## install into .venv; instant when nothing has changed

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Searcher needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,torch]'
	@touch $@

demo: setup  ## nested search on real data, ending with model.onnx and report.html
	@mkdir -p $(DEMO)
	$(BIN)/searcher run examples/breast_cancer.yaml --store sqlite:///$(DEMO)/searcher.db --output $(DEMO)/output

cluster: setup  ## PostgreSQL and a Ray cluster on this machine; a search that loses a node (about a minute)
	$(BIN)/python -m examples.own_cluster

check: setup  ## format, lint, types, imports, fast tests (under a minute)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -q -n 2 -m "not ray and not slow and not browser and not shared_data"

test: setup  ## everything
	.ci/browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder  # on two cores: many tests wait

chaos: setup  ## a hundred searches in which something dies (about half an hour)
	SEARCHER_CHAOS_RUNS=$${SEARCHER_CHAOS_RUNS:-100} $(BIN)/pytest -q tests/chaos

bench: setup  ## side-by-side benchmarks (about a quarter of an hour)
	$(BIN)/python -m benchmarks.nested

clean:  ## remove what the other targets made
	rm -rf $(VENV) demo searcher-output build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
