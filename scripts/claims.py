"""The ledger: a verdict on each claim of the note, from what this preset has measured.

In: tables of runs, curves, baselines, landscapes, spectra, paths and the theory, of whatever the configuration has.
Out: claims.parquet, a row for each claim, and claims.md and claims.html, the same to read.
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from lazytraining import cnn, jobs, ledger, records, tables
from lazytraining.claims import CLAIMS

KINDS = {
    "runs": (records.RUN, "experiment"),
    "curves": (records.CURVE, "experiment"),
    "baselines": (tables.BASELINES, "experiment"),
    "surfaces": (tables.SURFACE, "experiment"),
    "endpoints": (tables.ENDPOINTS, "plane"),
    "spectra": (tables.SPECTRA, "experiment"),
    "paths": (tables.PATHS, "experiment"),
    "cnn": (cnn.RUN, "experiment"),
}
"""Schema of each kind of evidence, and the column that says which experiment it is of."""
THEORY = {"start": tables.THEORY_START, "step": tables.THEORY_STEP, "limit": tables.THEORY_LIMIT}


def load(paths: list[str], schema: pa.Schema) -> pd.DataFrame:
    return records.read(paths, schema).to_pandas()


def gather(inputs) -> ledger.Evidence:
    """All evidence, by experiment. `inputs` has a list of files for each kind; empty where there is none."""
    evidence = ledger.Evidence()
    for kind, (schema, column) in KINDS.items():
        if inputs[kind]:
            getattr(evidence, kind).update(dict(list(load(inputs[kind], schema).groupby(column))))
    for part, schema in THEORY.items():
        if inputs[part]:
            evidence.theory[part] = load(inputs[part], schema)
    return evidence


def main(snakemake) -> None:
    jobs.start(snakemake)
    evidence = gather({name: list(getattr(snakemake.input, name, [])) for name in (*KINDS, *THEORY)})
    rows = [ledger.entry(claim, evidence) for claim in CLAIMS]
    records.write(snakemake.output.table, rows, tables.CLAIMS)
    paths = list(getattr(snakemake.input, "runs", []))
    mixed = [Path(path).stem for path in paths if " " in records.run_code(path)]
    remark = ledger.diverged(evidence)
    if mixed:
        remark += f" Different code has made the runs of {', '.join(mixed)}."
    title = f"Claims of the note, by the runs in {Path(snakemake.output.table).parent}"
    for path, written in ((snakemake.output.text, ledger.markdown), (snakemake.output.page, ledger.page)):
        with records.replacing(path) as temporary:
            temporary.write_text(written(rows, title, remark))


if __name__ == "__main__":
    main(snakemake)
