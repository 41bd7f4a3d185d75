# Everything here works on a fresh machine: it makes .venv and fetches what is locked, once.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
EXTRAS ?=

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev talk up down status doctor test check lint format types unit bench chaos soak yardstick size golden clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## */  make \1|/' | column -t -s '|'

setup:  ## packages, and what EXTRAS brings: make setup EXTRAS="whisper zh"
	@$(PYTHON) tools/bootstrap.py $(EXTRAS)

setup-dev:
	@$(PYTHON) tools/bootstrap.py --dev $(EXTRAS)

talk: setup  ## have a conversation (ARGS="--profile mac" and the like)
	@$(BIN)/streamtalk talk $(ARGS)

up: setup  ## start the stack, detached
	@$(BIN)/streamtalk up $(ARGS)

down: setup  ## stop the stack
	@$(BIN)/streamtalk down $(ARGS)

status: setup  ## what runs, and how it is
	@$(BIN)/streamtalk status $(ARGS)

doctor: setup  ## what is installed, what is missing, what to do
	@$(BIN)/streamtalk doctor $(ARGS)

test: check  ## lint, types and all tests (ARGS="tests/tts -k credit": some of them)
	@$(BIN)/python -m tools.run_tests $(ARGS)

check: lint types

lint: setup-dev  ## style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup-dev  ## mypy --strict
	@$(BIN)/mypy

unit: setup-dev  ## the quick tests only
	@$(BIN)/python -m pytest -m "unit or contract" $(ARGS)

format: setup-dev  ## put the code into the house style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup  ## the figures of the README, measured here
	@$(BIN)/streamtalk bench pipeline $(ARGS)
	@$(BIN)/streamtalk bench bus $(ARGS)
	@$(BIN)/streamtalk bench talk $(ARGS)

chaos: setup  ## break every part under talk, and see what is lost (ARGS="--short")
	@$(BIN)/streamtalk chaos $(ARGS)

soak: setup  ## talk for hours (ARGS="--hours 24 --json soak.json")
	@$(BIN)/streamtalk soak $(ARGS)

yardstick: setup-dev  ## beside other systems (ARGS="FOLDER_OF_THE_YARDSTICK REPEATS")
	@tools/yardstick.sh $(ARGS)

size: setup  ## how much disk a fresh install takes
	@$(BIN)/python tools/install_size.py

golden: setup-dev  ## write proto/golden and the tables of proto/README.md anew
	@$(BIN)/python -m tools.proto_golden
	@$(BIN)/python -m tools.proto_tables

clean:  ## remove the environment and all caches
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
