rule figure_1:
    input:
        curves=curves("figure_1"),
        runs=tables("figure_1"),
    output:
        png=shown("<results>/figures/figure_1.png", 1),
        pdf="<results>/figures/figure_1.pdf",
    log:
        "<logs>/figures/figure_1.log",
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_figure_1.py"),
    script:
        "../scripts/plot_figure_1.py"


rule figure_2:
    input:
        surfaces=landscapes_of("figure_2", "surface.parquet"),
    output:
        png=shown("<results>/figures/figure_2.png", 2),
        pdf="<results>/figures/figure_2.pdf",
    log:
        "<logs>/figures/figure_2.log",
    conda:
        "../envs/environment.yaml"
    params:
        widths=lambda wildcards: widths(experiments_of("figure_2")[0]),
        code=digest("plot_figure_2.py"),
    script:
        "../scripts/plot_figure_2.py"


rule plot_landscape:
    input:
        surface="<results>/landscapes/experiment={experiment}/m={m}/surface.parquet",
        endpoints="<results>/landscapes/experiment={experiment}/m={m}/endpoints.parquet",
    output:
        png=report(
            "<results>/figures/figure_2_{experiment}_m={m}.png",
            caption="../docs/captions/landscape.rst",
            category="3 Single landscapes of Figure 2",
            labels=landscape_labels,
        ),
        pdf="<results>/figures/figure_2_{experiment}_m={m}.pdf",
    log:
        "<logs>/figures/figure_2_{experiment}_m={m}.log",
    wildcard_constraints:
        experiment=one_of(catalogue.LANDSCAPES),
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_landscape.py"),
    script:
        "../scripts/plot_landscape.py"


rule figure_3:
    input:
        runs=tables("figure_3"),
        baselines=baselines("figure_3"),
    output:
        png=shown("<results>/figures/figure_3.png", 3),
        pdf="<results>/figures/figure_3.pdf",
    log:
        "<logs>/figures/figure_3.log",
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_figure_3.py"),
    script:
        "../scripts/plot_figure_3.py"


use rule figure_3 as figure_4 with:
    input:
        runs=tables("figure_4"),
        baselines=baselines("figure_4"),
    output:
        png=shown("<results>/figures/figure_4.png", 4),
        pdf="<results>/figures/figure_4.pdf",
    log:
        "<logs>/figures/figure_4.log",


rule figure_5:
    input:
        summaries=summaries("figure_5"),
        runs=tables("figure_5"),
    output:
        png=shown("<results>/figures/figure_5.png", 5),
        pdf="<results>/figures/figure_5.pdf",
    log:
        "<logs>/figures/figure_5.log",
    conda:
        "../envs/environment.yaml"
    params:
        divide=CONFIG.figure_5.divide_by_alpha_squared,
        code=digest("plot_figure_5.py"),
    script:
        "../scripts/plot_figure_5.py"


rule figure_6:
    input:
        surfaces=landscapes_of("figure_6", "surface.parquet"),
        endpoints=landscapes_of("figure_6", "endpoints.parquet"),
    output:
        png=shown("<results>/figures/figure_6.png", 6),
        pdf="<results>/figures/figure_6.pdf",
    log:
        "<logs>/figures/figure_6.log",
    conda:
        "../envs/environment.yaml"
    params:
        widths=lambda wildcards: widths(experiments_of("figure_6")[0]),
        code=digest("plot_figure_6.py"),
    script:
        "../scripts/plot_figure_6.py"


rule figure_7:
    input:
        runs=tables("figure_7"),
    output:
        png=shown("<results>/figures/figure_7.png", 7),
        pdf="<results>/figures/figure_7.pdf",
    log:
        "<logs>/figures/figure_7.log",
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_figure_7.py"),
    script:
        "../scripts/plot_figure_7.py"


rule interactive:
    input:
        surfaces=turned("figure_2", landscapes_of("figure_2", "surface.parquet")),
        endpoints=turned("figure_2", landscapes_of("figure_2", "endpoints.parquet")),
        summaries=turned("figure_5", summaries("figure_5")),
    output:
        report(
            "<results>/interactive.html",
            caption="../docs/captions/interactive.rst",
            category="2 Figures of the note",
            labels={"figure": "Figures 2, 5 and 6, to turn"},
        ),
    log:
        "<logs>/interactive.log",
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_interactive.py"),
    script:
        "../scripts/plot_interactive.py"


rule width:
    input:
        runs=tables("width"),
    output:
        png=beyond("width", "1 Width (§4.5)"),
        pdf="<results>/figures/width.pdf",
    log:
        "<logs>/figures/width.log",
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_width.py"),
    script:
        "../scripts/plot_width.py"


rule population:
    input:
        runs=tables("population"),
        baselines=lambda wildcards: baseline_files("underparameterized"),
    output:
        png=beyond("population", "2 Population loss, and m ≪ d (§4.6)"),
        pdf="<results>/figures/population.pdf",
    log:
        "<logs>/figures/population.log",
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_population.py"),
    script:
        "../scripts/plot_population.py"


rule plot_step_size:
    input:
        summary="<results>/summary/step_size.parquet",
        baselines=baselines("step_size"),
    output:
        png=beyond("step_size", "3 Step sizes (§5.1)"),
        pdf="<results>/figures/step_size.pdf",
    log:
        "<logs>/figures/step_size.log",
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_step_size.py"),
    script:
        "../scripts/plot_step_size.py"


rule plot_experiment:
    input:
        "<results>/summary/{experiment}.parquet",
    output:
        png=report(
            "<results>/figures/{experiment}.png",
            caption="../docs/captions/experiment.rst",
            category="6 Single experiments",
            labels={"experiment": "{experiment}"},
        ),
        pdf="<results>/figures/{experiment}.pdf",
    log:
        "<logs>/figures/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(name for name in CONFIG.sweeps if name not in catalogue.FIGURES),
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_experiment.py"),
    script:
        "../scripts/plot_experiment.py"


for name in CONFIG.experiments:

    rule:
        name:
            name
        input:
            f"<results>/figures/{name}.png",
            f"<results>/figures/{name}.pdf",
        localrule: True
