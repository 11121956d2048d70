rule summarise_runs:
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
        configuration=lambda wildcards: CONFIG.digest(wildcards.experiment),
        rows=lambda wildcards: len(CONFIG.runs[wildcards.experiment]),
        code=digest("summarise_runs.py"),
    script:
        "../scripts/summarise_runs.py"
