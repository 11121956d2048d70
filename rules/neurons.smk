from lazytraining.config.kinds import Neurons

IN_THE_PLANE = CONFIG.of_kind(Neurons)


rule train_neurons:
    output:
        "<results>/neurons/{experiment}/seed~{seed}.parquet",
    log:
        "<logs>/train_neurons/{experiment}/seed~{seed}.log",
    wildcard_constraints:
        experiment=one_of(IN_THE_PLANE),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * memory.neurons(IN_THE_PLANE[wildcards.experiment]),
        runtime=lambda wildcards, attempt: attempt * cost.neuron_minutes(IN_THE_PLANE[wildcards.experiment]),
    params:
        job=lambda wildcards: INPUTS.seeded(
            wildcards, IN_THE_PLANE[wildcards.experiment], wildcards.experiment
        ).job(CONFIG.runs[wildcards.experiment]),
        settings=settings_of(swept=False),
        code=digest("train_neurons.py"),
    script:
        "../scripts/train_neurons.py"


rule plot_neurons:
    input:
        lambda wildcards: INPUTS.over_seeds("neurons", wildcards.experiment),
    output:
        png=report(
            "<results>/figures/{experiment}.png",
            caption="../docs/captions/neurons.rst",
            category=catalogue.BEYOND,
            labels={"figure": "4 Paths of neurons in the plane"},
        ),
        pdf=report("<results>/figures/{experiment}.pdf", category=catalogue.KEPT),
        gif=report(
            "<results>/figures/{experiment}.gif",
            caption="../docs/captions/neurons.rst",
            category=catalogue.BEYOND,
            labels={"figure": "4 Paths of neurons, moving (a file to keep)"},
        ),
        trained="<results>/trained/{experiment}.json",
    log:
        "<logs>/plot_neurons/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(IN_THE_PLANE),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        settings=settings_of(),
        code=digest("plot_neurons.py"),
    script:
        "../scripts/plot_neurons.py"


rule neurons:
    input:
        INPUTS.drawn(IN_THE_PLANE, ("png", "pdf", "gif")),
    localrule: True
