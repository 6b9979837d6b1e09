# The deployed Python where there is one, else any from 3.11 on.
PYTHON ?= $(shell python3.13 -c 'import sys; print(sys.executable)' 2>/dev/null || command -v python3)
BIN := .venv/bin
OURS := app.py benchmarks clients events infra lambdas tests
export PYTHONPATH := .:lambdas:clients/verify:clients/python
# The tests start hundreds of processes. Where this is set, each compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

PYTEST := $(BIN)/python -m pytest -n auto
# One worker more than there are cores: the tests of the running house, which one worker has, wait more than they work.
LONG := $(BIN)/python -m pytest -n $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

.PHONY: help run page screenshots test test-long granted test-all nightly check types rules synth deploy diff destroy bench cost lock clean
.DEFAULT_GOAL := help

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/ready ## serve on this machine
	@exec $(BIN)/python -m infra.local

page: .venv/ready ## build the console's page, and print how large it is
	$(BIN)/python -m infra.page

screenshots: .venv/ready ## of the console, for each demo tenant, into .cache/screenshots/ and docs/pictures/
	$(BIN)/python -m tests.browser.screenshots

test: .venv/ready ## the quick tests: each kind at least once; T=tests/unit for a part
	$(PYTEST) -m "not long" $(T)

test-long: .venv/ready ## the others: tests on DynamoDB Local, models, kills, restarts of the laptop
	$(LONG) -m "long and not nightly" $(T)

granted: .venv/ready ## after both lanes: every action that a role holds has been needed by a call of the suite
	$(BIN)/python -m tests.support.unused_grants

test-all: .venv/ready ## both
	$(PYTEST) -m "not nightly" $(T)

nightly: .venv/ready ## every case on every store, the large volumes; then the models at length (hours)
	$(LONG) -m nightly $(T)
	DAYBOOK_MODEL_EXAMPLES=10000 DAYBOOK_EXPORT_EXAMPLES=1000 $(PYTEST) tests/model/test_planner_model.py tests/model/test_export_model.py

types: .venv/ready ## mypy, strictly
	$(BIN)/mypy $(OURS)

rules: .venv/ready ## lint, format; what may import what; cfn-lint and cdk-nag; the page's types and size
	$(BIN)/ruff check $(OURS)
	$(BIN)/ruff format --check $(OURS)
	$(BIN)/python -m pytest tests/unit/test_layers.py
	$(BIN)/python -m infra.checks
	$(BIN)/python -m infra.page

check: types rules ## both of the above

synth: .venv/ready ## the CloudFormation templates and the Lambdas' asset, in cdk.out/
	$(BIN)/python app.py

deploy: .venv/ready ## into an AWS account, without questions; ARGS="--profile NAME -c stage=trial" for another one
	@exec $(BIN)/python -m infra.operate.deploy deploy $(ARGS)

diff: .venv/ready ## what a deployment would change
	@exec $(BIN)/python -m infra.operate.deploy diff $(ARGS)

destroy: .venv/ready ## delete a deployment; says what stays, and asks
	@exec $(BIN)/python -m infra.operate.deploy destroy $(ARGS)

bench: .venv/ready ## what docs/benchmarks.md shows
	$(BIN)/python -m benchmarks

cost: .venv/ready ## dollars a month for three sizes; A="--events 25 --xray" for your load
	$(BIN)/python -m infra.cost $(A)

lock: .venv/ready ## the requirements files anew, from pyproject.toml
	$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header -o requirements/lambdas.txt
	$(BIN)/uv pip compile -q pyproject.toml --extra work --universal --python-version 3.11 --generate-hashes --no-header -c requirements/lambdas.txt -o requirements/work.txt
	echo uv | $(BIN)/uv pip compile -q - --universal --python-version 3.11 --generate-hashes --no-header -c requirements/work.txt -o requirements/installer.txt

clean: ## remove the environment, the caches and the templates
	rm -rf .venv .cache cdk.out lambdas/public/openapi.json lambdas/console/static \
	  lambdas/console/page/schema.d.ts lambdas/console/page/node_modules

# uv installs in seconds what takes pip minutes; where it cannot reach the packages, pip may be set up to.
.venv/ready: requirements/installer.txt requirements/work.txt
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install -q --require-hashes -r requirements/installer.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/work.txt \
	  || $(BIN)/pip install -q --require-hashes -r requirements/work.txt
	touch $@
