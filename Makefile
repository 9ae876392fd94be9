# make report   sample bundle → HTML report; all set-up included
# make test     all tests; all set-up included
# make lint     style, types, import directions, shell
# make bench    what docs/performance.md reports
# make fuzz     SECONDS=600: coverage-guided fuzzing of readers and parsers (Linux, macOS)
# make faults   COUNT=10000: bundles broken by seeded dice, each analysed whole
# make sbom     what demarc brings along when it runs, as CycloneDX JSON
# make lock     requirements*.txt anew: versions and sums of all packages (on Linux)
# make accuracy how often the owner is right, over the labelled scenarios
# make docs     docs/cli.md from the commands, and the site with its reference pages; links checked
# make wheelhouse  demarc and all it needs in build/wheelhouse, for laptops without a network
# make container  the image of the Containerfile, and what is promised of it tried (docs/install.md)
# make stores   fleets out of S3 and Azure Blob, against servers on loopback (needs npm)
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

.PHONY: report test lint bench fuzz faults sbom lock accuracy format clean data docs wheelhouse container stores
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

SECONDS ?= 600
COUNT ?= 10000

fuzz: $(VENV)/.dev
	$(PY) -m tests.fuzz --seconds $(SECONDS)

faults: $(VENV)/.dev
	$(PY) -m tests.fuzz.faults --count $(COUNT)

sbom: $(VENV)/.dev
	@$(PY) .ci/sbom.py $(BUILD)/sbom.cdx.json

lock: $(VENV)/.dev
	$(PY) -m pip install --quiet --disable-pip-version-check pip-tools
	sh .ci/lock $(PY)

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

docs: $(VENV)/.dev
	@$(PY) -m analyzer.cli.manual docs/cli.md
	@$(PY) -m docs.site $(BUILD)/docs

# FOR="--platform win_amd64 --python-version 3.12": the wheels of another kind of machine.
WHEELHOUSE ?= $(BUILD)/wheelhouse
EXTRAS ?= seal,serve
PIP := $(PY) -m pip --quiet --disable-pip-version-check
SUMS := import hashlib, pathlib, sys; folder = pathlib.Path(sys.argv[1]); \
	lines = [f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.name}\n" for f in sorted(folder.glob("*.whl"))]; \
	(folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")

wheelhouse: $(VENV)/.project
	@rm -rf $(WHEELHOUSE) build/lib build/bdist.*
	@mkdir -p $(WHEELHOUSE)
	@$(PIP) wheel --no-deps --wheel-dir $(WHEELHOUSE) .
	@$(PIP) download --only-binary=:all: $(FOR) --dest $(WHEELHOUSE) \
	  "$$(echo $(WHEELHOUSE)/aks_demarc-*.whl)$(if $(EXTRAS),[$(EXTRAS)])"
	@$(PY) -c '$(SUMS)' $(WHEELHOUSE)
	@echo "$(WHEELHOUSE)"

# BASE=your-mirror/python:3.13-slim; ENGINE=docker; BUILD_FLAGS, RUN_FLAGS: more options of its build and run.
BASE ?= python:3.13-slim
ENGINE ?= podman
RUN_FLAGS ?=

container: $(VENV)/.dev
	$(ENGINE) build $(BUILD_FLAGS) --build-arg PYTHON=$(BASE) -f Containerfile -t demarc .
	@$(PY) -m tests.meta.container demarc --engine "$(ENGINE)" --flags "$(RUN_FLAGS)"

# An environment of its own: S3's client wants an older package than kubernetes' client does.
stores:
	@$(PYTHON) -m venv $(BUILD)/stores
	@$(BUILD)/stores/bin/python -m pip install --quiet --disable-pip-version-check \
	  -e '.[fleet]' pytest s3fs adlfs moto flask flask-cors py-partiql-parser
	@npm install --silent --no-audit --no-fund --prefix $(BUILD)/azurite azurite
	PATH="$(CURDIR)/$(BUILD)/azurite/node_modules/.bin:$$PATH" \
	  $(BUILD)/stores/bin/python -m pytest -q tests/fleet/against_stores.py

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
