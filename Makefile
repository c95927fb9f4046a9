# Footfall. Needs Python 3.11+, make and a network; everything else is installed into .venv.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Options of a command: make demo ARGS=--no-serve
ARGS ?=
GUIDED ?=
HOSTILE ?=

INSTALLED := $(VENV)/.installed

# Python compiles a module at its first import and keeps the bytecode. Container images often switch that off; then every
# process compiles its imports again: 12.6 CPU-s instead of 5.0 before `footfall run` does anything.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo test test-all dev lint lint-python lint-sql bench chaos fuzz clean lock dist release

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Footfall needs Python 3.11 to 3.13; set PYTHON=/path/to/python3") if not (3, 11) <= sys.version_info[:2] <= (3, 13) else 0'
	@echo "Installing into $(VENV) (once; about two minutes)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python .ci/install.py dev
	@touch $(INSTALLED)

install: $(INSTALLED) ## Everything into .venv; the other targets do so too where it is not done

demo: $(INSTALLED) ## A shop, its traffic, the full pipeline and every address (ARGS=--no-serve: run and exit)
	$(BIN)/footfall demo $(ARGS)

dev: $(INSTALLED) ## Dagster's UI, collector and API, restarted when their code changes
	$(BIN)/footfall dev $(ARGS)

# One process more than cores (tests/conftest.py). More than four would want the memory of a large machine.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# What `make test` runs (markers: pyproject.toml); `make test-all` runs the rest.
QUICK := smoke or not (slow or browser or pipeline)

test: $(INSTALLED) lint ## Lint, the quick tests, one run of the pipeline, one page in Chromium (ARGS='-k name -n 0')
	$(PYTEST) -m '$(QUICK)' $(ARGS)

test-all: test ## `make test`, then every other test
	$(PYTEST) -m 'not ($(QUICK))' $(ARGS)

lint: $(INSTALLED) ## Style, types, import contracts, SQL style, dbt deprecations
	@# Each of the two takes a core for over a minute. What one says is not mixed into the other, where make can do that.
	@$(MAKE) --no-print-directory --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync) lint-python lint-sql

lint-python: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

# sqlfluff goes on from what the parse leaves in dbt_project/target.
lint-sql: $(INSTALLED)
	$(BIN)/dbt --quiet --no-use-colors --warn-error-options '{"error": ["Deprecations"]}' parse --no-partial-parse \
		--project-dir dbt_project --profiles-dir dbt_project --profile footfall --target lint
	cd dbt_project && ../$(BIN)/sqlfluff lint --disable-progress-bar models tests

bench: $(INSTALLED) ## Every benchmark, each with a ratio to its peer (minutes)
	@for each in benchmarks/*.py; do echo "== $$each"; $(BIN)/python $$each || exit 1; done

chaos: $(INSTALLED) ## Kill at random, then count (ARGS='--kills 200'); hostile shops (HOSTILE='--shops 200')
	$(BIN)/python -m tests.chaos.soak $(ARGS)
	$(BIN)/python -m tests.chaos.hostile $(HOSTILE)

fuzz: $(INSTALLED) ## Bad input, random (ARGS='--inputs 1000000') and led by coverage (GUIDED='--seconds 600')
	$(BIN)/python -m tests.chaos.fuzz $(ARGS)
	$(BIN)/python -m tests.chaos.guided $(GUIDED)

lock: $(INSTALLED) ## Freeze the versions of constraints.txt again
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--no-emit-index-url --no-annotate --no-header --output-file constraints.txt

clean: ## Remove what was installed and what the demo wrote
	rm -rf $(VENV) data dbt_project/target dbt_project/logs pixel/node_modules packages/node_modules \
		tests/sdks/node_modules benchmarks/page_cost/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

dist: $(INSTALLED) ## What a release publishes, into dist/: the Python client, the npm packages
	rm -rf dist && mkdir -p dist/python dist/npm
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build --outdir dist/python packages/python-client
	cd packages && npm ci --no-audit --no-fund --loglevel=error && npm pack --workspaces --pack-destination ../dist/npm

release: $(INSTALLED) ## Is this tree ready to be tagged? Checks version, changelog and tree, and builds the packages
	@git diff --quiet HEAD || { echo "commit first: the tree has changes"; exit 1; }
	@! grep -m1 '^## ' CHANGELOG.md | grep -q unreleased || { echo "CHANGELOG.md: date the newest heading"; exit 1; }
	@! git rev-parse -q --verify "v$$($(BIN)/python -c 'import footfall; print(footfall.__version__)')" >/dev/null || { echo "this version has a tag already"; exit 1; }
	$(BIN)/python -m pytest -q -n 0 tests/footfall/test_release.py
	@$(MAKE) --no-print-directory dist
