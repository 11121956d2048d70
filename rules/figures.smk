for name, figure in catalogue.FIGURES.items():

    rule:
        name:
            f"plot_{name}"
        input:
            **INPUTS.read_by(name),
        output:
            png=report(
                f"<results>/figures/{name}.png",
                caption=f"../docs/captions/{name}.rst",
                category=figure.category,
                labels={"figure": figure.label},
            ),
            pdf=report(f"<results>/figures/{name}.pdf", category=catalogue.KEPT),
        log:
            f"<logs>/plot_{name}.log",
        localrule: True
        conda:
            "../envs/environment.yaml"
        params:
            **INPUTS.settings_of(name),
            settings=settings_of(*figure.experiments, sections=INPUTS.sections(name)),
            script=figure.script or f"plot_{name}",
            code=digest(f"{figure.script or f'plot_{name}'}.py"),
        script:  # a variable of the loop would have its last value here, once jobs run
            "../scripts/{params.script}.py"


for name in [name for name in catalogue.FIGURES if name not in CONFIG.experiments]:

    rule:
        name:
            name
        input:
            INPUTS.target(name),
        localrule: True


for name in CONFIG.experiments:

    rule:
        name:
            name
        input:
            f"<results>/figures/{name}.png",
            f"<results>/figures/{name}.pdf",
        localrule: True


rule plot_experiment:
    input:
        summary=rules.summarise_runs.output.summary,
        runs=rules.summarise_runs.output.runs,
    output:
        png=report(
            "<results>/figures/{experiment}.png",
            caption="../docs/captions/experiment.rst",
            category="6 Single experiments",
            labels={"experiment": "{experiment}"},
        ),
        pdf=report("<results>/figures/{experiment}.pdf", category=catalogue.KEPT),
    log:
        "<logs>/plot_experiment/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(name for name in CONFIG.sweeps if name not in catalogue.FIGURES),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        settings=settings_of(),
        code=digest("plot_experiment.py"),
    script:
        "../scripts/plot_experiment.py"


rule plot_interactive:
    input:
        surfaces=INPUTS.read_by_turned("figure_6", "surfaces"),
        endpoints=INPUTS.read_by_turned("figure_6", "endpoints"),
        summaries=INPUTS.read_by_turned("figure_5", "summaries"),
        planes=[f"<results>/summary/{name}.parquet" for name in PLANES],
    output:
        report(
            "<results>/interactive.html",
            caption="../docs/captions/interactive.rst",
            category=catalogue.NOTE,
            labels={"figure": "Figures 2, 5 and 6, and phase diagrams, to turn"},
        ),
    log:
        "<logs>/plot_interactive.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        settings=settings_of(
            *(name for figure in TURNED for name in catalogue.FIGURES[figure].experiments),
            *PLANES,
            sections=("landscape",),
        ),
        code=digest("plot_interactive.py"),
    script:
        "../scripts/plot_interactive.py"


rule interactive:
    input:
        "<results>/interactive.html",
    localrule: True
