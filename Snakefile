"""When does a two-layer network train as its linearisation? The note's figures, from scratch."""

import sys

from snakemake import __version__
from snakemake.utils import min_version

min_version("9.27")
if int(__version__.split(".")[0]) > 9:  # lazytraining.workflow.internals says what may have changed
    sys.exit(f"Snakemake {__version__} is not allowed; expected 9.27 or newer, below 10")


report: "docs/captions/start.rst"


include: "rules/common.smk"
include: "rules/cluster.smk"
include: "rules/driver.smk"
include: "rules/train.smk"
include: "rules/baselines.smk"
include: "rules/landscape.smk"
include: "rules/neurons.smk"
include: "rules/spectra.smk"
include: "rules/theory.smk"
include: "rules/models.smk"
include: "rules/phase.smk"
include: "rules/figures.smk"
include: "rules/claims.smk"
include: "rules/report.smk"


rule all:
    default_target: True
    input:
        INPUTS.pictures_of(catalogue.NUMBERED),
    localrule: True


# What `make` asks for: every figure with a name of its own, and the ledger.
rule reported:
    input:
        INPUTS.pictures_of(catalogue.FIGURES),
        rules.neurons.input,
        INPUTS.drawn(PLANES),
        INPUTS.of_models() if MODELS else [],
        INPUTS.interactive(),
        rules.claims.input,
    localrule: True


rule everything:
    input:
        rules.reported.input,
        INPUTS.drawn(CONFIG.experiments),
    localrule: True
