def claimed(data):
    """Files of one data set for the claims, of those experiments that the configuration has."""
    names = [name for name, read in catalogue.EVIDENCE.items() if data in read and name in CONFIG.experiments]
    return lambda wildcards: [path for name in names for path in DATA[data](name)]


rule judge_claims:
    input:
        **{data: claimed(data) for data in sorted(set().union(*catalogue.EVIDENCE.values()))},
        start=theory_files("start"),
        step=theory_files("step"),
        limit=theory_files("limit"),
    output:
        table="<results>/claims.parquet",
        text="<results>/claims.md",
        page=report(
            "<results>/claims.html",
            caption="../docs/captions/claims.rst",
            category="1 Claims",
            labels={"ledger": "Claims of the note"},
        ),
    log:
        "<logs>/judge_claims.log",
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("judge_claims.py"),
    script:
        "../scripts/judge_claims.py"


rule claims:
    input:
        rules.judge_claims.output,
    localrule: True
