rule prepare_images:
    output:
        "{folder}/{dataset}.npz",
    log:
        "<logs>/images/{folder}/{dataset}.log",
    wildcard_constraints:
        folder=one_of(re.escape(cnn.data_dir) for cnn in CNNS.values()),
        dataset="digits|cifar10",
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=3000,
    params:
        code=digest("prepare_images.py"),
    script:
        "../scripts/prepare_images.py"


rule train_cnn:
    input:
        lambda wildcards: "{0.data_dir}/{0.dataset}.npz".format(CNNS[wildcards.experiment]),
    output:
        run="<results>/cnn/experiment={experiment}/<cnn_run>/run.parquet",
        curve="<results>/cnn/experiment={experiment}/<cnn_run>/curve.parquet",
    log:
        "<logs>/cnn/experiment={experiment}/<cnn_run>.log",
    wildcard_constraints:
        experiment=one_of(CNNS),
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=asks(cost.cnn_megabytes, lambda wildcards: [cnn_run_of(wildcards)]),
        runtime=asks(cost.cnn_minutes, lambda wildcards: [cnn_run_of(wildcards)]),
    params:
        job=lambda wildcards: CONFIG.job([cnn_run_of(wildcards)]).plain(),
        configuration=lambda wildcards: CONFIG.digest(wildcards.experiment),
        code=digest("train_cnn.py"),
    script:
        "../scripts/train_cnn.py"


rule summarise_cnn:
    input:
        lambda wildcards: [
            f"<results>/cnn/{run.path}/run.parquet" for run in CONFIG.runs[wildcards.experiment]
        ],
    output:
        summary="<results>/summary/{experiment}.parquet",
        runs="<results>/tables/{experiment}.parquet",
    log:
        "<logs>/aggregate/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(CNNS),
    conda:
        "../envs/environment.yaml"
    params:
        configuration=lambda wildcards: CONFIG.digest(wildcards.experiment),
        code=digest("summarise_cnn.py"),
    script:
        "../scripts/summarise_cnn.py"


rule plot_cnn:
    input:
        "<results>/tables/{experiment}.parquet",
    output:
        png=report(
            "<results>/figures/{experiment}.png",
            caption="../docs/captions/cnn.rst",
            category="5 Beyond the figures of the note",
            labels={"figure": "6 {experiment}: the CNN (§4, §5.3)"},
        ),
        pdf="<results>/figures/{experiment}.pdf",
    log:
        "<logs>/figures/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(CNNS),
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_cnn.py"),
    script:
        "../scripts/plot_cnn.py"


rule cnn:
    input:
        cnn_figures,
