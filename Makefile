# `make` draws Figures 1 to 7 and judges the claims (quick preset), `make test` runs the tests; README.md says the rest.
PYTHON ?= python3
CORES ?= all
RESULTS ?= results/quick
ENVIRONMENT := .venv/installed
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH"
SNAKEMAKE := $(RUN) snakemake --cores $(CORES)
TARGETS := all theory width population step_size neurons spectral_bias cnn interactive claims

.PHONY: figures environment report paper test test-reference compare reference precision bench bench-snakemake chaos pins audit lint format rulegraph schema clean

figures: $(ENVIRONMENT)
	$(SNAKEMAKE) --configfile config/quick.yaml -- $(TARGETS)
	@$(MAKE) --no-print-directory report

# The packages alone.
environment: $(ENVIRONMENT)

report: $(ENVIRONMENT)
	@$(RUN) snakemake --configfile config/quick.yaml --report results/quick/report.html -- $(TARGETS)
	@echo "Report, for any browser: $(CURDIR)/results/quick/report.html"

paper: $(ENVIRONMENT)
	$(SNAKEMAKE) -- $(TARGETS)
	@$(RUN) snakemake --report results/paper/report.html -- $(TARGETS)
	@echo "Report, for any browser: $(CURDIR)/results/paper/report.html"

test: $(ENVIRONMENT)
	$(RUN) pytest -n 2 --dist loadfile --no-loadscope-reorder

# Trains 24 runs of the paper's size and holds them against published values: about four minutes.
test-reference: $(ENVIRONMENT)
	$(RUN) pytest -m reference

# Averages, baselines and claims against docs/reference, in units of the spread over seeds.
compare: $(ENVIRONMENT)
	@$(RUN) python tools/compare.py $(RESULTS)

# Takes both presets' results for reference, and writes the numbers and verdicts of README.md and docs/findings.md anew from them.
reference: $(ENVIRONMENT)
	$(RUN) python tools/reference.py results/quick
	$(RUN) python tools/reference.py results/paper --figures
	$(RUN) python tools/plateaus.py docs/reference/paper
	$(RUN) python tools/findings.py

precision: $(ENVIRONMENT)
	@$(RUN) OMP_NUM_THREADS=1 python tools/precision.py
	@$(RUN) OMP_NUM_THREADS=1 python tools/precision_cnn.py

# The engine against its floor, a plain loop and JAX if installed; a job; the quick preset: under five minutes.
bench: $(ENVIRONMENT)
	@$(RUN) OMP_NUM_THREADS=1 python tools/bench.py

# What Snakemake itself spends on dry runs and jobs: some minutes more.
bench-snakemake: $(ENVIRONMENT)
	@$(RUN) python tools/bench_snakemake.py

# Twenty SIGKILLs in one run of the quick preset, against an undisturbed one: half an hour.
chaos: $(ENVIRONMENT)
	@$(RUN) OMP_NUM_THREADS=1 python tools/chaos.py

# After a change of envs/requirements.txt (and environment.yaml): installs that, and pins what comes with it.
pins:
	rm -rf .venv
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --disable-pip-version-check -r envs/requirements.txt
	(echo '# What requirements.txt brings with it, as it was tested; written by `make pins`.'; \
	  .venv/bin/python -m pip freeze --exclude setuptools | sed 's/+cpu$$//' | tr A-Z a-z | LC_ALL=C sort) > envs/constraints.txt
	@touch $(ENVIRONMENT)

# Known vulnerabilities of what is pinned. Needs PyPI's advisories, and pip-audit in an environment of its own.
audit: $(ENVIRONMENT)
	$(PYTHON) -m venv .venv/audit
	.venv/audit/bin/python -m pip install --disable-pip-version-check pip-audit==2.10.1
	.venv/audit/bin/pip-audit --strict --path $$(.venv/bin/python -c 'import site; print(site.getsitepackages()[0])')

lint: $(ENVIRONMENT)
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) snakefmt --check Snakefile rules
	$(RUN) codespell
	$(RUN) snakemake --lint

format: $(ENVIRONMENT)
	$(RUN) ruff check --fix .
	$(RUN) ruff format .
	$(RUN) snakefmt Snakefile rules

# Draws the rules into docs/architecture.md.
rulegraph: $(ENVIRONMENT)
	$(RUN) python tools/rulegraph.py

schema: $(ENVIRONMENT)
	$(RUN) python -m lazytraining.config.experiments > config/schema.json

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis

# Made once, and again when the pins change.
$(ENVIRONMENT): envs/requirements.txt envs/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0] + ": try make PYTHON=python3.11")'
	rm -rf .venv
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --disable-pip-version-check -r envs/requirements.txt -c envs/constraints.txt
	.venv/bin/python -m pip install --disable-pip-version-check --no-deps --editable .
	@touch $@
