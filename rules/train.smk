from lazytraining.workflow import cost


def asks(measure):
    """What a job that trains these runs asks for, and as much again at each retry."""

    def needed(wildcards, attempt):
        chosen = batch_of(wildcards)
        return attempt * measure(chosen, CONFIG.settings(chosen))

    return needed


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
    threads: 1
    resources:
        mem_mb=asks(cost.megabytes),
        runtime=asks(cost.minutes),
    params:
        runs=lambda wildcards: [run._asdict() for run in batch_of(wildcards)],
        settings=lambda wildcards: CONFIG.settings(batch_of(wildcards)),
        configuration=lambda wildcards: CONFIG.digest(wildcards.experiment),
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
        runs=lambda wildcards: of_jobs("runs", wildcards.experiment),
        curves=lambda wildcards: of_jobs("curves", wildcards.experiment),
    output:
        summary="<results>/summary/{experiment}.parquet",
        runs="<results>/tables/{experiment}.parquet",
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
        code=digest("summarise_runs.py"),
    script:
        "../scripts/summarise_runs.py"
