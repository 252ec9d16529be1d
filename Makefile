# One virtual environment, .venv, with everything that every target needs. No other set-up.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: install demo test lab lint bench notebooks clean
install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "obslib needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all]'
	touch $@

demo: $(STAMP)  ## synthetic platform -> store -> every notebook executed -> exports/index.html
	$(BIN)/obslib demo

test: $(STAMP)  ## every test that this machine can run; prints how many live tests could not
	$(BIN)/python -m pytest -n 2 --dist loadfile

lab: $(STAMP)  ## JupyterLab on a copy of the notebooks
	$(BIN)/obslib lab

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

notebooks: $(STAMP)  ## store the notebooks' outputs anew, after a change that alters them on purpose
	$(BIN)/python -m tests.notebooks.refresh

bench: $(STAMP)  ## the measured promises; each prints its goal beside the figure
	$(BIN)/python -m benchmarks.import_budget
	$(BIN)/python -m benchmarks.frames
	$(BIN)/python -m benchmarks.crash
	$(BIN)/python -m benchmarks.demo
	$(BIN)/python -m benchmarks.promql
	$(BIN)/python -m benchmarks.store

clean:
	rm -rf .venv exports .pytest_cache .mypy_cache .ruff_cache
