# `make demo` and `make test` set up all they need by themselves: a uv, if the machine has none,
# and an environment from uv.lock. They need make, Python >= 3.11 and the package index.
SHELL := /bin/sh
PYTHON ?= python3
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
export UV_PYTHON_DOWNLOADS = never
RUN = $(UV) run --frozen --all-extras
LINT = $(RUN) --group bench --group lint

.PHONY: demo test lint pytest slow format definitions docs bench faults faults-long clean

demo: .meltano-ready ## Take a sandbox tenant's objects out with Meltano, into CSV files
	@$(RUN) --group meltano python scripts/demo.py

test: lint pytest ## Lint, types, and all tests

lint: $(UV) ## All checks but the tests; no network is needed once the packages are there
	$(LINT) ruff check
	$(LINT) ruff format --check
	$(LINT) mypy
	$(LINT) typos
	$(LINT) check-jsonschema --builtin-schema vendor.meltano meltano.yml
	$(LINT) check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(LINT) check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(LINT) check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(LINT) check-jsonschema --builtin-schema vendor.github-issue-forms \
		$(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(LINT) zizmor --offline --quiet .github

pytest: $(UV)
	$(RUN) --group loaders --group meltano pytest -n 2 --dist loadfile

slow: $(UV) ## The longer tests: property tests, and what the documents tell users to type
	$(RUN) --group loaders --group meltano pytest -n 2 --dist loadfile -m slow

format: $(UV)
	$(RUN) ruff check --fix
	$(RUN) ruff format

definitions: $(UV) ## Write what the settings say elsewhere, too: hub/, meltano.yml, docs' tables
	$(RUN) python scripts/definitions.py

docs: $(UV) ## The documents as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(RUN) --group docs mkdocs build --strict

bench: $(UV) ## Measure the connectors beside other ways; benchmarks/README.md has a quicker way
	$(RUN) --group bench python -m benchmarks $(BENCH)

faults: $(UV) ## Every fault in every phase of both connectors: docs/reliability.md; SAMPLE=20 runs some
	$(RUN) python -m faults $(if $(SAMPLE),--sample $(SAMPLE)) $(FAULTS)

faults-long: $(UV) ## Kills at instants drawn by lot, and limits such as a full disk; KILLS=20 runs some
	$(RUN) python -m faults.limits
	$(RUN) python -m faults.kills $(if $(KILLS),--count $(KILLS))

clean:
	rm -rf .venv .uv .meltano site output rejects .mypy_cache .ruff_cache .pytest_cache

.PHONY: .meltano-ready
.meltano-ready: $(UV)
	@echo "Setting up (the first time takes a minute) ..."
	@$(UV) sync --quiet --frozen --all-extras --group meltano

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet uv
