rule measure_landscape:
    input:
        runs=INPUTS.end_points("runs"),
        weights=INPUTS.end_points("weights", "npz"),
    output:
        surface="<results>/surfaces/{experiment}/m~{m}.parquet",
        endpoints="<results>/endpoints/{experiment}/m~{m}.parquet",
        aligned_surface="<results>/aligned_surfaces/{experiment}/m~{m}.parquet",
        aligned_endpoints="<results>/aligned_endpoints/{experiment}/m~{m}.parquet",
    log:
        "<logs>/measure_landscape/{experiment}/m~{m}.log",
    wildcard_constraints:
        experiment=one_of(names.LANDSCAPES),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=lambda wildcards, input, attempt: attempt
        * memory.landscape(CONFIG.job(INPUTS.at(wildcards)[:1]), len(input.runs), CONFIG.landscape),
    params:
        run=lambda wildcards: INPUTS.at(wildcards)[0]._asdict(),
        problem=lambda wildcards: CONFIG.job(INPUTS.at(wildcards)[:1]).problem._asdict(),
        landscape=CONFIG.landscape.model_dump(),
        settings=settings_of(*names.LANDSCAPES, sections=("landscape",)),
        code=digest("measure_landscape.py"),
    script:
        "../scripts/measure_landscape.py"


rule plot_landscape:
    input:
        surface=rules.measure_landscape.output.surface,
        endpoints=rules.measure_landscape.output.endpoints,
    output:
        png=report(
            "<results>/figures/figure_2_{experiment}_m={m}.png",
            caption="../docs/captions/landscape.rst",
            category="3 Single landscapes of Figure 2",
            # Rows by m, so that they are in order as text too, and a switch for the scaling.
            labels=lambda wildcards: {
                "m": wildcards.m.rjust(4, "\u00a0"),
                "scaling": names.scaling(wildcards.experiment),
            },
        ),
        pdf=report("<results>/figures/figure_2_{experiment}_m={m}.pdf", category=catalogue.KEPT),
    log:
        "<logs>/plot_landscape/{experiment}/m~{m}.log",
    wildcard_constraints:
        experiment=one_of(names.LANDSCAPES),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        settings=settings_of(*names.LANDSCAPES, sections=("landscape",)),
        code=digest("plot_landscape.py"),
    script:
        "../scripts/plot_landscape.py"


rule landscapes:
    input:
        INPUTS.target("figure_2", "figure_6"),
    localrule: True
