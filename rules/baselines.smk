def baseline_settings(wildcards):
    """What the baselines of a seed are made with."""
    settings = CONFIG.settings(runs_at(**wildcards)[:1])
    return {name: settings[name] for name in ("problem", "symmetrize", "iterations")}


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
        runs=lambda wildcards: [run._asdict() for run in runs_at(**wildcards)],
        settings=baseline_settings,
        code=digest("measure_baselines.py"),
    script:
        "../scripts/measure_baselines.py"
