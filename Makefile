# `make` alone lists the targets. Each makes the environment that it needs in .venv first, and
# again where the pinned requirements have changed.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
UV := uv==0.13.9

.PHONY: help book pdf serve check lint test outputs benchmarks pins clean

help:
	@echo "make book        execute every notebook, build the site into _build/html"
	@echo "make pdf         print the whole book into the site as one PDF (needs Chromium)"
	@echo "make serve       look at it on http://localhost:$(PORT), or on a free port"
	@echo "make check       in seconds: lint, types, the unit tests of the files that changed"
	@echo "make lint        ruff, codespell, mypy, nbstripout, on all files"
	@echo "make test        everything: unit and property tests, every notebook, the site"
	@echo "make outputs     execute the notebooks; write anew the numbers in the text and stored outputs"
	@echo "make benchmarks  the speed table of the README (needs torch, which it installs apart)"
	@echo "make pins        resolve pyproject.toml anew into the three pinned files"
	@echo "make clean       remove whatever make made, the environment $(VENV) too"
	@echo
	@echo "PYTHON=python3.13 names the interpreter of a new environment; make clean removes the old"

# 3.11 to 3.14: there the pinned files resolve, with wheels for every package.
fits = -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))"

# While an environment is being filled, the file `unfinished` lies in it. One that was interrupted,
# has no pip or lost its interpreter is made anew.
$(VENV)/%: requirements-%.txt pyproject.toml
	@if [ -e $(VENV)/unfinished ] || ! $(BIN)/python -m pip --version >/dev/null 2>&1 \
	    || ! $(BIN)/python $(fits) 2>/dev/null; then \
	  $(PYTHON) $(fits) 2>/dev/null || { \
	    echo "The book needs Python 3.11 to 3.14;" \
	      "$(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo 'not there')." >&2; \
	    echo "Name one that you have: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }; \
	  $(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); exit 1; }; \
	fi
	@touch $(VENV)/unfinished
	$(PIP) install --require-hashes --requirement $<
	$(PIP) install --no-deps --no-index --no-build-isolation --editable .
	@rm $(VENV)/unfinished
	@touch $@

book: $(VENV)/build
	$(BIN)/jupyter-book build . --warningiserror --nitpick --keep-going
	@echo "Built _build/html. To look at it: make serve"

pdf: book
	PYTHONPATH=book/_ext $(BIN)/python -m book_site.paper _build/html

serve:
	@$(PYTHON) book/_ext/serve.py _build/html $(PORT)

check: $(VENV)/test
	PATH="$(abspath $(BIN)):$$PATH" .ci/check

lint: $(VENV)/test
	PATH="$(abspath $(BIN)):$$PATH" pre-commit run --all-files

test: $(VENV)/test
	$(BIN)/python -m pytest --nbval-lax --numprocesses auto

outputs: $(VENV)/test
	PYTHONPATH=book/_ext $(BIN)/python -m book_text book/*.ipynb
	$(BIN)/jupyter nbconvert --to notebook --inplace \
	  --CoalesceStreamsPreprocessor.enabled=True book/*.ipynb
	$(BIN)/nbstripout --keep-id --keep-count --extra-keys metadata.language_info book/*.ipynb

benchmarks: $(VENV)/test
	$(BIN)/python tests/benchmarks/run.py

# Resolved once for the oldest patch release of the oldest Python, valid for all later ones; the
# two smaller sets take their versions from the largest. Delete the files first to renew all pins.
compile = _build/pins/bin/uv pip compile pyproject.toml --quiet --all-extras --generate-hashes \
  --universal --python-version 3.11.0 --fork-strategy fewest --custom-compile-command "make pins"
pins:
	$(PYTHON) -m venv _build/pins
	_build/pins/bin/python -m pip install --quiet --disable-pip-version-check $(UV)
	$(compile) --group test --output-file requirements-test.txt
	$(compile) --group build --constraints requirements-test.txt --output-file requirements-build.txt
	$(compile) --group read --constraints requirements-test.txt --output-file requirements.txt

clean:
	rm -rf _build dist $(VENV) .jupyterlite.doit.db *.egg-info .coverage
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .jupyter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -prune -exec rm -rf {} +
