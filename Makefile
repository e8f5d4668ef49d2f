# `make demo` and `make test` set up all they need by themselves: a uv, if the machine has none,
# and an environment from uv.lock. They need make, Python >= 3.11 and the package index.
SHELL := /bin/sh
PYTHON ?= python3
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
export UV_PYTHON_DOWNLOADS = never
# As pip does, which installs uv: a company's proxy may have a certificate that only the system knows.
export UV_SYSTEM_CERTS ?= true
RUN = $(UV) run --frozen --all-extras
LINT = $(RUN) --group bench --group lint
CONNECTORS = gainsight_api gainsight_command gainsight_singer tap_gainsight target_gainsight
BESIDE_THEM = gainsight_sandbox benchmarks examples faults scripts
# Passwords in the code: to bandit, `"secret": True` in a schema is one; ruff's S105 knows better.
BY_RUFF = B105
AUDITED = .audited.txt
FUZZED = chunk typed_chunk piece cell converted envelope where singer batch_file settings catalog state letters

.PHONY: demo test lint audit pytest slow format definitions docs screens bench faults faults-long fuzz examples clean

demo: .meltano-ready ## Take a sandbox tenant's objects out with Meltano, into CSV files
	@$(RUN) --group meltano python scripts/demo.py

test: lint pytest ## Lint, types, and all tests

lint: docs ## All checks but the tests; no network is needed once the packages are there
	$(LINT) ruff check
	$(LINT) ruff format --check
	$(LINT) mypy
	$(LINT) typos
	$(LINT) check-jsonschema --builtin-schema vendor.meltano meltano.yml examples/airflow/meltano.yml
	$(LINT) check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(LINT) check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(LINT) check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(LINT) check-jsonschema --builtin-schema vendor.github-issue-forms \
		$(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(LINT) bandit --quiet --recursive --skip $(BY_RUFF) $(CONNECTORS)
	$(LINT) bandit --quiet --recursive --configfile pyproject.toml $(BESIDE_THEM)
	$(LINT) zizmor --offline --quiet --persona auditor .github

audit: $(UV) ## Known weaknesses of the locked packages; it needs the network, and fails without
	$(UV) export --quiet --frozen --all-extras --all-groups --no-emit-project >$(AUDITED)
	$(UV) run --frozen --only-group audit \
		pip-audit --strict --require-hashes --disable-pip --requirement $(AUDITED)

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

screens: $(UV) ## The pictures in docs/pictures; those of the report's page need a Chromium
	$(RUN) python scripts/screens.py

bench: $(UV) .loaders/target-jsonl ## Measure the connectors beside other ways; benchmarks/README.md has a quicker way
	$(RUN) --group bench --group loaders python -m benchmarks $(BENCH)

faults: $(UV) ## Every fault in every phase of both connectors: docs/reliability.md; SAMPLE=20 runs some
	$(RUN) python -m faults $(if $(SAMPLE),--sample $(SAMPLE)) $(FAULTS)

examples: examples/airflow/.venv/ready ## Many tenants with Airflow: eight workers, three sandbox tenants
	@$(RUN) python examples/airflow/try_it.py

examples/airflow/.venv/ready: examples/airflow/requirements.txt examples/airflow/meltano.yml | $(UV)
	@echo "Setting up Airflow (half a gigabyte; the first time takes some minutes) ..."
	@$(UV) venv --quiet --clear --python $(PYTHON) $(@D)
	@$(UV) pip install --quiet --python $(@D) --requirement examples/airflow/requirements.txt
	@cd examples/airflow && PATH="$$PWD/.venv/bin:$$PATH" meltano install
	@touch $@

faults-long: $(UV) ## Kills at instants drawn by lot, and limits such as a full disk; KILLS=20 runs some
	$(RUN) python -m faults.limits
	$(RUN) python -m faults.kills $(if $(KILLS),--count $(KILLS))

fuzz: $(UV) ## Coverage-guided fuzzing of each reader for a minute; TARGET=chunk SECONDS=600 for one
	@for target in $(or $(TARGET),$(FUZZED)); do \
		$(RUN) --group fuzz python -m tests.fuzz $$target -max_total_time=$(or $(SECONDS),60) || exit 1; \
	done

clean:
	rm -rf .venv .uv .loaders $(AUDITED) .meltano site output rejects .mypy_cache .ruff_cache .pytest_cache
	cd examples/airflow && rm -rf .venv .meltano output

# A loader that needs older packages than singer-sdk does, in an environment of its own; without it,
# `make bench` leaves its rows out.
.loaders/target-jsonl: $(UV)
	$(UV) venv --quiet --clear $@
	$(UV) pip install --quiet --python $@ target-jsonl==0.1.4 || rm -rf $@

.PHONY: .meltano-ready
.meltano-ready: $(UV)
	@echo "Setting up (the first time takes a minute) ..."
	@$(UV) sync --quiet --frozen --all-extras --group meltano

.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet uv
