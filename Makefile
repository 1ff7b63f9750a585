# RAASID. `make train` and `make test` do all of the set-up; they need python3 (3.11 or later) and make.
#   make train ARGS="data.batch_size=64 seed=2"     make test ARGS="-k config -n 0"     make PYTHON=python3.12 test

PYTHON ?= python3
ARGS   ?=
BIN    := .venv/bin
RUN    := $(BIN)/python
UV     := $(BIN)/uv pip

# The environment is complete when this is what .venv/.installed holds; it is written last. An install that was
# cut short leaves .venv/.installing and is done over, because half a package looks like a whole one. One import of
# what a run needs comes last: every start finds bytecode, also where Python is told to write none.
FINGERPRINT = { cat requirements.lock pyproject.toml .venv/.made; } 2>/dev/null | \
	$(PYTHON) -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'

# Workers share the cores; a file's tests stay together. Tests start many processes: these must find bytecode.
PYTEST := PYTHONDONTWRITEBYTECODE= $(RUN) -m pytest -n auto --dist loadscope --no-loadscope-reorder

.PHONY: help train demo test soak check lint setup venv lock wheel clean

help:
	@echo "make train [ARGS=...]   set up, then: raasid train ARGS      (the default needs no data)"
	@echo "make demo               set up, then: play a season in which a model gets worse; writes season/season.html"
	@echo "make test [ARGS=...]    set up, then: ruff, mypy, pytest ARGS"
	@echo "make soak [ARGS=...]    set up, then: the tests of random input and of kills in full size"
	@echo "make check              set up, then: ruff and mypy only"
	@echo "make lint               set up, then: ruff only"
	@echo "make setup              the environment in .venv, nothing else"
	@echo "make lock               pin again what pyproject.toml asks for (ARGS=--upgrade: newest versions)"
	@echo "make wheel              build dist/raasid-*.whl"
	@echo "make clean              remove .venv, caches and dist; runs and data stay"
	@echo "PYTHON=python3.12       another interpreter than python3"

train: setup
	@$(BIN)/raasid train $(ARGS)

demo: setup
	@$(RUN) -m examples.season $(ARGS)

# mypy works beside pytest, whose output comes first; what mypy finds is shown at the end, and is a failure.
test: lint
	@types="$$(mktemp)"; $(RUN) -m mypy >"$$types" 2>&1 & mypy=$$!; \
	trap 'kill $$mypy 2>/dev/null; rm -f "$$types"' EXIT; trap 'exit 130' INT TERM; \
	$(PYTEST) $(ARGS); tests=$$?; \
	wait $$mypy || { cat "$$types"; exit 1; }; \
	exit $$tests

soak: setup
	@RAASID_SOAK=1 $(PYTEST) -m soak --timeout 7200 $(ARGS)

check: lint
	@$(RUN) -m mypy

lint: setup
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .

setup: venv
	@[ "$$(cat .venv/.installed 2>/dev/null)" = "$$($(FINGERPRINT))" ] || { \
	  again=; [ ! -e .venv/.installing ] || again=--reinstall; \
	  rm -f .venv/.installed; touch .venv/.installing; \
	  echo "setup: installing requirements.lock into .venv (several GB the first time)" && \
	  $(UV) install --quiet $$again --python $(RUN) --requirement requirements.lock && \
	  $(UV) install --quiet --python $(RUN) --no-deps --no-build-isolation --editable . && \
	  rm .venv/.installing && \
	  $(RUN) .ci/missing_libraries.py --explain && \
	  PYTHONDONTWRITEBYTECODE= $(RUN) -c 'import raasid.config.launch, raasid.pipeline.train' && \
	  $(FINGERPRINT) >.venv/.installed && \
	  echo "setup: done"; }

# A half-made environment, one of another Python, or one whose folder was moved has another mark and is made anew.
venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "setup: needs Python 3.11 or later, but $(PYTHON) is $$($(PYTHON) --version 2>&1);" \
	       "name another one with make PYTHON=python3.12" >&2; exit 1; }
	@mark="$$($(PYTHON) -c 'import sys; print(*sys.version_info[:3], sys.base_prefix)') $(CURDIR)"; \
	[ "$$(cat .venv/.made 2>/dev/null)" = "$$mark" ] || { \
	  $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "setup: $(PYTHON) cannot make a virtual environment;" \
	         "on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }; \
	  echo "setup: making .venv with $$($(PYTHON) --version)" && \
	  $(PYTHON) -m venv --clear .venv && \
	  $(RUN) -m pip install --quiet --disable-pip-version-check "$$(grep -o '^uv==[^ ]*' requirements.lock)" && \
	  echo "$$mark" >.venv/.made; }

# Pins that requirements.lock already holds are kept; no address of any index is written.
lock: venv
	@printf 'hatchling\neditables\nuv\n' | $(UV) compile --quiet pyproject.toml - --extra dev --universal \
	  --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  --output-file requirements.lock $(ARGS)

wheel: setup
	@$(BIN)/uv build --quiet --wheel --no-build-isolation --python $(RUN) --out-dir dist && ls dist/*.whl

clean:
	rm -rf .venv dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
