rule measure_theory_start:
    output:
        "<results>/theory/start/seed~{seed}.parquet",
    log:
        "<logs>/measure_theory_start/seed~{seed}.log",
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * memory.theory_start(CONFIG.theory),
    params:
        problem=lambda wildcards: INPUTS.seeded(wildcards, CONFIG.theory, "theory").problem,
        m=lambda wildcards: CONFIG.theory.m,
        widths=lambda wildcards: CONFIG.theory.widths,
        tau=lambda wildcards: CONFIG.theory.tau,
        alpha=lambda wildcards: CONFIG.theory.alpha,
        settings=settings_of(sections=("theory",)),
        code=digest("measure_theory_start.py"),
    script:
        "../scripts/measure_theory_start.py"


rule measure_theory_step:
    output:
        "<results>/theory/step/seed~{seed}.parquet",
    log:
        "<logs>/measure_theory_step/seed~{seed}.log",
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * memory.theory_step(CONFIG.theory),
    params:
        problem=lambda wildcards: INPUTS.seeded(wildcards, CONFIG.theory, "theory").problem,
        m=lambda wildcards: CONFIG.theory.m,
        tau=lambda wildcards: CONFIG.theory.tau,
        alpha=lambda wildcards: CONFIG.theory.alpha,
        steps=lambda wildcards: CONFIG.theory.steps,
        settings=settings_of(sections=("theory",)),
        code=digest("measure_theory_step.py"),
    script:
        "../scripts/measure_theory_step.py"


rule measure_theory_limit:
    output:
        "<results>/theory/limit/seed~{seed}.parquet",
    log:
        "<logs>/measure_theory_limit/seed~{seed}.log",
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * memory.theory_limit(CONFIG.theory),
    params:
        problem=lambda wildcards: INPUTS.seeded(wildcards, CONFIG.theory, "theory").problem,
        m=lambda wildcards: CONFIG.theory.m,
        alpha=lambda wildcards: CONFIG.theory.alpha,
        step_size=lambda wildcards: CONFIG.theory.steps[1.0],
        iterations=lambda wildcards: CONFIG.theory.iterations,
        settings=settings_of(sections=("theory",)),
        code=digest("measure_theory_limit.py"),
    script:
        "../scripts/measure_theory_limit.py"


rule measure_theory_sample:
    output:
        "<results>/theory/sample/seed~{seed}.parquet",
    log:
        "<logs>/measure_theory_sample/seed~{seed}.log",
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: attempt * memory.theory_sample(CONFIG.theory),
    params:
        problem=lambda wildcards: INPUTS.seeded(wildcards, CONFIG.theory, "theory").problem,
        sample=lambda wildcards: INPUTS.given(CONFIG.theory.sample, "theory.sample").model_dump(),
        settings=settings_of(sections=("theory",)),
        code=digest("measure_theory_sample.py"),
    script:
        "../scripts/measure_theory_sample.py"
