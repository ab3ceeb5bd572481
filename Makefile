# Every target makes .venv when it is missing and installs into it what pyproject.toml and constraints.txt say.
#   make demo DEMO_ARGS="--model facebook/sam-vit-base"
#   make test PYTEST_ARGS="-m 'not slow'"
#   make test BASE_PYTHON=/opt/python3.12/bin/python3

VENV := .venv
PYTHON := $(VENV)/bin/python
# python3 if it is new enough, else a newer one that stands beside it under its own name.
BASE_PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(name) -c 'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))
PYTEST_ARGS ?=
DEMO_ARGS ?=
STRESS_ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# What builds the package is pinned too; older and newer versions of pip ask for it by different names.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install demo test lint types stress clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

install: $(VENV)/.installed-dev $(VENV)/.installed-demo ## make .venv with everything needed to work on the code

demo: $(VENV)/.installed-demo ## build, load and evaluate a small real data set, and write a page about it
	$(PYTHON) examples/mni152/demo.py $(DEMO_ARGS)

test: lint $(VENV)/.installed-demo ## format, lint and all tests, the demo's included
	$(PYTHON) -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.installed-dev ## check format and style
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

# mypy sees the folders that are installed under another name (loaders, evaluation, cards) only as they are installed.
types: $(VENV)/.installed-dev ## check types, as installed from a wheel
	rm -rf build
	$(PYTHON) -m build --quiet --outdir build/wheel
	$(PYTHON) -m pip install --quiet --no-deps --target build/installed build/wheel/*.whl
	bash .ci/check-types $(PYTHON) build/installed

stress: $(VENV)/.installed-demo ## damage every raw tree in every way, and see what a build makes of it (STRESS_ARGS="--seed 1")
	PYTHONPATH=tests $(PYTHON) -m stress $(STRESS_ARGS)

clean: ## remove .venv and everything made
	rm -rf $(VENV) build dist demo-output *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are older than the files they depend on exactly when something has to be installed again.
$(VENV)/.installed-dev: pyproject.toml constraints.txt
	$(make-venv)
	$(PYTHON) -m pip install -e '.[dev]' -c constraints.txt
	@touch $@

$(VENV)/.installed-demo: pyproject.toml constraints.txt examples/mni152/pyproject.toml
	$(make-venv)
	$(PYTHON) -m pip install -e '.[demo]' -e examples/mni152 -c constraints.txt
	@touch $@

define make-venv
@if [ -z "$(BASE_PYTHON)" ]; then \
	echo "Python 3.11 or newer is needed; 'python3' here is: $$(python3 --version 2>&1)." >&2; \
	echo "Install one, or name it: make BASE_PYTHON=/path/to/python3.12 test" >&2; \
	exit 1; \
fi
@$(PYTHON) -m pip --version >/dev/null 2>&1 || $(BASE_PYTHON) -m venv --clear $(VENV)
endef
