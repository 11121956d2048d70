rule measure_baselines:
    output:
        "<results>/baselines/{experiment}/m~{m}/seed~{seed}.parquet",
    log:
        "<logs>/measure_baselines/{experiment}/m~{m}/seed~{seed}.log",
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=1000,
    params:
        runs=lambda wildcards: [run._asdict() for run in INPUTS.at(wildcards)],
        settings=lambda wildcards: {
            name: value
            for name, value in CONFIG.settings(INPUTS.at(wildcards)[:1]).items()
            if name in ("problem", "symmetrize", "iterations")
        },
        code=digest("measure_baselines.py"),
    script:
        "../scripts/measure_baselines.py"
