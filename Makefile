PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
ENGINES := .venv-engines

.PHONY: setup demo test bench lint docs clean

setup: $(STAMP)

# Exact versions first, then the project itself without touching them.
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("digonce needs Python 3.11 or newer (this is %d.%d)" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)

demo: setup
	$(BIN)/digonce demo --out demo

# A file stays with one process, so that what its tests share is made once.
test: setup
	$(BIN)/python -m pytest -n auto --dist loadfile $(PYTEST_ARGS)

bench: setup $(ENGINES)/.ready
	$(BIN)/python benchmarks/run.py $(BENCH_ARGS)

# The engines that digonce is compared with, apart from what it depends on.
$(ENGINES)/.ready: benchmarks/engines.lock
	$(PYTHON) -m venv $(ENGINES)
	$(ENGINES)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement benchmarks/engines.lock
	touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: setup
	$(BIN)/mkdocs build --strict --quiet --site-dir site

clean:
	rm -rf $(VENV) $(ENGINES) demo bench-out site
