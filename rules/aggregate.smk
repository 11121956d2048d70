rule aggregate:
    input:
        lambda wildcards: run_files(wildcards.experiment, "run.parquet"),
    output:
        summary="<results>/summary/{experiment}.parquet",
        runs="<results>/tables/{experiment}.parquet",
    log:
        "<logs>/aggregate/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(CONFIG.sweeps),
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("aggregate.py"),
    script:
        "../scripts/aggregate.py"
