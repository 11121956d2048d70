from functools import partial


def lacking(name):
    """What a figure needs and the configuration leaves out."""
    figure = catalogue.FIGURES[name]
    kept = KEEP_WEIGHTS if "spectra" in figure.reads else CONFIG.experiments
    found = [f"the experiment {one}" for one in figure.experiments if one not in CONFIG.experiments]
    found += [f"{one} with keep_weights: true" for one in figure.experiments if one not in kept]
    return found + (["theory"] if figure.theory and CONFIG.theory is None else [])


def needed(name, files):
    """These files, where the configuration has all that the figure needs."""

    def found(wildcards):
        if found := lacking(name):
            raise WorkflowError(f"{name} needs {', '.join(found)}: the configuration leaves that out")
        return files()

    return found


def read_by(name):
    """What a figure reads, as inputs by the names of its data sets and of the parts of the theory."""
    figure = catalogue.FIGURES[name]

    def all_of(data):
        chosen = figure.reads[data] or figure.experiments
        return lambda: [path for one in chosen for path in DATA[data](one)]

    inputs = {data: needed(name, all_of(data)) for data in figure.reads}
    return inputs | {part: needed(name, partial(theory_files, part)) for part in figure.theory}


def pictures(name):
    """The files of a figure, with each landscape of Figure 2."""
    names = [name]
    if name == "figure_2":
        names += [f"{name}_{one}_m={m}" for one in catalogue.FIGURES[name].experiments for m in widths(one)]
    return [f"<results>/figures/{one}.{suffix}" for one in names for suffix in ("png", "pdf")]


def pictures_of(names):
    """The files of those of these figures of which the configuration has all."""
    return [path for name in names if not lacking(name) for path in pictures(name)]


for name, figure in catalogue.FIGURES.items():

    rule:
        name:
            f"plot_{name}"
        input:
            **read_by(name),
        output:
            png=report(
                f"<results>/figures/{name}.png",
                caption=f"../docs/captions/{name}.rst",
                category=figure.category,
                labels={"figure": figure.label},
            ),
            pdf=f"<results>/figures/{name}.pdf",
        log:
            f"<logs>/plot_{name}.log",
        localrule: True
        conda:
            "../envs/environment.yaml"
        params:
            **{key: needed(name, partial(setting, CONFIG)) for key, setting in figure.settings.items()},
            code=digest(f"{figure.script or f'plot_{name}'}.py"),
        script:
            f"../scripts/{figure.script or f'plot_{name}'}.py"


for name in [name for name in catalogue.FIGURES if name not in CONFIG.experiments]:

    rule:
        name:
            name
        input:
            needed(name, partial(pictures, name)),
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
        "<logs>/plot_experiment/{experiment}.log",
    wildcard_constraints:
        experiment=one_of(name for name in CONFIG.sweeps if name not in catalogue.FIGURES),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_experiment.py"),
    script:
        "../scripts/plot_experiment.py"


TURNED = [name for name in catalogue.TURNED if not lacking(name)]
"""Figures with an interactive version, of which the configuration has all."""


def turned(name, data):
    """What the interactive version of a figure reads, if it is there. Raises WorkflowError if there is none at all."""
    experiments_of = catalogue.FIGURES[name].experiments
    files = needed(name, lambda: [path for one in experiments_of for path in DATA[data](one)])
    return files if name in TURNED or not TURNED else []


rule plot_interactive:
    input:
        surfaces=turned("figure_2", "surfaces"),
        endpoints=turned("figure_2", "endpoints"),
        summaries=turned("figure_5", "summaries"),
    output:
        report(
            "<results>/interactive.html",
            caption="../docs/captions/interactive.rst",
            category=catalogue.NOTE,
            labels={"figure": "Figures 2, 5 and 6, to turn"},
        ),
    log:
        "<logs>/plot_interactive.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_interactive.py"),
    script:
        "../scripts/plot_interactive.py"


rule interactive:
    input:
        "<results>/interactive.html",
    localrule: True
