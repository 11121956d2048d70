"""When does a two-layer network train as its linearisation? The note's figures, from scratch."""

from snakemake.utils import min_version

min_version("9.27")


include: "rules/common.smk"
include: "rules/train.smk"
include: "rules/baselines.smk"
include: "rules/aggregate.smk"
include: "rules/landscape.smk"
include: "rules/theory.smk"
include: "rules/figures.smk"
include: "rules/claims.smk"


localrules:
    all,
    everything,
    landscapes,


rule all:
    default_target: True
    input:
        [pictures(figure) for figure in NUMBERED if is_complete(figure)],


rule everything:
    input:
        rules.all.input,
        [] if CONFIG.theory is None or not is_complete("theory") else pictures("theory"),
        "<results>/claims.md",
        [f"<results>/figures/{name}.{suffix}" for name in CONFIG.experiments for suffix in ("png", "pdf")],


rule landscapes:
    input:
        lambda wildcards: pictures("figure_2") + pictures("figure_6"),
