# Every command of the project; `make` alone lists them. Needs python3 (3.11 or newer) with venv, and nothing else.
#
# The environment .venv is made on first use and brought up to date when a lock in requirements/ changes. Its file
# `ready` holds the name of the extra that it was made for.

PYTHON ?= python3
DOCKER ?= docker
EXTRAS := cpu gpu gpu-cu12
INSTALLED := $(shell cat .venv/ready 2>/dev/null)
EXTRA ?= $(or $(INSTALLED),cpu)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
UV_VERSION := 0.13.9
IMAGE ?= sambert-server

ifeq ($(filter $(EXTRA),$(EXTRAS)),)
$(error EXTRA is "$(EXTRA)"; valid: $(EXTRAS))
endif

.PHONY: help setup serve test check format bench lock training-smoke images switch
.DELETE_ON_ERROR:

help:
	@echo "make setup    install what is needed into .venv; EXTRA=gpu (CUDA 13) or EXTRA=gpu-cu12 (CUDA 12) in place of EXTRA=cpu"
	@echo "make serve    serve speech on http://localhost:7860; options in ARGS, e.g. ARGS='--port 8000'"
	@echo "make test     run every check and every test"
	@echo "make check    run the checks alone: style, types, import rule"
	@echo "make format   put the code into the project's style"
	@echo "make bench    measure, half an hour or more; ARGS=--quick for minutes; docs/performance.md"
	@echo "make lock     choose the versions in requirements/ anew"
	@echo "make training-smoke   test the recipe of the embedded voice, and go through it in a few steps; needs espeak-ng, brings torch"
	@echo "make images   build the container images $(EXTRAS:%=$(IMAGE):%)"

setup: .venv/ready

serve: .venv/ready
	$(BIN)/python -m server serve $(ARGS)

test: check
	$(BIN)/python -m pytest

check: .venv/tools
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_imports.py

format: .venv/tools
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

bench: .venv/ready
	$(BIN)/python -m bench $(ARGS)

# The extras exclude each other, so another one gets a new environment.
ifneq ($(INSTALLED),$(EXTRA))
.venv/ready: switch
endif

switch:
	$(if $(INSTALLED),rm -rf .venv)

.venv/ready: requirements/$(EXTRA).txt
	@echo "setting up .venv for $(EXTRA)"
	@$(PYTHON) -c "import sys; sys.version_info >= (3, 11) or sys.exit('python 3.11 or newer is needed, this is ' + sys.version)"
	$(PYTHON) -m venv .venv
	$(PIP) -r $<
	@echo $(EXTRA) > $@

.venv/tools: requirements/dev.txt .venv/ready
	$(PIP) -r $<
	@touch $@

# The locks agree with each other: what one of them has chosen, the next ones keep.
COMPILE = build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --annotation-style line \
	--custom-compile-command "make lock" --upgrade pyproject.toml

lock: build/uv/bin/uv
	$(COMPILE) --extra cpu --extra convert -o requirements/cpu.txt
	$(COMPILE) --extra gpu --extra convert -c requirements/cpu.txt -o requirements/gpu.txt
	$(COMPILE) --extra gpu-cu12 --extra convert -c requirements/cpu.txt -o requirements/gpu-cu12.txt
	$(COMPILE) --extra dev -c requirements/cpu.txt -o requirements/dev.txt

build/uv/bin/uv: Makefile
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

images:
	$(DOCKER) build -f Dockerfile.cpu -t $(IMAGE):cpu .
	$(DOCKER) build -f Dockerfile.gpu -t $(IMAGE):gpu --build-arg EXTRA=gpu .
	$(DOCKER) build -f Dockerfile.gpu -t $(IMAGE):gpu-cu12 --build-arg EXTRA=gpu-cu12 .

# The recipe of the voice has an environment of its own, so that torch stays away from everything else. Its tests need
# that, too: `make test` passes them over.
training-smoke: build/training/ready
	build/training/bin/python -m pytest tests/training
	build/training/bin/python -W ignore -m training.voice.smoke build/training-smoke

build/training/ready: training/requirements.txt
	$(PYTHON) -m venv build/training
	build/training/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@
