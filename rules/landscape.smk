rule measure_landscape:
    input:
        runs=landscape_files("run.parquet"),
        weights=landscape_files("weights.npz"),
    output:
        surface="<results>/landscapes/experiment={experiment}/m={m}/surface.parquet",
        endpoints="<results>/landscapes/experiment={experiment}/m={m}/endpoints.parquet",
    log:
        "<logs>/landscape/experiment={experiment}/m={m}.log",
    wildcard_constraints:
        experiment=one_of(catalogue.LANDSCAPES),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=1000,
    params:
        run=lambda wildcards: runs_at(**wildcards)[0]._asdict(),
        problem=lambda wildcards: CONFIG.job(runs_at(**wildcards)[:1]).problem._asdict(),
        look=CONFIG.landscape.model_dump(),
        code=digest("measure_landscape.py"),
    script:
        "../scripts/measure_landscape.py"
