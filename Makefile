# Every command of the project; `make` alone lists them. Needs python3 (3.11 or newer) with venv, and nothing else.
#
# The environment .venv is created on first use and updated when a lock in requirements/ changes. Its file `ready`
# contains the name of the extra that it was created for.

PYTHON ?= python3
DOCKER ?= docker
EXTRAS := cpu gpu gpu-cu12
INSTALLED := $(shell cat .venv/ready 2>/dev/null)
EXTRA ?= $(or $(INSTALLED),cpu)
BIN := .venv/bin
# The locks are complete. A dependency on onnxruntime must not bring it in beside onnxruntime-gpu, which has the same module.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
UV_VERSION := 0.13.9
IMAGE ?= sambert-server

ifeq ($(filter $(EXTRA),$(EXTRAS)),)
$(error EXTRA is "$(EXTRA)"; valid: $(EXTRAS))
endif

.PHONY: help setup dev serve test check format bench lock training-smoke images switch
.DELETE_ON_ERROR:

help:
	@echo "make setup    install what the server needs into .venv; EXTRA=gpu (CUDA 13) or EXTRA=gpu-cu12 (CUDA 12) instead of EXTRA=cpu"
	@echo "make dev      install the development tools into .venv as well"
	@echo "make serve    serve speech on http://localhost:7860; options in ARGS, e.g. ARGS='--port 8000'"
	@echo "make test     run the checks and the tests, except those of the training recipe"
	@echo "make check    run the checks only: style, types, import rules"
	@echo "make format   format the code"
	@echo "make bench    run the benchmarks, half an hour or more; ARGS=--quick for a few minutes (docs/performance.md)"
	@echo "make lock     resolve the versions in requirements/ again"
	@echo "make training-smoke   test the training recipe and run it in a few steps; needs espeak-ng, installs torch"
	@echo "make images   build the container images $(EXTRAS:%=$(IMAGE):%)"

setup: .venv/ready

dev: .venv/tools

serve: .venv/ready
	$(BIN)/python -m server serve $(ARGS)

test: check
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

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

# The extras exclude each other, so another one needs a new environment.
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

# The locks agree with each other: each is constrained by the first one.
COMPILE = build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --annotation-style line \
	--custom-compile-command "make lock" --upgrade pyproject.toml
PARTS = --extra celery --extra convert --extra references
BESIDE_CPU = -c requirements/cpu.txt --no-emit-package onnxruntime

lock: build/uv/bin/uv
	$(COMPILE) --extra cpu $(PARTS) -o requirements/cpu.txt
	$(COMPILE) --extra gpu $(PARTS) $(BESIDE_CPU) -o requirements/gpu.txt
	$(COMPILE) --extra gpu-cu12 $(PARTS) $(BESIDE_CPU) -o requirements/gpu-cu12.txt
	$(COMPILE) --extra dev $(BESIDE_CPU) -o requirements/dev.txt

build/uv/bin/uv: Makefile
	$(PYTHON) -m venv build/uv
	build/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

images:
	$(DOCKER) build -f Dockerfile.cpu -t $(IMAGE):cpu .
	$(DOCKER) build -f Dockerfile.gpu -t $(IMAGE):gpu --build-arg EXTRA=gpu .
	$(DOCKER) build -f Dockerfile.gpu -t $(IMAGE):gpu-cu12 --build-arg EXTRA=gpu-cu12 .

# The training recipe has its own environment, so that torch is nowhere else. Its tests need it too: `make test` skips
# them.
training-smoke: build/training/ready
	build/training/bin/python -m pytest tests/training
	build/training/bin/python -W ignore -m training.voice.smoke build/training-smoke
	build/training/bin/python -W ignore -m training.timbre.smoke build/timbre-smoke

build/training/ready: training/requirements.txt
	$(PYTHON) -m venv build/training
	build/training/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@
