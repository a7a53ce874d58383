# make lab   installs what is missing and opens the course in JupyterLab
# make test  installs what is missing and runs the tests
# ARGS="..." is passed on; PYTHON=... chooses the Python (3.11 or newer).

export OMP_NUM_THREADS ?= 1

# An active environment, else the one made before, else the system's Python.
PYTHON ?= $(or $(and $(VIRTUAL_ENV),$(VIRTUAL_ENV)/bin/python),$(wildcard .venv/bin/python),python3)
# Its version, whether that is new enough, whether it lives in an environment, and which one to use: that one, else
# .venv (spaces in its name escaped). Written so that a Python of any age can answer.
FOUND := $(shell "$(PYTHON)" -c 'import os, sys; \
    inside = sys.prefix != getattr(sys, "base_prefix", sys.prefix); \
    where = os.path.relpath(sys.prefix).replace(" ", "\\ ") if inside else ".venv"; \
    print("%d.%d %s %s %s" % (sys.version_info[:2] + (sys.version_info >= (3, 11), inside, where)))')
ENV := $(wordlist 4,99,$(FOUND))
RUN := $(ENV)/bin/python
INSTALLED := $(ENV)/.cnnlib-$(word 1,$(FOUND))

.PHONY: lab test test-all check lint types notebooks images images-check pins site serve clean
.DEFAULT_GOAL := lab

lab: $(INSTALLED)
	@echo "Opening notebooks/00_start_here.ipynb in JupyterLab (stop it with Ctrl-C)"
	@env -u OMP_NUM_THREADS $(RUN) -m jupyterlab --ip=127.0.0.1 $(if $(filter 0,$(shell id -u)),--allow-root) \
	    --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb $(ARGS)

test: $(INSTALLED)
	@echo "Running the tests on two processes (at most 15 minutes)"
	@$(RUN) -m pytest -n 2 --dist loadfile $(ARGS)

test-all: $(INSTALLED)
	@echo "Running every test, the long ones too"
	@CNNLIB_TEST_ALL=1 $(RUN) -m pytest -n 2 --dist loadfile $(ARGS)

check: lint types images-check test

lint: $(INSTALLED)
	@echo "Checking style (ruff), notebooks too"
	@$(RUN) -m ruff check . && $(RUN) -m ruff format --check .

types: $(INSTALLED)
	@echo "Checking types (mypy --strict)"
	@$(RUN) -m mypy

notebooks: $(INSTALLED)
	@echo "Running the notebooks and storing their outputs (needs MNIST: set CNNLIB_DATA)"
	@$(RUN) notebooks/make.py $(ARGS)

images: $(INSTALLED)
	@echo "Drawing images/ and packing cnnlib/samples.npz"
	@$(RUN) images/make.py $(ARGS)

images-check: $(INSTALLED)
	@echo "Comparing images/ with what the code draws"
	@$(RUN) images/make.py --check

pins: $(INSTALLED)
	@echo "Compiling requirements.txt from pyproject.toml"
	@$(RUN) -m pip install --quiet uv
	@$(RUN) -m uv pip compile --quiet --universal --python-version 3.11 --all-extras --upgrade \
	    --no-emit-index-url --no-annotate --no-header \
	    pyproject.toml --output-file requirements.txt

site: $(INSTALLED)
	@echo "Building the website in build/site/html (needs npm)"
	@$(RUN) site/make.py $(ARGS)

serve: $(INSTALLED)
	@echo "Building the website and showing it on this machine"
	@$(RUN) site/make.py --serve $(ARGS)

clean:
	@echo "Removing .venv and what tests and builds left"
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# One file per environment and Python version says that these pins are installed.
$(INSTALLED): requirements.txt pyproject.toml
ifeq ($(FOUND),)
	@echo "No Python runs as '$(PYTHON)'. Install Python 3.11 or newer, or name one: make $(MAKECMDGOALS) PYTHON=python3.12 (make clean removes a broken .venv)" >&2; exit 1
else ifneq ($(word 2,$(FOUND)),True)
	@echo "Python 3.11 or newer is needed, '$(PYTHON)' is $(word 1,$(FOUND)). Name another: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1
else
	@echo "Installing the exact versions of requirements.txt into $(ENV) (the first time takes minutes and, on Linux, 7 GB)"
ifneq ($(word 3,$(FOUND)),True)
# Debian's Python without its venv package would leave half an environment behind.
	@"$(PYTHON)" -m venv --clear .venv || { rm -rf .venv; exit 1; }
endif
# An environment made by uv, or not made to the end, has no pip.
	@$(RUN) -m pip --version >/dev/null 2>&1 || $(RUN) -m ensurepip
	@$(RUN) -m pip install --disable-pip-version-check --requirement requirements.txt
	@$(RUN) -m pip install --disable-pip-version-check --quiet --no-deps --editable .
	@touch "$@"
endif
