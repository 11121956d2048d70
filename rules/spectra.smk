rule measure_spectra:
    input:
        runs=lambda wildcards: INPUTS.of_jobs("runs", wildcards.experiment),
        weights=lambda wildcards: INPUTS.of_jobs("weights", wildcards.experiment, "npz"),
    output:
        "<results>/spectra/{experiment}.parquet",
    log:
        "<logs>/measure_spectra/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(KEEP_WEIGHTS),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        problem=lambda wildcards: CONFIG.experiments[wildcards.experiment].problem,
        data_seed=lambda wildcards: CONFIG.experiments[wildcards.experiment].data_seed,
        settings=settings_of(),
        code=digest("measure_spectra.py"),
    script:
        "../scripts/measure_spectra.py"
