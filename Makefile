# Two commands do everything on a machine with Python 3.11 or newer and make:
#   make run    simulates scenarios/smart-meters.yaml into out/smart-meters
#   make test   runs all checks
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: run test lint types tests bench verify docs site notebooks picture clean
.DELETE_ON_ERROR:

run: $(READY)
	$(BIN)/fleetsim run scenarios/smart-meters.yaml --out out/smart-meters --overwrite

test: lint types tests

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

tests: $(READY)
	$(BIN)/pytest -n 2

# The speed of the engines beside a plain SimPy script and others, in one run on the same cores; see docs/performance.md.
bench: $(READY)
	$(BIN)/python -m benchmarks

# Studies that are too long for every change: kills in mid-run, the oracle over many more random scenarios.
verify: $(READY)
	FLEETSIM_VERIFY=1 $(BIN)/pytest -n 2 -m verify

# The pages of reference, from the program.
docs: $(READY)
	$(BIN)/python -m docs.make_reference

# The pages as a site in build/site, which needs no network.
site: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# The notebooks, run again, with what they say.
notebooks: $(READY)
	$(BIN)/python notebooks/execute.py

# The pictures in README and docs.
picture: $(READY)
	$(BIN)/fleetsim run scenarios/smart-meters.yaml --out out/smart-meters --overwrite
	cp out/smart-meters/figures/overage_by_cause.png out/smart-meters/figures/sim_period.png docs/
	$(BIN)/fleetsim run docs/machines.yaml --out out/machines --overwrite
	cp out/machines/figures/blocked_over_time.png docs/who_falls_silent.png
	$(BIN)/python -m docs.making.curve

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[all]' -c constraints.txt
	touch $@

clean:
	rm -rf .venv out build *.egg-info .mypy_cache .ruff_cache .hypothesis
