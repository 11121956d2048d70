rule train_neurons:
    output:
        "<results>/neurons/experiment={experiment}/seed={seed}/paths.parquet",
    log:
        "<logs>/neurons/experiment={experiment}/seed={seed}.log",
    wildcard_constraints:
        experiment=one_of(IN_THE_PLANE),
    conda:
        "../envs/environment.yaml"
    params:
        settings=plane_settings,
        code=digest("train_neurons.py"),
    script:
        "../scripts/train_neurons.py"


rule plot_neurons:
    input:
        lambda wildcards: path_files(wildcards.experiment),
    output:
        png=report(
            "<results>/figures/{experiment}.png",
            caption="../docs/captions/neurons.rst",
            category="5 Beyond the figures of the note",
            labels={"figure": "4 Paths of neurons in the plane"},
        ),
        pdf="<results>/figures/{experiment}.pdf",
        gif=report(
            "<results>/figures/{experiment}.gif",
            caption="../docs/captions/neurons.rst",
            category="5 Beyond the figures of the note",
            labels={"figure": "4 Paths of neurons, moving (a file to keep)"},
        ),
    log:
        "<logs>/figures/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(IN_THE_PLANE),
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_neurons.py"),
    script:
        "../scripts/plot_neurons.py"


rule neurons:
    input:
        [f"<results>/figures/{name}.{suffix}" for name in IN_THE_PLANE for suffix in ("png", "pdf", "gif")],
