def end_points(folder, suffix="parquet"):
    """A file of every student on a landscape: the experiment's own, and the other scaling's at its m."""
    names = [name for name in catalogue.LANDSCAPES if name in CONFIG.experiments]

    def files(wildcards):
        paths = [
            (name, path)
            for name in names
            for path, runs in CONFIG.batches[name].items()
            if any(run.m == int(wildcards.m) for run in runs)
        ]
        return [f"<results>/{folder}/{name}/{path}.{suffix}" for name, path in paths]

    return files


rule measure_landscape:
    input:
        runs=end_points("runs"),
        weights=end_points("weights", "npz"),
    output:
        surface="<results>/surfaces/{experiment}/m~{m}.parquet",
        endpoints="<results>/endpoints/{experiment}/m~{m}.parquet",
    log:
        "<logs>/measure_landscape/{experiment}/m~{m}.log",
    wildcard_constraints:
        experiment=one_of(catalogue.LANDSCAPES),
    conda:
        "../envs/environment.yaml"
    resources:
        mem_mb=1000,
    params:
        run=lambda wildcards: runs_at(**wildcards)[0]._asdict(),
        problem=lambda wildcards: CONFIG.settings(runs_at(**wildcards)[:1])["problem"],
        landscape=CONFIG.landscape.model_dump(),
        code=digest("measure_landscape.py"),
    script:
        "../scripts/measure_landscape.py"


def landscape_labels(wildcards):
    """Rows by m, so that they are in order as text too, and a switch for the scaling."""
    return {"m": wildcards.m.rjust(4, "\u00a0"), "scaling": catalogue.LANDSCAPES[wildcards.experiment]}


rule plot_landscape:
    input:
        surface="<results>/surfaces/{experiment}/m~{m}.parquet",
        endpoints="<results>/endpoints/{experiment}/m~{m}.parquet",
    output:
        png=report(
            "<results>/figures/figure_2_{experiment}_m={m}.png",
            caption="../docs/captions/landscape.rst",
            category="3 Single landscapes of Figure 2",
            labels=landscape_labels,
        ),
        pdf="<results>/figures/figure_2_{experiment}_m={m}.pdf",
    log:
        "<logs>/plot_landscape/{experiment}/m~{m}.log",
    wildcard_constraints:
        experiment=one_of(catalogue.LANDSCAPES),
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("plot_landscape.py"),
    script:
        "../scripts/plot_landscape.py"


rule landscapes:
    input:
        lambda wildcards: pictures("figure_2") + pictures("figure_6"),
    localrule: True
