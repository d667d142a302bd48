# Two commands do it all: `make demo` runs the platform, `make test` passes the tests.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
export PYTHONWARNINGS ?= ignore::UserWarning

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# The stamp stands for a virtual environment that holds just what the lock says, bytecode included:
# without compiled bytecode each run of Dagster costs twice its time.
.venv/.stamp: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("iot_assets needs Python 3.11 to 3.13, this is " + sys.version) if not (3, 11) <= sys.version_info < (3, 14) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q -j 0 $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') iot_assets >/dev/null || true
	@touch $@

.PHONY: setup
setup: .venv/.stamp ## make .venv from the lock file

.PHONY: demo
demo: setup ## broker, simulated fleet, lander, Dagster and dashboard, all on this machine
	@$(BIN)/iot-assets demo

.PHONY: up
up: setup ## lander, Dagster and dashboard against the broker named in the settings
	@$(BIN)/iot-assets up

.PHONY: test
test: setup ## linters, types, import rules and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest

.PHONY: bench
bench: setup ## benchmarks, in minutes; FULL=1 as in the docs, ONLY="lander api" some of them
	@$(BIN)/python benchmarks/run.py $(if $(FULL),--full) $(ONLY)

.PHONY: chaos
chaos: setup ## faults injected into all parts, SEED=1 EPISODES=10 (docs/faults.md)
	@$(BIN)/python -m iot_assets_tests.chaos --seed $(or $(SEED),1) --episodes $(or $(EPISODES),10)

.PHONY: lock
lock: ## resolve the lock files anew (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-strip-extras --generate-hashes --no-emit-index-url --no-header --constraint requirements/constraints.txt -o requirements/dev.txt --quiet
	uv pip compile pyproject.toml --universal --python-version 3.11 --no-strip-extras --generate-hashes --no-emit-index-url --no-header --constraint requirements/dev.txt -o requirements/run.txt --quiet
	sed -e '/^duckdb==/s/.*/duckdb==2.0.0/' -e '/^ *--hash/d' -e 's/ \\$$//' -e '/^ *#/d' requirements/dev.txt > requirements/duckdb2.in
	uv pip compile requirements/duckdb2.in --universal --python-version 3.11 --no-strip-extras --generate-hashes --no-emit-index-url --no-header -o requirements/duckdb2.txt --quiet
	rm requirements/duckdb2.in

.PHONY: clean
clean: ## forget the virtual environment (never the data)
	rm -rf .venv
