# Everything starts here: `make boot` boots the system, `make test` checks it. `.venv` is made by the way.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
JOBS ?= 2
SIDE_BY_SIDE := -n $(JOBS) --dist loadfile --no-loadscope-reorder

.PHONY: boot qemu test test-long compiled lint bench doctor clean help

boot: $(READY)                  ## build what is needed and boot
	@$(BIN)/atoll boot

qemu: $(READY)                  ## boot the same image on QEMU
	@$(BIN)/atoll qemu

# The system is compiled once, on all cores, before the tests that boot it run side by side.
test: lint compiled             ## lint, types and all tests
	$(BIN)/pytest $(SIDE_BY_SIDE)

test-long: lint compiled        ## the same with the tests that take minutes
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "long or not long" --hypothesis-profile=long

compiled: $(READY)
	$(BIN)/atoll boot -c true

lint: $(READY)                  ## ruff and mypy only
	$(BIN)/ruff check
	$(BIN)/mypy

bench: $(READY)                 ## measure, with a table
	@$(BIN)/atoll bench

doctor: $(READY)                ## what is missing on this machine, and the mend
	@$(BIN)/atoll doctor

clean:                          ## remove what was made here (not the image cache)
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:                           ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Atoll needs Python 3.11 or newer; choose one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
	    { echo "Python's venv is missing: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing Atoll and its libraries into .venv (once)" >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
