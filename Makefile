# Every target works in a fresh clone: what it needs is installed into .venv first, from the lock.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo demo-stop test test-all campaigns mutants fakepve ansible check lint types imports sql migrations bench growth spread scale lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(INSTALLED): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || deploy/install-venv.sh
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

install: $(INSTALLED) ## the virtual environment, with everything in it

demo: $(INSTALLED) ## set up, and watch manifests become machines at two simulated providers
	@deploy/demo.sh start

demo-stop: ## stop the demo's simulators and its database
	@deploy/demo.sh stop

test: $(INSTALLED) ## the whole test suite; three processes, because half of their time is waiting
	$(BIN)/python -m pytest -n 3 --dist worksteal

test-all: $(INSTALLED) ## the suite with its slow tests, on every PostgreSQL that is there, no process forked
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "slow or not slow" --pg all --afresh

campaigns: $(INSTALLED) ## properties with many examples, kills at every numbered moment, every simulated fault; a table of figures
	RECONCILER_EXAMPLES=20 $(BIN)/python -m pytest -q -n 2 --dist worksteal $$(grep -rl --include='*.py' "from hypothesis" tests/unit tests/store tests/contract tests/acceptance)
	$(BIN)/python -m pytest -n 2 --dist worksteal -m slow -rfE tests/campaigns

mutants: $(INSTALLED) ## small faults put into a copy of the tree: which of them does no test notice? (an hour or two)
	$(BIN)/python -m tests.mutants

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

imports: $(INSTALLED)
	$(BIN)/lint-imports

sql: $(INSTALLED)
	$(BIN)/sqlfluff lint --disable-progress-bar sql

fakepve: $(INSTALLED) ## the Proxmox VE driver against a fake server that is not ours
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --target .fakepve fakepve==0.5.0
	FAKEPVE_PATH=$(CURDIR)/.fakepve $(BIN)/python -m pytest tests/contract/test_fakepve.py

ansible: $(INSTALLED) ## the simulators, by Ansible's collections hetzner.hcloud and community.proxmox
	test -d .ansible/ansible-12.3.0.dist-info || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --no-compile --upgrade --target .ansible ansible==12.3.0
	ANSIBLE_PATH=$(CURDIR)/.ansible $(BIN)/python -m pytest -n 2 tests/acceptance/test_ansible_*.py

check: lint types imports sql test ## every gate, and the tests: what CI runs

migrations: $(INSTALLED) ## until the first release: write the one migration and the diagram anew from sql/schema
	cat sql/schema/*.sql > sql/migrations/0001_initial.sql
	$(BIN)/python -m reconciler.store.database.diagram --write

bench: $(INSTALLED) ## what the program's speed is held against, and whether it is met; ARGS="--small" or "--beside PATH"
	$(BIN)/python -m tests.bench.reach $(ARGS)

growth: $(INSTALLED) ## plans and applies of fleets of 1,000 to 100,000, as a table
	$(BIN)/python -m tests.bench

spread: $(INSTALLED) ## `resources` in one table and spread by endpoint, a million rows: what it costs
	$(BIN)/python -m tests.bench.spread

SIZE ?= 100000

scale: $(INSTALLED) ## loading, recording and asking about SIZE resources (100000), beside the same rows by COPY, as tables
	$(BIN)/python -m tests.scale --size $(SIZE)

lock: $(INSTALLED) ## pin every dependency anew (needs uv on the PATH)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --quiet pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --quiet --extra dev pyproject.toml -c requirements.lock -o requirements-dev.lock

clean: demo-stop ## remove what the targets made
	rm -rf $(VENV) .demo .bench .scale .ansible .fakepve .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
