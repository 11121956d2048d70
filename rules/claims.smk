rule claims:
    input:
        runs=claimed("runs", lambda name: [f"<results>/tables/{name}.parquet"]),
        curves=claimed("curves", lambda name: run_files(name, "curve.parquet")),
        baselines=claimed("baselines", baseline_files),
        surfaces=claimed("landscapes", lambda name: plane_files(name, "surface.parquet")),
        endpoints=claimed("landscapes", lambda name: plane_files(name, "endpoints.parquet")),
        spectra=claimed(
            "spectra", lambda name: [f"<results>/spectra/{name}.parquet"] if name in KEEP_WEIGHTS else []
        ),
        paths=claimed("paths", path_files),
        cnn=claimed("cnn", lambda name: [f"<results>/tables/{name}.parquet"]),
        start=theory_if_any("start"),
        step=theory_if_any("step"),
        limit=theory_if_any("limit"),
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
        "<logs>/claims.log",
    conda:
        "../envs/environment.yaml"
    params:
        code=digest("judge_claims.py"),
    script:
        "../scripts/judge_claims.py"
