rule measure_spectra:
    input:
        runs=lambda wildcards: run_files(wildcards.experiment, "run.parquet"),
        weights=lambda wildcards: run_files(wildcards.experiment, "weights.npz"),
    output:
        "<results>/spectra/{experiment}.parquet",
    log:
        "<logs>/spectra/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(KEEP_WEIGHTS),
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("measure_spectra.py"),
    script:
        "../scripts/measure_spectra.py"


rule spectral_bias:
    input:
        of_figure("spectral_bias", lambda name: [f"<results>/spectra/{name}.parquet"]),
    output:
        png=beyond("spectral_bias", "5 Singular values of the hidden layer (§2)"),
        pdf="<results>/figures/spectral_bias.pdf",
    log:
        "<logs>/figures/spectral_bias.log",
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_spectral_bias.py"),
    script:
        "../scripts/plot_spectral_bias.py"
