"""When does a two-layer network train as its linearisation? The note's figures, from scratch."""

from snakemake.utils import min_version

min_version("9.27")


report: "docs/captions/start.rst"


include: "rules/common.smk"
include: "rules/cluster.smk"
include: "rules/driver.smk"
include: "rules/train.smk"
include: "rules/baselines.smk"
include: "rules/aggregate.smk"
include: "rules/landscape.smk"
include: "rules/neurons.smk"
include: "rules/spectra.smk"
include: "rules/theory.smk"
include: "rules/cnn.smk"
include: "rules/figures.smk"
include: "rules/claims.smk"
include: "rules/report.smk"


# Light: on a cluster these run where Snakemake does.
localrules:
    all,
    everything,
    landscapes,
    summarise_runs,
    claims,
    theory,
    cnn,
    summarise_cnn,
    plot_cnn,
    plot_experiment,
    plot_landscape,
    width,
    population,
    plot_step_size,
    neurons,
    plot_neurons,
    measure_spectra,
    spectral_bias,
    figure_1,
    figure_2,
    figure_3,
    figure_4,
    figure_5,
    figure_6,
    figure_7,
    interactive,


rule all:
    default_target: True
    input:
        [pictures_if_complete(figure) for figure in NUMBERED],


rule everything:
    input:
        rules.all.input,
        [] if CONFIG.theory is None else pictures_if_complete("theory"),
        [pictures_if_complete(name) for name in ("width", "population", "spectral_bias")],
        ["<results>/interactive.html"] if TURNED else [],
        "<results>/claims.md",
        [f"<results>/figures/{name}.{suffix}" for name in CONFIG.experiments for suffix in ("png", "pdf")],


rule landscapes:
    input:
        lambda wildcards: pictures("figure_2") + pictures("figure_6"),
