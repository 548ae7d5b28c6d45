# Every target makes .venv by itself. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BIN := .venv/bin
READY := .venv/.ready
# These come last: they add up the times of the others.
LAST := book/how_it_is_tested.ipynb book/intro.ipynb
PAGES := $(filter-out $(LAST),$(sort $(wildcard book/*.ipynb notebooks/*.ipynb))) $(LAST)

# What the pages compute depends on, apart from their own cells.
INPUTS := $(shell find lstm_se data notebooks/results -type f -not -name '*.pyc' 2>/dev/null) constraints.txt

# Quiet TensorFlow, and the same rounding on every processor.
export TF_CPP_MIN_LOG_LEVEL := 3
export TF_ENABLE_ONEDNN_OPTS := 0
# The matrices are small: on a busy machine more threads only wait for each other.
export OPENBLAS_NUM_THREADS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Tools that look at what is installed have an environment of their own, so that they are no part of it.
SUPPLY := _build/supply
SUPPLY_TOOLS := "cyclonedx-bom>=7.2,<8" "pip-licenses>=5.5,<6" "uv>=0.9,<1"

# The first interpreter that can make an environment and compile an extension (pesq is one).
USABLE := import sys, os, sysconfig, ensurepip, venv; \
	header = os.path.join(sysconfig.get_path("include"), "Python.h"); \
	sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13) and os.path.exists(header)))
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	if $$python -c '$(USABLE)' >/dev/null 2>&1; then echo $$python; break; fi; done)

define FIND_PYTHON
python="$(PYTHON)"; \
if [ -z "$$python" ]; then \
	echo "error: no Python 3.11, 3.12 or 3.13 with venv and C headers found;" \
		"install one (Debian, Ubuntu: apt install python3-venv python3-dev)" >&2; exit 1; \
fi
endef

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

$(READY): pyproject.toml constraints.txt peers.txt
	@$(FIND_PYTHON); \
	if ! command -v cc >/dev/null && ! command -v gcc >/dev/null; then \
		echo "error: no C compiler found, and pesq is compiled while it installs;" \
			"install one (Debian, Ubuntu: apt install build-essential; macOS: xcode-select --install)" >&2; exit 1; \
	fi; \
	echo "making .venv with $$($$python --version): about 1 GB to fetch, a few minutes"; \
	$$python -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --requirement constraints.txt
	@$(BIN)/python -m pip install --quiet --no-deps --ignore-requires-python --requirement peers.txt
	@$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

.PHONY: venv
venv: $(READY) ## make .venv (the other targets do this too)

# Results of cells are kept between builds, and thrown away when the code or the data behind them changed.
_build/inputs: $(INPUTS)
	@rm -rf _build/.jupyter_cache _build/.doctrees && mkdir -p _build && touch $@

# A build that failed leaves pages behind that the next one would not look at again.
.PHONY: book
book: $(READY) _build/inputs ## execute and build the book into _build/html
	@if [ -e _build/unfinished ]; then rm -rf _build/html _build/.doctrees; fi; touch _build/unfinished
	$(BIN)/python book/tools/execute_ahead.py --cache _build/.jupyter_cache $(PAGES)
	$(BIN)/jupyter-book build . -n -W --keep-going
	@rm _build/unfinished
	@echo "open $(CURDIR)/_build/html/index.html"

.PHONY: quick
quick: $(READY) ## in a minute: style, types, and quick tests of what you changed, or of WING=chip
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/mypy
	@$(BIN)/python tests/support/quick.py $(WING)

.PHONY: test
test: test-code test-pages ## check the style, the types, the code and every notebook; -j2 does both at once

.PHONY: test-code
test-code: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/pytest tests

# The lessons run where nothing else is, with what pip would install: as in Colab.
.PHONY: test-pages
test-pages: $(READY)
	$(BIN)/python tests/support/alone.py _build/alone
	PYTHONPATH=$(CURDIR)/_build/alone/site \
		$(BIN)/pytest --nbval --nbval-current-env _build/alone/notebooks $(wildcard book/*.ipynb)

.PHONY: test-system
test-system: book ## pages in Chromium and Firefox, firmware by arm-none-eabi-gcc and in qemu, sound in PulseAudio
	$(BIN)/pytest tests/system

.PHONY: fuzz
fuzz: $(READY) ## a minute for each fuzzer; or TARGET=wav.c, SECONDS=3600 (needs atheris and clang)
	$(BIN)/python tests/fuzz/fuzz.py --seconds $(or $(SECONDS),60) $(TARGET)

.PHONY: mutants
mutants: $(READY) ## break the code in small ways and see whether a test notices; FILE=… EACH=40 (needs universalmutator)
	$(BIN)/python tests/mutants/mutants.py --each $(or $(EACH),40) $(FILE)

.PHONY: links
links: $(READY) _build/inputs ## follow every link of the book (needs the internet)
	$(BIN)/jupyter-book build . --builder linkcheck

.PHONY: notebooks
notebooks: $(READY) ## execute every notebook in place, clean it, write its times into it
	$(BIN)/python book/tools/execute_notebooks.py $(PAGES)

$(SUPPLY)/.ready: Makefile
	@$(FIND_PYTHON); $$python -m venv --clear $(SUPPLY)
	@$(SUPPLY)/bin/python -m pip install --quiet $(SUPPLY_TOOLS)
	@touch $@

.PHONY: constraints
constraints: $(SUPPLY)/.ready ## choose the newest versions that fit together, and tell which ones changed
	@cp constraints.txt $(SUPPLY)/before.txt
	@$(SUPPLY)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --all-extras --group pc \
		--fork-strategy fewest --no-annotate --custom-compile-command "make constraints" \
		--output-file constraints.txt pyproject.toml >/dev/null
	@if cmp -s $(SUPPLY)/before.txt constraints.txt; then echo "constraints.txt has the newest versions already"; \
		else diff $(SUPPLY)/before.txt constraints.txt | grep '^[<>]' || true; fi

.PHONY: sbom
sbom: $(READY) $(SUPPLY)/.ready ## list what is installed: as CycloneDX, and the licences as a table
	@$(SUPPLY)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-file $(SUPPLY)/sbom.json $(BIN)/python
	@$(SUPPLY)/bin/pip-licenses --python $(BIN)/python --from mixed --order license --with-urls \
		--format markdown --output-file $(SUPPLY)/licences.md
	@echo "open $(SUPPLY)/sbom.json and $(SUPPLY)/licences.md"

.PHONY: bench
bench: $(READY) ## measure speed on this machine
	$(BIN)/lstm-se bench

.PHONY: lab
lab: $(READY) ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

.PHONY: clean
clean: ## remove everything that was built, .venv too
	rm -rf .venv _build .mypy_cache .import_linter_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
