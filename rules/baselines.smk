rule measure_baselines:
    output:
        "<results>/baselines/experiment={experiment}/m={m}/seed={seed}.parquet",
    log:
        "<logs>/baselines/experiment={experiment}/m={m}/seed={seed}.log",
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=1000,
    params:
        runs=lambda wildcards: [run._asdict() for run in runs_at(**wildcards)],
        settings=baseline_settings,
        code=digest("measure_baselines.py"),
    script:
        "../scripts/measure_baselines.py"
