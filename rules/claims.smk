import hashlib

# What another workflow imports stands alone: its ledger has no other beside it.
REFERENCE = [] if IMPORTED else [source("docs/reference/paper/claims.parquet")]
REFERENCE = [path for path in REFERENCE if path.is_file()]


rule judge_claims:
    input:
        **{data: INPUTS.claimed(data) for data in sorted(set().union(*catalogue.EVIDENCE.values()))},
        **{part: INPUTS.theory(part) for part in ("start", "step", "limit", "sample")},
        # By its content, a parameter: a fresh clone has newer files.
        reference=[ancient(str(path)) for path in REFERENCE],
    output:
        table="<results>/claims.parquet",
        text="<results>/claims.md",
        rows="<results>/claims.json",
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
        settings=settings_of(*catalogue.EVIDENCE, sections=("landscape", "theory")),
        code=digest("judge_claims.py"),
        reference=[hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in REFERENCE],
    script:
        "../scripts/judge_claims.py"


rule claims:
    input:
        rules.judge_claims.output,
    localrule: True
