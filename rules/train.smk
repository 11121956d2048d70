rule train:
    output:
        run="<results>/runs/experiment={experiment}/<scales>/seed={seed}/run.parquet",
        curve="<results>/runs/experiment={experiment}/<scales>/seed={seed}/curve.parquet",
    log:
        "<logs>/train/experiment={experiment}/<scales>/seed={seed}.log",
    wildcard_constraints:
        experiment=one_of(name for name in CONFIG.experiments if name not in KEEP_WEIGHTS),
    conda:
        "../envs/environment.yaml"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        settings=settings,
        code=digest("train.py"),
    script:
        "../scripts/train.py"


use rule train as train_keep_weights with:
    output:
        run="<results>/runs/experiment={experiment}/<scales>/seed={seed}/run.parquet",
        curve="<results>/runs/experiment={experiment}/<scales>/seed={seed}/curve.parquet",
        weights="<results>/runs/experiment={experiment}/<scales>/seed={seed}/weights.npz",
    wildcard_constraints:
        experiment=one_of(KEEP_WEIGHTS),
