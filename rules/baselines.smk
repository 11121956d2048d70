rule measure_baselines:
    output:
        "<results>/baselines/{experiment}/m~{m}/seed~{seed}.parquet",
    log:
        "<logs>/measure_baselines/{experiment}/m~{m}/seed~{seed}.log",
    wildcard_constraints:
        experiment=one_of(CONFIG.sweeps),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * memory.baselines(CONFIG.job(INPUTS.at(wildcards))),
    params:
        runs=lambda wildcards: [run._asdict() for run in INPUTS.at(wildcards)],
        problem=lambda wildcards: CONFIG.job(INPUTS.at(wildcards)).problem._asdict(),
        symmetrize=lambda wildcards: CONFIG.experiments[wildcards.experiment].symmetrize,
        iterations=lambda wildcards: CONFIG.experiments[wildcards.experiment].iterations,
        settings=settings_of(swept=False),
        code=digest("measure_baselines.py"),
    script:
        "../scripts/measure_baselines.py"
