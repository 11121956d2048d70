rule prepare_images:
    output:
        "{folder}/{dataset}.npz",
    log:
        "<logs>/prepare_images/{folder}/{dataset}.log",
    wildcard_constraints:
        folder=one_of(re.escape(cnn.data_dir) for cnn in CNNS.values()),
        dataset="digits|cifar10",
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * memory.images(wildcards.dataset),
    params:
        code=digest("prepare_images.py"),
    script:
        "../scripts/prepare_images.py"


rule train_cnn:
    input:
        lambda wildcards: "{0.data_dir}/{0.dataset}.npz".format(CNNS[wildcards.experiment]),
    output:
        run="<results>/cnn_runs/{experiment}/{run}.parquet",
        curve="<results>/cnn_curves/{experiment}/{run}.parquet",
    log:
        "<logs>/train_cnn/{experiment}/{run}.log",
    wildcard_constraints:
        experiment=one_of(CNNS),
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * memory.cnn(job_of(wildcards)),
        runtime=lambda wildcards, attempt: attempt * cost.cnn_minutes(job_of(wildcards)),
    params:
        job=lambda wildcards: job_of(wildcards).plain(),
        configuration=lambda wildcards: CONFIG.digest(wildcards.experiment),
        settings=settings_of(swept=False),
        code=digest("train_cnn.py"),
    script:
        "../scripts/train_cnn.py"


rule summarise_cnn:
    input:
        runs=lambda wildcards: INPUTS.of_jobs("cnn_runs", wildcards.experiment),
        curves=lambda wildcards: INPUTS.of_jobs("cnn_curves", wildcards.experiment),
    output:
        summary="<results>/summary/{experiment}.parquet",
        runs="<results>/tables/{experiment}.parquet",
        trained="<results>/trained/{experiment}.json",
    log:
        "<logs>/summarise_cnn/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(CNNS),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        configuration=lambda wildcards: CONFIG.digest(wildcards.experiment),
        settings=settings_of(),
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
            category=catalogue.BEYOND,
            labels={"figure": "6 {experiment}: the CNN (§4, §5.3)"},
        ),
        pdf=report("<results>/figures/{experiment}.pdf", category=catalogue.KEPT),
    log:
        "<logs>/plot_cnn/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(CNNS),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        settings=settings_of(),
        code=digest("plot_cnn.py"),
    script:
        "../scripts/plot_cnn.py"


rule cnn:
    input:
        INPUTS.of_kind("cnn", Cnn),
    localrule: True
