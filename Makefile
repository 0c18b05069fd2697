# Everything runs from .venv, which the first target that needs it builds from pinned hashes.
# The machine needs Python 3.11 or newer and make; only `make lock` also needs uv.

# The first interpreter that is new enough; say `make PYTHON=/path/to/python3.12 …` to choose another.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c '$(NEW_ENOUGH)' 2>/dev/null && echo "$$p" && break; done)

VENV := .venv
BIN := $(VENV)/bin
PINNED := $(VENV)/.pinned
READY := $(VENV)/.ready
APPS := .venv-apps
APPS_READY := $(APPS)/.ready
FLAGD := tests/core/test_jsonlogic.py $(wildcard tests/definitions/test_flagd_*.py)
PIP := $(BIN)/python -m pip --disable-pip-version-check

LOCK = $(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE)
UV ?= uv
UPGRADE ?=

ARGS ?=
# More than processors, since tests wait for servers more than they compute.
JOBS ?= 3

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check lint types imports docs wheel apps bench bench-smoke soak lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1	\2/' | expand -t 20

demo: $(READY) ## real workers and a few hundred users: releases judged, one worker killed; about a minute
	$(BIN)/reliakit demo $(ARGS)

test: $(READY) ## the tests; ARGS="tests/core -k bucket" chooses some
	$(BIN)/python -m pytest -p no:benchmark -n $(JOBS) --dist worksteal $(ARGS)

soak: $(READY) ## the long tests, which `make test` leaves out
	$(BIN)/python -m pytest -m soak --timeout 3600 $(ARGS)

check: lint types imports docs wheel apps bench-smoke ## every check that is not a test

lint: $(READY) ## style and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY) ## mypy, strict
	$(BIN)/mypy

imports: $(READY) ## the order in which packages may import each other
	$(BIN)/lint-imports

docs: $(READY) ## the site in build/docs, without a warning; and the documents' snippets, run as they stand
	$(BIN)/sphinx-build -q -W --keep-going -n -E -j auto docs build/docs
	$(BIN)/python -m pytest -q tests/docs

wheel: $(READY) ## build the wheel, install it clean, import all of it, follow each page's quickstart
	$(BIN)/python -m tests.packaging.check_wheel

apps: $(APPS_READY) ## what others wrote, beside reliakit: apps behind it, and flagd's newer evaluator
	PYTHONPATH=integrations $(APPS)/bin/python -m pytest -q -p no:cacheprovider -n 2 tests/apps $(FLAGD)

bench: $(READY) ## the table of budgets, against peers and a native floor; and is anything slower than it was?
	$(BIN)/python -m benchmarks all $(ARGS)
	$(BIN)/python -m pytest --quiet benchmarks --benchmark-columns=min,median

bench-smoke: $(READY) ## the same benchmarks, one short round each
	$(BIN)/python -m benchmarks all --smoke

lock: ## resolve the pins again (needs uv); UPGRADE=--upgrade moves them all to the newest
	$(LOCK) --all-extras --group dev --output-file requirements/dev.txt
	$(LOCK) --constraint requirements/dev.txt --output-file requirements/core.txt
	$(LOCK) --extra fastapi --extra flask --extra django --extra gateway --group apps --output-file requirements/apps.txt

clean: ## remove the environment and what tools leave behind
	rm -rf $(VENV) $(APPS) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks

# From an empty directory each time, so that what a pin has dropped is really gone.
$(PINNED): requirements/dev.txt
	@test -n "$(PYTHON)" && "$(PYTHON)" -c '$(NEW_ENOUGH)' || { \
		echo 'reliakit needs Python 3.11 or newer: install it, or name it: make PYTHON=/path/to/python3.12' >&2; \
		exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' || { \
		echo 'this Python cannot make environments: install its venv module (python3-venv on Debian)' >&2; exit 1; }
	"$(PYTHON)" -m venv --clear $(VENV)
	$(PIP) install --quiet --require-hashes --requirement $<
	@touch $@

$(READY): $(PINNED) pyproject.toml
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Of its own, since these apps pin what our tests have newer. Most of it is never imported, so none of it is compiled.
$(APPS_READY): requirements/apps.txt | $(READY)
	"$(PYTHON)" -m venv --clear $(APPS)
	$(APPS)/bin/python -m pip --disable-pip-version-check install --quiet --no-compile --require-hashes \
		--requirement $<
	@touch $@
