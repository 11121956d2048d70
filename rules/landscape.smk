rule landscape:
    input:
        weights=lambda wildcards: [
            f"<results>/runs/{run.path}/weights.npz" for run in landscape_runs(wildcards)
        ],
    output:
        surface="<results>/landscapes/experiment={experiment}/<scales>/surface.parquet",
        endpoints="<results>/landscapes/experiment={experiment}/<scales>/endpoints.parquet",
    log:
        "<logs>/landscape/experiment={experiment}/<scales>.log",
    wildcard_constraints:
        experiment=one_of(experiments.LANDSCAPES),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=1000,
    params:
        runs=lambda wildcards: [run._asdict() for run in landscape_runs(wildcards)],
        group=landscape_group,
        problem=landscape_problem,
        grid=CONFIG.landscape.grid,
        extent=CONFIG.landscape.extent,
        code=digest("landscape.py"),
    script:
        "../scripts/landscape.py"
