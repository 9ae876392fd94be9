# make report   sample bundle → HTML report; all set-up included
# make test     all tests; all set-up included
# make lint     style, types, import directions, shell
# make bench    what docs/performance.md reports
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

.PHONY: report test lint bench format clean
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
