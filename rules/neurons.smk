def plane_settings(wildcards):
    """What the students of an experiment in the plane share."""
    experiment = IN_THE_PLANE[wildcards.experiment]
    if int(wildcards.seed) not in experiment.seeds:
        raise WorkflowError(f"{wildcards.experiment}/seed~{wildcards.seed} is not configured")
    sizes = {name: getattr(experiment, name) for name in ("n_train", "n_test", "teacher_neurons")}
    shared = {name: getattr(experiment, name) for name in ("m", "step_size", "iterations")}
    return shared | {"taus": experiment.tau, "sizes": sizes}


rule train_neurons:
    output:
        "<results>/neurons/{experiment}/seed~{seed}.parquet",
    log:
        "<logs>/train_neurons/{experiment}/seed~{seed}.log",
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
        lambda wildcards: over_seeds("neurons", wildcards.experiment),
    output:
        png=report(
            "<results>/figures/{experiment}.png",
            caption="../docs/captions/neurons.rst",
            category=catalogue.BEYOND,
            labels={"figure": "4 Paths of neurons in the plane"},
        ),
        pdf="<results>/figures/{experiment}.pdf",
        gif=report(
            "<results>/figures/{experiment}.gif",
            caption="../docs/captions/neurons.rst",
            category=catalogue.BEYOND,
            labels={"figure": "4 Paths of neurons, moving (a file to keep)"},
        ),
    log:
        "<logs>/plot_neurons/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(IN_THE_PLANE),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_neurons.py"),
    script:
        "../scripts/plot_neurons.py"


rule neurons:
    input:
        [f"<results>/figures/{name}.{suffix}" for name in IN_THE_PLANE for suffix in ("png", "pdf", "gif")],
    localrule: True
