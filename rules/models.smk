# That runs the user's modules.
if internals.is_driver(workflow) and (problem := modules.problem(MODELS)):
    sys.exit(f"Configuration: {problem}")


rule train_model:
    input:
        lambda wildcards: list(MODELS[wildcards.experiment].sources),
    output:
        run="<results>/model_runs/{experiment}/{run}.parquet",
        curve="<results>/model_curves/{experiment}/{run}.parquet",
        layers="<results>/model_layers/{experiment}/{run}.parquet",
    log:
        "<logs>/train_model/{experiment}/{run}.log",
    wildcard_constraints:
        experiment=one_of(MODELS),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * asked_by_model(wildcards.experiment)[0],
        runtime=lambda wildcards, attempt: attempt * asked_by_model(wildcards.experiment)[1],
    params:
        job=lambda wildcards: job_of(wildcards).plain,
        configuration=lambda wildcards: CONFIG.digest(wildcards.experiment),
        settings=settings_of(swept=False),
        code=digest("train_model.py"),
    script:
        "../scripts/train_model.py"


rule summarise_models:
    input:
        runs=lambda wildcards: INPUTS.of_jobs("model_runs", wildcards.experiment),
        curves=lambda wildcards: INPUTS.of_jobs("model_curves", wildcards.experiment),
    output:
        summary="<results>/summary/{experiment}.parquet",
        runs="<results>/tables/{experiment}.parquet",
        trained="<results>/trained/{experiment}.json",
    log:
        "<logs>/summarise_models/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(MODELS),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        configuration=lambda wildcards: CONFIG.digest(wildcards.experiment),
        settings=settings_of(),
        code=digest("summarise_models.py"),
    script:
        "../scripts/summarise_models.py"


rule plot_model:
    input:
        runs=rules.summarise_models.output.runs,
        curves=lambda wildcards: INPUTS.of_jobs("model_curves", wildcards.experiment),
        layers=lambda wildcards: INPUTS.of_jobs("model_layers", wildcards.experiment),
    output:
        png=report(
            "<results>/figures/{experiment}.png",
            caption="../docs/captions/model.rst",
            category=catalogue.MODELS,
            labels={"figure": "{experiment}"},
        ),
        pdf=report("<results>/figures/{experiment}.pdf", category=catalogue.KEPT),
    log:
        "<logs>/plot_model/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(MODELS),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        settings=settings_of(),
        code=digest("plot_model.py"),
    script:
        "../scripts/plot_model.py"


rule plot_models:
    input:
        [f"<results>/tables/{name}.parquet" for name in MODELS],
    output:
        png=report(
            "<results>/figures/models.png",
            caption="../docs/captions/models.rst",
            category=catalogue.MODELS,
            labels={"figure": "All models"},
        ),
        pdf=report("<results>/figures/models.pdf", category=catalogue.KEPT),
    log:
        "<logs>/plot_models.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        settings=settings_of(*MODELS),
        code=digest("plot_models.py"),
    script:
        "../scripts/plot_models.py"


rule models:
    input:
        INPUTS.of_models(),
    localrule: True


rule cnn:
    input:
        INPUTS.of_cnns(),
    localrule: True
