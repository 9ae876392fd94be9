# make report   sample bundle → HTML report; all set-up included
# make test     all tests; all set-up included
# make lint     style, types, import directions, shell
# make bench    what docs/performance.md reports
# make accuracy how often the owner is right, over the labelled scenarios
# make docs     docs/cli.md, from the commands
# make data     SOURCES=DIR: rebuild data tables from checkouts (docs/keeping-data-true.md)
PYTHON ?= python3
VENV ?= .venv
BUILD ?= build
SCENARIO ?= fixtures/scenarios/sample.yaml

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PY := $(BIN)/python

.PHONY: report test lint bench accuracy format clean data docs
.DELETE_ON_ERROR:

report: $(VENV)/.project
	@mkdir -p $(BUILD)
	@$(PY) -m fixtures.build $(SCENARIO) -o $(BUILD)/sample.tar
	@$(BIN)/demarc analyze $(BUILD)/sample.tar -o $(BUILD)/sample-report.html --force
	@echo "$(CURDIR)/$(BUILD)/sample-report.html"

test: $(VENV)/.dev
	@sh .ci/system-packages test
	@sh .ci/kubectl $(PY) $(BUILD)/kubectl
	PATH="$(CURDIR)/$(BUILD)/kubectl/bin:$$PATH" $(PY) -m pytest -n auto $(TESTS)

lint: $(VENV)/.dev
	@sh .ci/system-packages lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	sh .ci/shellcheck

bench: $(VENV)/.dev
	$(PY) -m benchmarks

accuracy: $(VENV)/.dev
	@mkdir -p $(BUILD)
	@$(PY) -m benchmarks.accuracy --json $(BUILD)/accuracy.json

# The newest of the checkouts' dates; give AS_OF=YYYY-MM-DD where they are no git checkouts.
AS_OF ?= $(shell for d in AgentBaker AKS azure-aks-docs; do git -C "$(SOURCES)/$$d" \
	log -1 --format=%cs 2>/dev/null; done | sort | tail -n 1)

data: $(VENV)/.project
	@test -n "$(SOURCES)" || { echo "usage: make data SOURCES=DIR [AS_OF=YYYY-MM-DD]" >&2; exit 2; }
	@test -n "$(AS_OF)" || { echo "no date of the checkouts: give AS_OF=YYYY-MM-DD" >&2; exit 2; }
	@$(PY) -m analyzer.baselines.refresh "$(SOURCES)" --as-of "$(AS_OF)"

docs: $(VENV)/.project
	@$(PY) -m analyzer.cli.manual docs/cli.md

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The program and what it needs; made again when the project's metadata changes.
$(VENV)/.project: pyproject.toml
	@sh .ci/system-packages report
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.project
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

clean:
	rm -rf $(BUILD) dist *.egg-info
