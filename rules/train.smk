rule train_students:
    output:
        run="<results>/runs/experiment={experiment}/<run>/run.parquet",
        curve="<results>/runs/experiment={experiment}/<run>/curve.parquet",
    log:
        "<logs>/train/experiment={experiment}/<run>.log",
    wildcard_constraints:
        experiment=one_of(name for name in CONFIG.sweeps if name not in KEEP_WEIGHTS),
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=asks(cost.megabytes, lambda wildcards: [run_of(wildcards)]),
        runtime=asks(cost.minutes, lambda wildcards: [run_of(wildcards)]),
    params:
        job=lambda wildcards: CONFIG.job([run_of(wildcards)]).plain(),
        configuration=lambda wildcards: CONFIG.digest(wildcards.experiment),
        code=digest("train_students.py"),
    script:
        "../scripts/train_students.py"


use rule train_students as train_students_keep_weights with:
    output:
        run="<results>/runs/experiment={experiment}/<run>/run.parquet",
        curve="<results>/runs/experiment={experiment}/<run>/curve.parquet",
        weights="<results>/runs/experiment={experiment}/<run>/weights.npz",
    wildcard_constraints:
        experiment=one_of(KEEP_WEIGHTS),


use rule train_students as train_stack with:
    output:
        run="<results>/stacks/experiment={experiment}/seed={seed}/run.parquet",
        curve="<results>/stacks/experiment={experiment}/seed={seed}/curve.parquet",
    log:
        "<logs>/stacks/experiment={experiment}/seed={seed}.log",
    resources:
        mem_mb=asks(cost.megabytes, stack_of),
        runtime=asks(cost.minutes, stack_of),
    params:
        job=lambda wildcards: CONFIG.job(stack_of(wildcards)).plain(),
        configuration=lambda wildcards: CONFIG.digest(wildcards.experiment),
        code=digest("train_students.py"),


use rule train_stack as train_stack_keep_weights with:
    output:
        run="<results>/stacks/experiment={experiment}/seed={seed}/run.parquet",
        curve="<results>/stacks/experiment={experiment}/seed={seed}/curve.parquet",
        weights="<results>/stacks/experiment={experiment}/seed={seed}/weights.npz",
    wildcard_constraints:
        experiment=one_of(KEEP_WEIGHTS),
