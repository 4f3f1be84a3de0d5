# Each target makes the environment first, if it is not there or the requirements have changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000

.PHONY: help book serve test lint outputs benchmarks clean

help:
	@echo "make book        execute every notebook, build the site into _build/html"
	@echo "make serve       look at it on http://localhost:$(PORT)"
	@echo "make test        run everything: unit and property tests, every notebook, the site"
	@echo "make lint        ruff, codespell, mypy, nbstripout, on all files"
	@echo "make outputs     execute the notebooks; write anew the numbers in the text and stored outputs"
	@echo "make benchmarks  the speed table of the README (needs torch, which it installs apart)"
	@echo "make clean       remove what was built"

$(VENV)/installed: requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

book: $(VENV)/installed
	$(BIN)/jupyter-book build . --warningiserror --nitpick --keep-going
	@echo "Built _build/html. To look at it: make serve"

serve:
	@test -d _build/html || (echo "Nothing is built yet: run 'make book' first" && exit 1)
	@echo "http://localhost:$(PORT)  (stop with Ctrl+C)"
	@$(PYTHON) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

test: $(VENV)/installed
	$(BIN)/python -m pytest

lint: $(VENV)/installed
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pre-commit run --all-files

outputs: $(VENV)/installed
	PYTHONPATH=book/_ext $(BIN)/python -m book_text book/*.ipynb
	$(BIN)/jupyter nbconvert --to notebook --inplace \
	  --CoalesceStreamsPreprocessor.enabled=True book/*.ipynb
	$(BIN)/nbstripout --keep-id --keep-count --extra-keys metadata.language_info book/*.ipynb

benchmarks: $(VENV)/installed
	$(BIN)/python tests/benchmarks/run.py

clean:
	rm -rf _build
