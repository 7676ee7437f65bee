# The commands of the project. Each one sets up what it needs first; set-up that is done already takes no time.
#   make demo         everything from nothing to a running city on http://localhost:8000 (Ctrl-C stops it, the data stays)
#   make test         every test, in a real Chromium too;   make test ARGS="-k board" runs some
#   make lint         style and types of Python and JavaScript
#   make torture      proof under fire, a minute of it;   make torture ARGS="--seed 7 --minutes 10 --workers 2"
#   make nightly      an hour under fire, every test with many more examples, the figures of speed
#   make bench        the figures of speed;  make screenshots  the pictures of the README
#   make setup | dev  only set up, for running | for developing too
#   make locks        newer versions of what we build on
#   make clean        removes all that was made here, except data and recordings

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup dev demo test lint torture nightly bench screenshots locks clean
MAKEFLAGS += --no-print-directory

SETUP := @tools/with-python tools/setup.py
PYTHON := .venv/bin/python

help:
	@sed -n 's/^#  //p' Makefile

setup:
	$(SETUP) runtime

dev:
	$(SETUP) dev

# The last line of a recipe replaces its shell, so that Ctrl-C and `kill` reach the program itself, which then ends cleanly.
demo: setup
	@exec .venv/bin/queue-service demo

lint: dev
	@exec $(PYTHON) -m tools.lint

# First what can share the machine, in two processes; then what loads it, kills and starts services again, alone.
EVERY_TEST := $(PYTHON) -m pytest -n 2 --dist loadfile -m "not alone"; others=$$?; $(PYTHON) -m pytest -m alone && exit $$others

test: dev
	@QUEUE_CHROMIUM="$$($(PYTHON) -m tools.chromium)" || exit 1; export QUEUE_CHROMIUM; $(if $(ARGS),exec $(PYTHON) -m pytest $(ARGS),$(EVERY_TEST))

torture: dev
	@exec $(PYTHON) -m tests.torture $(ARGS)

# All three are played, whatever the others found.
nightly: dev
	@status=0; \
	$(MAKE) torture ARGS="--minutes 60 --workers 2" || status=1; \
	QUEUE_FUZZ_EXAMPLES=200 QUEUE_HOSTILE_BODIES=40 $(MAKE) test || status=1; \
	$(MAKE) bench || status=1; \
	exit $$status

bench: dev
	@exec $(PYTHON) -m tests.benchmarks $(ARGS)

screenshots: dev
	@QUEUE_CHROMIUM="$$($(PYTHON) -m tools.chromium)" || exit 1; export QUEUE_CHROMIUM; exec $(PYTHON) -m tools.screenshots $(ARGS)

locks: dev
	@exec $(PYTHON) -m tools.locks

clean:
	@rm -rf .venv node_modules .assets/fonts .assets/govuk-frontend .assets/altcha .assets/.copied .assets/.voice
	@rm -rf .bench build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "Removed what set-up and the tests made. Kept: .data, and .assets/voice, where an office may have put recordings."
