# Everything a person types. `make` prints it.
PYTHON ?= python3
BIN := .venv/bin
ROOMS := billing bitrix24 bp_activities calculations customers gateways handlers jobs payments schemas storage

.PHONY: help setup lock format check lint types security test browser robots run reload bench mutants interleavings chaos
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

test: setup browser ## Run every test
	$(BIN)/pytest --numprocesses auto --dist worksteal

browser: ## Install Chromium where there is none, for the tests of pages
	scripts/install-chromium.sh

robots: setup ## Write the robots' pages and tests/catalogue.json from their declarations
	$(BIN)/python -m docs.write_robot_pages

check: setup lint types security test ## Format, lint, types, security, tests: what CI runs
lint:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
types:
	$(BIN)/mypy .
# B104: the web process is meant to be reached from outside; B310: settings let CLOCK_URL be http(s) only.
security:
	$(BIN)/bandit --quiet --recursive --severity-level medium --confidence-level medium --skip B104,B310 $(ROOMS) *.py

run: setup ## Play the whole story on this machine and stay up; ONCE=1 ends after it
	$(BIN)/python -m sandbox $(if $(ONCE),--once)

reload: ## Let the running web process take new code and settings without closing its door
	kill -HUP $$(cat var/web-$${PORT:-8080}.pid)

bench: setup ## Measure: one JSON object
	@$(BIN)/python -m benchmarks

mutants: setup ## Plant faults in the arithmetic and in the money; every one must make a test fail
	$(BIN)/python -m tests.mutants
	$(BIN)/python -m tests.mutants.money

interleavings: setup ## 10,000 charges under workers that race, with faults everywhere; CHARGES=N for fewer
	$(BIN)/python -m tests.interleavings $(if $(CHARGES),--charges $(CHARGES))

chaos: setup ## Kill web and worker at random during 500 calls, and at every step around money
	$(BIN)/pytest tests/chaos tests/grid --full-chaos -rP
