# Everything a person types. `make` prints it.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup lock format check lint types security test
help: ## Print what make can do
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/ready ## Make .venv with everything the service, the tests and the checks need
.venv/ready: requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch .venv/ready

lock: ## Write requirements.lock anew from the requirements files
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements-dev.txt -o requirements.lock

format: setup ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: setup ## Run every test
	$(BIN)/pytest
