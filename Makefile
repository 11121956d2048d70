# `make` draws Figures 1 to 7 and judges the claims (quick preset), `make test` runs the tests, `make help` lists the rest.
PYTHON ?= python3
CORES ?= all
PRESET ?= quick
RESULTS ?= results/$(PRESET)
SITE ?= public
# What is installed already, or the build for CPU.
TORCH ?= $(or $(patsubst .venv/torch-%,%,$(wildcard .venv/torch-*)),cpu)
ENVIRONMENT := .venv/torch-$(TORCH)
DEVELOPERS := .venv/developers
RUN := PATH="$(CURDIR)/.venv/bin:$$PATH"
SNAKEMAKE := $(RUN) snakemake --logger rich --cores $(CORES)
PYTEST := $(RUN) pytest -n 2 --dist loadfile --no-loadscope-reorder
TARGETS := reported
# The paper preset is what the others lie over.
CONFIGURED = $(if $(filter-out paper,$(PRESET)),--configfile config/$(PRESET).yaml) $(if $(EXECUTION),--config execution=$(EXECUTION))

.PHONY: figures help environment developers report publish paper test test-fast test-reference compare reference precision bench bench-snakemake chaos pins audit lint format rulegraph schema clean

figures: $(ENVIRONMENT) ## the quick preset's figures, claims and report; the default
	$(SNAKEMAKE) $(CONFIGURED) -- $(TARGETS)
	@$(MAKE) --no-print-directory report

help: ## these lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-17s %s\n", $$1, $$2 }' Makefile

environment: $(ENVIRONMENT) ## the packages alone, into .venv (TORCH=cuda: for a GPU)

developers: $(DEVELOPERS) ## the developers' packages too

report: $(ENVIRONMENT) ## the quick preset's report again
	@$(RUN) snakemake $(CONFIGURED) --report results/$(PRESET)/report.html -- $(TARGETS)
	@echo "Report, for any browser: $(CURDIR)/results/$(PRESET)/report.html"

publish: figures ## a static site: that report, the paper preset's ledger, the gallery, the findings (SITE=public PRESET=quick)
	@$(RUN) snakemake $(CONFIGURED) --report results/$(PRESET)/report.zip -- $(TARGETS)
	@$(RUN) python tools/publish.py results/$(PRESET)/report.zip $(SITE)
	@echo "Site, for any web server or browser: $(CURDIR)/$(SITE)/index.html"

paper: ## the paper preset and its report
	@$(MAKE) --no-print-directory figures PRESET=paper

test: $(DEVELOPERS) ## the whole test suite
	$(PYTEST)

test-fast: $(DEVELOPERS) ## the mathematics alone, without the checks of shapes: a minute and a half
	$(PYTEST) --jaxtyping-packages= -m 'not (workflow or cluster or browser or reference)'

test-reference: $(DEVELOPERS) ## runs of full size against an independent transcription: seven minutes
	$(RUN) pytest -m reference

compare: $(ENVIRONMENT) ## results against docs/reference, in units of the spread over seeds (RESULTS=results/quick)
	@$(RUN) python tools/compare.py $(RESULTS)

reference: $(ENVIRONMENT) ## takes both presets' results for reference, with the numbers of README.md and docs/findings.md
	$(RUN) python tools/reference.py results/quick
	$(RUN) python tools/reference.py results/paper --figures
	$(RUN) python tools/findings.py

precision: $(ENVIRONMENT) ## what rounding does at large tau
	@$(RUN) OMP_NUM_THREADS=1 python tools/precision.py
	@$(RUN) OMP_NUM_THREADS=1 python tools/precision_cnn.py

bench: $(ENVIRONMENT) ## training against its arithmetic, a job, the quick preset: ten minutes
	@$(RUN) OMP_NUM_THREADS=1 python tools/bench.py

bench-snakemake: $(ENVIRONMENT) ## what Snakemake itself spends on dry runs and jobs: some minutes
	@$(RUN) python tools/bench_snakemake.py

chaos: $(ENVIRONMENT) ## twenty SIGKILLs in the quick preset, and in each update of it, against undisturbed ones: an hour
	@$(RUN) OMP_NUM_THREADS=1 python tools/chaos.py

pins: ## after a change of envs/requirements.txt or dev.txt: installs them, and pins what comes with them
	rm -rf .venv
	echo '# What requirements.txt and dev.txt bring with them, as it was tested; written by `make pins`.' > envs/constraints.txt
	$(PYTHON) tools/environment.py --dev
	.venv/bin/python -m pip freeze --exclude setuptools --exclude-editable | sed 's/+cpu$$//' | tr A-Z a-z | LC_ALL=C sort >> envs/constraints.txt
	@touch $(ENVIRONMENT) $(DEVELOPERS)

audit: $(ENVIRONMENT) ## known vulnerabilities of what is pinned, by PyPI's advisories
	$(PYTHON) -m venv .venv/audit
	.venv/audit/bin/python -m pip install --disable-pip-version-check pip-audit==2.10.1
	.venv/audit/bin/pip-audit --strict --path $$(.venv/bin/python -c 'import site; print(site.getsitepackages()[0])')

lint: $(DEVELOPERS) ## checks code and workflow
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) snakefmt --check Snakefile rules
	$(RUN) codespell
	$(RUN) snakemake --lint

format: $(DEVELOPERS) ## puts code into shape
	$(RUN) ruff check --fix .
	$(RUN) ruff format .
	$(RUN) snakefmt Snakefile rules

rulegraph: $(ENVIRONMENT) ## draws the rules into docs/architecture.md
	$(RUN) python tools/rulegraph.py

schema: $(ENVIRONMENT) ## the configuration's JSON schema, for editors
	$(RUN) python -m lazytraining.config.experiments > config/schema.json

clean: ## removes the environment and caches, not results
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis

# Made once, gone on with if that failed half-way, and made anew when the pins change or another torch is asked for.
$(ENVIRONMENT): envs/requirements.txt envs/constraints.txt
	@$(if $(wildcard .venv/torch-*),rm -rf .venv)
	@$(PYTHON) tools/environment.py --torch $(TORCH)
	@touch $@

$(DEVELOPERS): envs/dev.txt $(ENVIRONMENT)
	@.venv/bin/python tools/environment.py --dev --torch $(TORCH)
	@touch $@
