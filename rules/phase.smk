rule train_phase:
    output:
        "<results>/phase_runs/{experiment}/m~{m}/seed~{seed}.parquet",
    log:
        "<logs>/train_phase/{experiment}/m~{m}/seed~{seed}.log",
    wildcard_constraints:
        experiment=one_of(PLANES),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * memory.phase(CONFIG.job(INPUTS.at(wildcards))),
        runtime=lambda wildcards, attempt: attempt * cost.phase_minutes(CONFIG.job(INPUTS.at(wildcards))),
    params:
        job=lambda wildcards: CONFIG.job(INPUTS.at(wildcards)),
        configuration=lambda wildcards: CONFIG.digest(wildcards.experiment),
        settings=settings_of(swept=False),
        code=digest("train_phase.py"),
    script:
        "../scripts/train_phase.py"


rule summarise_phase:
    input:
        lambda wildcards: INPUTS.of_jobs("phase_runs", wildcards.experiment),
    output:
        summary="<results>/summary/{experiment}.parquet",
        runs="<results>/tables/{experiment}.parquet",
        trained="<results>/trained/{experiment}.json",
    log:
        "<logs>/summarise_phase/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(PLANES),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        configuration=lambda wildcards: CONFIG.digest(wildcards.experiment),
        settings=settings_of(),
        code=digest("summarise_phase.py"),
    script:
        "../scripts/summarise_phase.py"


rule plot_phase:
    input:
        summary=rules.summarise_phase.output.summary,
    output:
        png=report(
            "<results>/figures/{experiment}.png",
            caption="../docs/captions/phase.rst",
            category=catalogue.BEYOND,
            labels={"figure": "7 {experiment}: the phase diagram"},
        ),
        pdf=report("<results>/figures/{experiment}.pdf", category=catalogue.KEPT),
    log:
        "<logs>/plot_phase/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(PLANES),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        lazy=lambda wildcards: PLANES[wildcards.experiment].lazy.model_dump(),
        n_train=lambda wildcards: PLANES[wildcards.experiment].n_train,
        settings=settings_of(),
        code=digest("plot_phase.py"),
    script:
        "../scripts/plot_phase.py"


rule phase:
    input:
        INPUTS.of_kind("phase", Phase),
    localrule: True
