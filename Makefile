# Sticktionary: `make play` sets up and runs everything, `make test` sets up and tests. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python
UV := 0.13.9

.DEFAULT_GOAL := help
.PHONY: help play test test-browser check bench nightly admin starter-pack starter-model messages clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

# The environment is ready when the stamp is newer than the pins; an interrupted installation goes on the next time.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Sticktionary needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 play"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# uv installs several times as quickly as pip, which does it wherever uv cannot.
$(BIN)/uv: | $(VENV)/bin/python
	@$(RUN) -m pip install --quiet --disable-pip-version-check uv==$(UV) || true

define install
	@$(BIN)/uv pip install --quiet --python $(RUN) -r $(1) || $(RUN) -m pip install --quiet --disable-pip-version-check -r $(1)
	@touch $@
endef

$(VENV)/.runtime: requirements.txt | $(BIN)/uv
	@echo "Installing what Sticktionary runs on (once; about a minute and 6 GB with the default PyTorch) ..."
	$(call install,requirements.txt)

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime | $(BIN)/uv
	@echo "Installing what the tests need ..."
	$(call install,requirements-dev.txt)

play: $(VENV)/.runtime ## Set up and run everything; Ctrl-C ends it
	@$(RUN) manage.py play

test: $(VENV)/.dev ## Set up and run the tests (no server of any kind needed)
	@$(RUN) -m pytest -m "not browser" -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

test-browser: $(VENV)/.dev ## Run the browser tests in Chromium (CHROMIUM=/path/to/it)
	@$(RUN) -m pytest -m browser -n 2 --dist loadfile $(ARGS)

check: $(VENV)/.dev ## Lint, types, layers, migrations, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(RUN) manage.py makemigrations --check --dry-run
	$(RUN) manage.py check --fail-level WARNING
	$(BIN)/djlint templates --lint
	$(RUN) -m starter_pack check

bench: $(VENV)/.dev ## Measure what docs/figures.md states
	@$(RUN) -m benchmarks

nightly: $(VENV)/.dev ## Train the conversation models in planted worlds, part by part left out, three seeds (an hour of a core)
	@$(RUN) -m benchmarks.dialogue --seeds 0 1 2 $(ARGS)

admin: $(VENV)/.runtime ## Make NAME an admin: make admin NAME=you
	@$(RUN) manage.py make_admin $(NAME)

starter-pack: $(VENV)/.runtime ## Draw the starter pack anew
	@$(RUN) -m starter_pack build

starter-model: $(VENV)/.runtime ## Train the starter CLIP anew
	@$(RUN) -m retrieval_engine.stickerclip.starter

MESSAGES := locale/zh_Hans/LC_MESSAGES
messages: $(VENV)/.dev ## Collect the texts to translate and compile the translations (needs gettext)
	@for domain in django djangojs; do \
	  $(RUN) manage.py makemessages --locale zh_Hans --domain $$domain --no-obsolete --no-wrap --add-location file \
	    --ignore '.venv/*' --ignore 'var/*' && \
	  msgattrib --clear-fuzzy --clear-previous --empty --no-wrap -o $(MESSAGES)/$$domain.po $(MESSAGES)/$$domain.po && \
	  perl -pi -e 's/^("POT-Creation-Date: ).*/$${1}2026-11-01 00:00+0000\\n"/' $(MESSAGES)/$$domain.po && \
	  $(BIN)/pybabel --quiet compile --directory locale --domain $$domain --locale zh_Hans && \
	  msgattrib --untranslated --no-wrap $(MESSAGES)/$$domain.po || exit 1; \
	done
	@$(BIN)/pybabel --quiet compile --directory locale/borrowed --domain django --locale zh_Hans

clean: ## Remove the environment and all play data
	rm -rf $(VENV) var build
