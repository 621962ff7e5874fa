# Everything that is done from day to day. `make` alone tells what there is.

.DEFAULT_GOAL := help
.PHONY: help setup run test fuzz bench drill histories fingerprints check format lock

PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3.14 python3 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
READY := .venv/.ready
DEMO ?= 1
SEQUENCES ?= 10000
EXAMPLES ?= 50
# More than most have cores: many tests wait for timers, and for processes to start.
TESTERS ?= 3

help:  ## Tell what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY)  ## Prepare everything that the other commands need

$(READY): requirements.lock pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "hotline needs Python 3.11 or newer; install it, or name one: make setup PYTHON=/path/to/python3.11" >&2; \
		exit 1; fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "hotline needs Python 3.11 or newer, and $(PYTHON) is older or none" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make environments; install its venv package (on Debian and Ubuntu: python3-venv)" >&2; \
		exit 1; }
	@echo "Setting up .venv; the first time takes a minute or two."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: $(READY)  ## Start the service with the demonstration city; DEMO=0 starts it empty
	@exec $(BIN)/hotline up $(if $(filter 0 no false,$(DEMO)),--no-demo,--demo)

test: $(READY)  ## Run all tests, by three processes; TESTERS=0 runs them in one
	@$(BIN)/python -m pytest --numprocesses $(TESTERS) --dist loadfile --no-loadscope-reorder $(TESTS)

fuzz: $(READY)  ## Random lives of cases, and random requests to the API; SEQUENCES=50000 EXAMPLES=200 makes more
	@HOTLINE_SEQUENCES=$(SEQUENCES) $(BIN)/python -m pytest tests/model/test_random_lives.py -q -s --timeout=0
	@HOTLINE_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest tests/api/test_described.py -q --timeout=0

bench: $(READY)  ## Measure throughput, latency and memory beside the engine's own; PARTS="routine storm" for some
	@$(BIN)/python -m tests.bench $(PARTS)

drill: $(READY)  ## Kill and cut everything under load, and account for every promise; SEED=7 SECONDS=600 CASES_A_SECOND=4
	@$(BIN)/python -m tests.drill $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS)) \
		$(if $(CASES_A_SECOND),--rate $(CASES_A_SECOND))

histories: $(READY)  ## Record the histories that a kind of case lacks; see "Changing a workflow" in CONTRIBUTING.md
	@$(BIN)/python -m tests.replay.record
	@$(BIN)/python -m tests.replay.fingerprints --renew

fingerprints: $(READY)  ## Take what the workflows ask of the engine now for right
	@$(BIN)/python -m tests.replay.fingerprints --renew

check: $(READY)  ## Check format, style and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(READY)  ## Format the code, and mend what style allows to be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(READY)  ## Renew requirements.lock to the newest releases
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade \
		--generate-hashes --no-emit-index-url --no-annotate --quiet \
		--custom-compile-command "make lock" -o requirements.lock --no-emit-find-links
	@! grep -nE '^ *(-i|-f|--(extra-)?index-url|--find-links)|://|^-e|file:' requirements.lock || { \
		echo "requirements.lock names a place instead of a package; see the lines above" >&2; exit 1; }
