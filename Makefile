# make demo    the main command on the paper's case, in an environment of its own
# make test    lint, types, import fences and the whole test suite, in an environment of its own
# make bench   timings of the solver, the ledger, studies and the command line
# make bench-peers   the tables of tests/benchmarks/README.md, measured anew against other tools
# make clean   remove both environments and everything that was built
#
# Needs Python 3.11 or later (another one: make test PYTHON=python3.13), its pip and make. An environment is made anew
# only when pyproject.toml or constraints.txt have changed.

PYTHON ?= python3
PYTEST_ARGS ?=

BUILD := build
DEMO := $(BUILD)/demo-env
TEST := $(BUILD)/test-env
TREE := $(BUILD)/tree
SOURCES := $(shell find leam_opt models cases -type f -not -path '*/__pycache__/*')

# The environments see the project as installed, not whatever PYTHONPATH points at.
unexport PYTHONPATH PYTHONHOME
export PIP_ROOT_USER_ACTION := ignore
PIP := -m pip --disable-pip-version-check --no-input -qq

.PHONY: demo test lint types fences suite bench bench-peers clean tree
.DELETE_ON_ERROR:

demo: $(DEMO)/.installed
	$(DEMO)/bin/leam-opt compare leam-2022

test: lint types fences suite

lint: $(TEST)/.installed
	$(TEST)/bin/ruff check --quiet .
	$(TEST)/bin/ruff format --quiet --check . || { echo "run: $(TEST)/bin/ruff format ."; exit 1; }

# models/ and the engine as one package, as they are installed: mypy and import-linter read packages from disk.
tree:
	@rm -rf $(TREE) && mkdir -p $(TREE)
	@cp -Rp leam_opt $(TREE)/leam_opt && cp -Rp models $(TREE)/leam_opt/models

types: $(TEST)/.installed tree
	cd $(TREE) && ../test-env/bin/mypy --config-file ../../pyproject.toml --cache-dir ../mypy-cache -p leam_opt

fences: $(TEST)/.installed tree
	cd $(TREE) && ../test-env/bin/lint-imports --config ../../pyproject.toml --no-cache --no-logo

# Two processes share the cores; threads of linear algebra would only wait for each other.
suite: export OMP_NUM_THREADS = 1
suite: export OPENBLAS_NUM_THREADS = 1
suite: $(TEST)/.installed
	$(TEST)/bin/python -m pytest -q -n 2 --dist loadfile $(PYTEST_ARGS)

bench: $(TEST)/.installed
	$(TEST)/bin/python -m pytest -q tests/benchmarks --benchmark-enable $(PYTEST_ARGS)

bench-peers: $(TEST)/.installed
	$(TEST)/bin/python $(PIP) install -c constraints.txt linopy pyoptinterface
	$(TEST)/bin/python -m tests.benchmarks.table

clean:
	rm -rf $(BUILD) dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# $(call environment,folder,extras): a new virtual environment with the pinned dependencies, without the project.
define environment
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; this is " + sys.version) if sys.version_info < (3, 11) else None'
	@echo "setting up $(1) (once; it takes a minute)"
	@rm -rf $(1) && mkdir -p $(BUILD) && $(PYTHON) -m venv $(1)
	@$(1)/bin/python -c 'import sys, tomllib; \
	  project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	  extras = [line for name in sys.argv[1:] for line in project["optional-dependencies"][name]]; \
	  print("setuptools", *project["dependencies"], *extras, sep="\n")' $(2) > $(1)/requirements.txt
	@$(1)/bin/python $(PIP) install -c constraints.txt -r $(1)/requirements.txt
	@touch $@
endef

# setuptools copies into build/lib and would ship files that the tree has lost.
install = rm -rf $(BUILD)/lib $(BUILD)/bdist.* && $(1)/bin/python $(PIP) install --no-deps --no-build-isolation $(2)

$(DEMO)/.dependencies: pyproject.toml constraints.txt
	$(call environment,$(DEMO),)

$(TEST)/.dependencies: pyproject.toml constraints.txt
	$(call environment,$(TEST),test)

$(DEMO)/.installed: $(DEMO)/.dependencies $(SOURCES) README.md
	@$(call install,$(DEMO),--force-reinstall .)
	@touch $@

$(TEST)/.installed: $(TEST)/.dependencies
	@$(call install,$(TEST),-e .)
	@touch $@
