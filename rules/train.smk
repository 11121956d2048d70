rule train_students:
    output:
        run="<results>/runs/{experiment}/{run}.parquet",
        curve="<results>/curves/{experiment}/{run}.parquet",
    log:
        "<logs>/train_students/{experiment}/{run}.log",
    wildcard_constraints:
        experiment=one_of(name for name in CONFIG.sweeps if name not in KEEP_WEIGHTS),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * memory.students(job_of(wildcards)),
        runtime=lambda wildcards, attempt: attempt * cost.minutes(job_of(wildcards)),
    params:
        job=lambda wildcards: job_of(wildcards).plain(),
        configuration=lambda wildcards: CONFIG.digest(wildcards.experiment),
        settings=settings_of(swept=False),
        code=digest("train_students.py"),
    script:
        "../scripts/train_students.py"


use rule train_students as train_students_keep_weights with:
    output:
        run="<results>/runs/{experiment}/{run}.parquet",
        curve="<results>/curves/{experiment}/{run}.parquet",
        weights="<results>/weights/{experiment}/{run}.npz",
    wildcard_constraints:
        experiment=one_of(KEEP_WEIGHTS),


rule summarise_runs:
    input:
        runs=lambda wildcards: INPUTS.of_jobs("runs", wildcards.experiment),
        curves=lambda wildcards: INPUTS.of_jobs("curves", wildcards.experiment),
    output:
        summary="<results>/summary/{experiment}.parquet",
        runs="<results>/tables/{experiment}.parquet",
        trained="<results>/trained/{experiment}.json",
    log:
        "<logs>/summarise_runs/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(CONFIG.sweeps),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        configuration=lambda wildcards: CONFIG.digest(wildcards.experiment),
        rows=lambda wildcards: len(CONFIG.runs[wildcards.experiment]),
        iterations=lambda wildcards: CONFIG.experiments[wildcards.experiment].iterations,
        settings=settings_of(),
        code=digest("summarise_runs.py"),
    script:
        "../scripts/summarise_runs.py"
