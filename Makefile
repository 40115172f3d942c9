# Every target sets up what it needs; nothing asks a question. The first run shows its progress, later runs skip what is done.
.DEFAULT_GOAL := help
SHELL := /bin/bash
# A command that fails in a pipe fails its recipe, so that no stamp says it is done.
.SHELLFLAGS := -eu -o pipefail -c
VENV := .venv
SAM_VENV := .venv-sam
CHECKOV_VENV := .venv-checkov
MINISTACK_VENV := .venv-ministack
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/$(SAM_VENV)/bin:$(CURDIR)/$(CHECKOV_VENV)/bin:$(PATH)

# The Lambda runtime is 3.13; any Python from 3.11 on develops and tests.
PYTHON := $(shell for p in python3.13 python3 python3.14 python3.12 python3.11; do \
	$$p -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
PIP := pip install --disable-pip-version-check --no-input --root-user-action=ignore --progress-bar off
RUN_STAMP := $(VENV)/.installed-run
STAMP := $(VENV)/.installed
SAM_STAMP := $(SAM_VENV)/.installed
CHECKOV_STAMP := $(CHECKOV_VENV)/.installed
MINISTACK_STAMP := $(MINISTACK_VENV)/.installed
BENCH_VENV := build/bench/venv
BENCH_STAMP := $(BENCH_VENV)/.installed

# More workers than a small machine has cores: the end-to-end tests wait for timeouts more than they compute.
WORKERS := 6
# What make scan runs, and takes long.
SCANNED := --ignore tests/e2e/test_scan.py \
	--deselect tests/integration/test_suppressions.py::test_every_ignored_rule_of_cfn_lint_would_report_its_resource
# The tests have an order already, in which the long ones come first (tests/e2e/conftest.py).
# The tests start hundreds of processes. Without bytecode each compiles the project, and each worker rewrites each test.
PYTEST = env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest --dist loadgroup --no-loadscope-reorder

# An installation shows what pip collects, and a line after 15 seconds without one.
QUIET_SECONDS := 15
define PROGRESS
{ shown=$$SECONDS; while true; do \
	if IFS= read -r -t 1 line; then \
		case "$$line" in Collecting*|Installing*) line=$${line%% (from *}; echo "$${line:0:100}"; shown=$$SECONDS;; esac; \
	elif [ $$? -le 128 ]; then break; fi; \
	if [ $$((SECONDS - shown)) -ge $(QUIET_SECONDS) ]; then echo "  still installing ..."; shown=$$SECONDS; fi; \
done; }
endef
# $(call install,ENVIRONMENT,ARGUMENTS OF PIP). Versions of make before 3.82 know no .SHELLFLAGS, hence pipefail.
install = set -o pipefail; $(1)/bin/python -m $(PIP) $(2) | $(PROGRESS)
needs_python = test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none is on the PATH" >&2; exit 1; }

.PHONY: help setup setup-ministack setup-sam run serve load bench generate check unit test coverage nightly fuzz lint types scan lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(STAMP) ## make the virtual environment from the hashed locks

setup-ministack: $(MINISTACK_STAMP) ## make the environment of ministack, which judges event patterns

setup-sam: $(SAM_STAMP) ## make the SAM CLI's own environment, .venv-sam

# The environment is made in two steps: what the local stack runs on, then what develops and tests it.
$(RUN_STAMP): requirements/run.txt pyproject.toml
	@$(needs_python)
	@echo "== virtual environment in $(VENV) ($$($(PYTHON) --version))"
	@$(PYTHON) -m venv --clear $(VENV)
	@echo "== packages from requirements/run.txt (less than a minute)"
	@$(call install,$(VENV),--require-hashes -r requirements/run.txt)
	@$(BIN)/python -m $(PIP) -q --no-deps --no-build-isolation -e .
	@touch $@

$(STAMP): $(RUN_STAMP) requirements/dev.txt
	@echo "== packages from requirements/dev.txt (about a minute)"
	@$(call install,$(VENV),--require-hashes -r requirements/dev.txt)
	@touch $@

$(SAM_STAMP): requirements/sam.txt
	@$(needs_python)
	@echo "== AWS SAM CLI in $(SAM_VENV), apart because it pins its own dependencies (about a minute)"
	@$(PYTHON) -m venv --clear $(SAM_VENV)
	@$(call install,$(SAM_VENV),--require-hashes -r requirements/sam.txt)
	@touch $@

$(MINISTACK_STAMP): requirements/ministack.txt
	@$(needs_python)
	@echo "== ministack in $(MINISTACK_VENV), apart because it pins its own dependencies (about a quarter of a minute)"
	@$(PYTHON) -m venv --clear $(MINISTACK_VENV)
	@$(call install,$(MINISTACK_VENV),--require-hashes -r requirements/ministack.txt)
	@touch $@

$(CHECKOV_STAMP): requirements/checkov.txt
	@$(needs_python)
	@echo "== Checkov in $(CHECKOV_VENV), apart because it pins its own dependencies (about a minute)"
	@$(PYTHON) -m venv --clear $(CHECKOV_VENV)
	@$(call install,$(CHECKOV_VENV),--require-hashes -r requirements/checkov.txt)
	@touch $@

run: $(RUN_STAMP) ## deliver events/webhook to the stack on this machine, show and check the result
	@$(BIN)/python -m local run

serve: $(RUN_STAMP) ## run the stack on this machine until Ctrl-C (PORT, WEBHOOK_AUTH, EVENT_DETAIL ... in docs/first-run.md)
	@exec $(BIN)/python -m local serve

load: $(RUN_STAMP) ## deliver at full speed for a minute, then check every promise (SECONDS, SENDERS)
	@$(BIN)/python -m local.load --seconds $(or $(SECONDS),60) --senders $(or $(SENDERS),8)

$(BENCH_STAMP): requirements/bench.txt pyproject.toml
	@$(needs_python)
	@echo "== benchmark in $(BENCH_VENV) (about half a minute)"
	@$(PYTHON) -m venv --clear $(BENCH_VENV)
	@$(call install,$(BENCH_VENV),--require-hashes -r requirements/bench.txt)
	@$(BENCH_VENV)/bin/python -m $(PIP) -q --no-deps --no-build-isolation -e .
	@touch $@

bench: $(BENCH_STAMP) $(SAM_STAMP) ## measure the built functions beside reference handlers, minutes (ROUNDS, DYNAMODB_LOCAL_ENDPOINT)
	@echo "== sam build (about a minute)"
	@SAM_CLI_TELEMETRY=0 sam build --build-dir .aws-sam/bench --cache-dir .aws-sam/bench-cache >build/bench/build.log 2>&1 \
		|| { cat build/bench/build.log >&2; exit 1; }
	@$(BENCH_VENV)/bin/python -m bench $(if $(ROUNDS),--rounds $(ROUNDS))

generate: $(STAMP) ## write every generated file: events/, generated docs, the layer's lock
	@$(BIN)/python -m generate

check: lint types unit ## lint, types and unit tests, a minute: while you work

unit: $(STAMP)
	@HYPOTHESIS_PROFILE=dev $(PYTEST) -q -n auto -m "not nightly" tests/unit

test: $(STAMP) $(SAM_STAMP) lint types ## lint, types and the tests of every promise, minutes: before a change is merged
	@$(PYTEST) -n $(WORKERS) -m "not nightly" $(SCANNED)

coverage: $(STAMP) ## the branch coverage of the unit and integration tests: fails below fail_under of pyproject.toml
	@$(PYTEST) -q -n auto -m "not nightly" tests/unit tests/integration --cov

nightly: $(STAMP) $(SAM_STAMP) $(MINISTACK_STAMP) lint types ## every test, with ten times as many examples and every fault on both stores, hours
	@HYPOTHESIS_PROFILE=nightly FUZZ_EXAMPLES=$(or $(EXAMPLES),1000) \
		$(PYTEST) -n $(WORKERS) --timeout 0 $(SCANNED)

fuzz: $(STAMP) ## hostile requests against the served stack until it has found nothing for long (EXAMPLES)
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),3000) $(BIN)/python -m pytest tests/e2e/test_fuzz.py tests/e2e/test_schemathesis.py --timeout 0

lint: $(STAMP)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(STAMP)
	@$(BIN)/mypy

scan: $(STAMP) $(CHECKOV_STAMP) ## what the linters and scanners say of template.yaml
	@$(BIN)/cfn-lint -a cfn_lint_serverless.rules -- template.yaml
	@$(BIN)/cfn-lint -- templates/schema-registry.yaml
	@$(BIN)/cfn-lint -a cfn_lint_serverless.rules -- examples/subscriber/template.yaml
	@$(BIN)/python -m pytest -q tests/e2e/test_scan.py tests/integration/test_suppressions.py

lock: $(STAMP) ## resolve the locks again from pyproject.toml (needs uv)
	@for lock in "lambda.txt pyproject.toml" "run.txt pyproject.toml --group run -c requirements/lambda.txt" \
		"dev.txt pyproject.toml --extra cli --group dev -c requirements/lambda.txt -c requirements/run.txt" "sam.txt --group sam" "checkov.txt --group checkov" \
		"ministack.txt --group ministack" \
		"bench.txt pyproject.toml --group bench -c requirements/dev.txt" \
		"bench-typical.txt --group bench-typical -c requirements/lambda.txt" \
		"bench-fastapi.txt --group bench-fastapi -c requirements/lambda.txt" \
		"bench-runtime.txt --group bench-runtime -c requirements/dev.txt"; do \
		set -- $$lock; out=$$1; shift; \
		uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header $$@ -o requirements/$$out; done

clean: ## remove what the targets made
	rm -rf $(VENV) $(SAM_VENV) $(CHECKOV_VENV) $(MINISTACK_VENV) .aws-sam build .pytest_cache .mypy_cache .ruff_cache .hypothesis
