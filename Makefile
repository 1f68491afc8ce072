# Everything a person types. Each target sets up what it needs.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BOTH_CORES := -n 2 --dist load
BY_FILE := -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: released manifests help setup demo test check format manage monitoring catalog schema clean dashboards drill bench audit panels simulate fuzz browser preview backup restore tour

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(STAMP): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; $(PYTHON) is %d.%d. Name another one: make PYTHON=python3.11 ..." % sys.version_info[:2] or 0)'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "This Python has no venv module (Debian/Ubuntu: apt install python3-venv)." >&2; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@echo "Installing packages into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(STAMP)

setup: $(STAMP) ## Create .venv and install everything

demo: $(STAMP) ## Start the whole system with a sample course, demo people and light traffic
	@exec $(BIN)/python -m lms.demo

test: $(STAMP) ## Run the tests against real servers of their own; ARGS="tests/courses -k enrol" for some of them
ifneq ($(ARGS),)
	@$(BIN)/python -m pytest $(ARGS)
else
	@$(BIN)/python -m pytest $(BOTH_CORES) -m "not processes"
	@echo "The product's own processes:"
	@$(BIN)/python -m pytest $(BY_FILE) -m processes
	@echo "Once more without the observability app:"
	@LMS_OBSERVABILITY=0 $(BIN)/python -m pytest $(BOTH_CORES) -q -m "not processes and not observability and not once"
endif

fuzz: $(STAMP) ## Ask the API 6000 generated things in sequences, as five kinds of people; CASES=20000 for more
	@LMS_FUZZ_CASES=$(or $(CASES),6000) $(BIN)/python -m pytest -q tests/lms/test_api_stateful.py

check: $(STAMP) ## Lint, types, import rules, migrations, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/bandit -q -ll -ii -c pyproject.toml -r core outbox maintenance accounts courses quizzes certificates analytics lms observability deploy simulation
	$(BIN)/python -m lms.check
	$(BIN)/python -m deploy.check

audit: $(STAMP) ## Look the pinned packages up among known vulnerabilities; needs the internet's advisory database
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	$(BIN)/pip-audit --strict -r requirements.txt

format: $(STAMP) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: $(STAMP) ## Write docs/openapi.json; refuses what breaks clients unless BREAKING=1
	@DJANGO_SECRET_KEY=schema LMS_DEBUG=1 LMS_ENV_FILE=/dev/null DATABASE_URL=postgres://x:x@127.0.0.1:1/x \
		REDIS_URL=redis://127.0.0.1:1/0 $(BIN)/python -m lms.openapi

catalog: $(STAMP) ## Write docs/metrics.md from the metrics that exist
	@DJANGO_SECRET_KEY=catalog LMS_DEBUG=1 LMS_ENV_FILE=/dev/null DATABASE_URL=postgres://x:x@127.0.0.1:1/x \
		REDIS_URL=redis://127.0.0.1:1/0 $(BIN)/python manage.py metrics_catalog --format markdown > docs/metrics.md.new
	@mv docs/metrics.md.new docs/metrics.md

monitoring: $(STAMP) ## Fetch Prometheus, Alertmanager and the exporters, without root, into .run/tools
	@$(BIN)/python -m lms.monitoring

browser: $(STAMP) ## Fetch a headless Chromium, without root, into .run/tools
	@$(BIN)/python -m lms.browser

drill: $(STAMP) ## Make every alert fire by a real fault and see it arrive; ONLY="redis" for some
	@$(BIN)/python -m tests.drill --only "$(ONLY)" --report .run/drill

bench: $(STAMP) ## Measure everything that has a number, beside its peers; ONLY="redaction" for some
	@test -x .run/bench/venv/bin/python || $(PYTHON) -m venv .run/bench/venv
	@.run/bench/venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -r requirements-bench.txt
	@.run/bench/venv/bin/python -m bench --only "$(ONLY)"

panels: $(STAMP) ## Ask every panel's query after a simulated term; ARGS="--minutes 8"
	@$(BIN)/python -m tests.panels $(ARGS)

preview: $(STAMP) ## See the dashboards without Grafana after a simulated term, and photograph them; ARGS="--minutes 4"
	@npm ci --prefix tests/preview --silent --no-audit --no-fund --ignore-scripts
	@$(BIN)/python -m tests.preview $(ARGS)

tour: $(STAMP) ## Take the README's pictures anew, of a demo of its own
	@npm ci --prefix tests/preview --silent --no-audit --no-fund --ignore-scripts
	@$(BIN)/python -m tests.tour

simulate: $(STAMP) ## Simulated people use the running demo; ARGS="--people 40 --days 7 --speed 2000 --seed 1"
	@$(BIN)/python -m simulation $(ARGS)

released: $(STAMP) ## Record what a release that is out exports: the next one's rules must work with it
	@$(BIN)/python -m deploy.release --write

dashboards: $(STAMP) ## Write the dashboards' JSON from deploy/grafana/panels.py
	@$(BIN)/python -m deploy.grafana.build

manifests: $(STAMP) ## Write the Kubernetes rules from deploy/prometheus
	@$(BIN)/python -m deploy.manifests

backup: $(STAMP) ## Back the demo up; TO=DIR for another place than .run/backups, LMS_ENV_FILE=.env for another system
	@LMS_ENV_FILE=$(or $(LMS_ENV_FILE),.run/demo.env) $(BIN)/python manage.py backup --to "$(or $(TO),.run/backups)"

restore: $(STAMP) ## Restore FROM=DIR, which `make backup` printed; REPLACE=1 discards what is there
	@[ -n "$(FROM)" ] || { echo "which backup? make restore FROM=.run/backups/lms-..." >&2; exit 1; }
	@LMS_ENV_FILE=$(or $(LMS_ENV_FILE),.run/demo.env) $(BIN)/python manage.py restore "$(FROM)" $(if $(REPLACE),--replace)

manage: $(STAMP) ## Run a manage.py command against the running demo: make manage CMD="shell"
	@LMS_ENV_FILE=.run/demo.env $(BIN)/python manage.py $(CMD)

clean: ## Remove the virtual environment and the demo's data
	rm -rf $(VENV) .run
