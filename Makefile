VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo learn test lint format types bench build clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -e .
	@touch $@

setup: $(STAMP) ## make the virtual environment, install the package and, where it is missing, bubblewrap
	@sh scripts/install-tools

demo: setup ## play tasks of every kind with the reference agents, side by side
	$(BIN)/python examples/demo.py

learn: setup ## train small policies that keep notes over cuts, with controls at equal compute, and plot them
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/pip install -q torch==2.13.0
	$(BIN)/pip install -q -e '.[train]'
	$(BIN)/python examples/learn_to_keep_notes.py

test: setup ## install what the tests need and run them
	@sh scripts/install-tools all
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/pip install -q torch==2.13.0
	$(BIN)/pip install -q -e '.[test,sb3,torchrl,inspect,chat,local,math,miniwob,packs,train,web]'
	$(BIN)/python -m pytest -n 3 --dist loadfile -m 'not alone'
	$(BIN)/python -m pytest -m alone

lint: setup ## ruff
	$(BIN)/pip install -q -e '.[lint]'
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: setup ## ruff, fixing what it can
	$(BIN)/pip install -q -e '.[lint]'
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

types: setup ## mypy --strict, with the optional packages that the code is typed against
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/pip install -q torch==2.13.0
	$(BIN)/pip install -q -e '.[lint,sb3,torchrl,inspect,chat,local,math,miniwob,packs,train,web]'
	$(BIN)/mypy

bench: setup ## the benchmarks beside their peers, quick form
	$(BIN)/pip install -q -e '.[bench,math,packs]'
	$(BIN)/python benchmarks/sandboxes.py --quick
	$(BIN)/python benchmarks/memory_envs.py --quick
	$(BIN)/python benchmarks/answers.py --quick
	$(BIN)/python benchmarks/proofs.py --quick
	$(BIN)/python benchmarks/browser.py --quick
	$(BIN)/python benchmarks/lab.py --quick
	$(BIN)/python benchmarks/gate.py --quick

build: setup ## wheel and source distribution
	$(BIN)/pip install -q build
	$(BIN)/python -m build -q

clean: ## remove what the targets made
	rm -rf $(VENV) build dist *.egg-info src/*.egg-info
