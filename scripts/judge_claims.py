"""The ledger: a verdict on each claim of the note, from what this preset has measured.

In: tables of runs, curves, baselines, landscapes, spectra, paths and the theory, of whatever the configuration has; and the paper
preset's ledger, if it is here.
Out: claims.parquet, a row for each claim; claims.md and claims.html, the same to read; and claims.json for the report. The last two
have the paper preset's verdicts beside.
"""

import json
import math
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lazytraining.claims import pages, verdict
from lazytraining.claims.ledger import CLAIMS
from lazytraining.files import parquet, schemas, whole
from lazytraining.models import tables
from lazytraining.workflow import jobs

KINDS = {
    "runs": (schemas.RUN, "experiment"),
    "curves": (schemas.CURVE, "experiment"),
    "baselines": (schemas.BASELINES, "experiment"),
    "surfaces": (schemas.SURFACE, "experiment"),
    "endpoints": (schemas.ENDPOINTS, "plane"),
    "spectra": (schemas.SPECTRA, "experiment"),
    "paths": (schemas.PATHS, "experiment"),
    "models": (tables.RUN, "experiment"),
    "model_curves": (tables.CURVE, "experiment"),
    "phase": (schemas.PHASE, "experiment"),
}
"""Schema of each kind of evidence, and the column that says which experiment it is of."""
THEORY = {
    "start": schemas.THEORY_START,
    "step": schemas.THEORY_STEP,
    "limit": schemas.THEORY_LIMIT,
    "sample": schemas.THEORY_SAMPLE,
}
TITLE = "Claims of the note, by the runs in {}"


def load(paths: list[str], schema: pa.Schema) -> pd.DataFrame:
    return parquet.read(paths, schema).to_pandas()


def gather(inputs) -> verdict.Evidence:
    """All evidence, by experiment. `inputs` has a list of files for each kind; empty where there is none."""
    evidence = verdict.Evidence()
    for kind, (schema, column) in KINDS.items():
        if inputs[kind]:
            getattr(evidence, kind).update(dict(list(load(inputs[kind], schema).groupby(column))))
    for part, schema in THEORY.items():
        if inputs[part]:
            evidence.theory[part] = load(inputs[part], schema)
    return evidence


def judged(evidence: verdict.Evidence) -> tuple[list[dict], str]:
    """The rows of the ledger, and a remark on all of them."""
    rows = [verdict.entry(claim, evidence) for claim in CLAIMS]
    return rows, f"{pages.by_chance(rows)} {pages.diverged(evidence)}".strip()


def as_json(rows: list[dict]) -> str:
    """The rows for who can read no Parquet; a number that is none is null."""
    plain = [
        {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in row.items()
        }
        for row in rows
    ]
    return json.dumps(plain, ensure_ascii=False, indent=1)


def main(snakemake) -> None:
    jobs.start(snakemake)
    evidence = gather({name: list(getattr(snakemake.input, name, [])) for name in (*KINDS, *THEORY)})
    rows, remark = judged(evidence)
    parquet.write(snakemake.output.table, rows, schemas.CLAIMS)
    paths = list(getattr(snakemake.input, "runs", []))
    mixed = [Path(path).stem for path in paths if " " in parquet.run_code(path)]
    if mixed:
        remark += f" Different code has made the runs of {', '.join(mixed)}."
    title = TITLE.format(Path(snakemake.output.table).parent)
    other = [
        row for path in getattr(snakemake.input, "reference", []) for row in pq.read_table(path).to_pylist()
    ]
    beside = pages.beside(rows, other)
    written = {
        snakemake.output.text: pages.markdown(rows, title, remark),
        snakemake.output.page: pages.page(rows, title, beside, remark),
        snakemake.output.rows: as_json([row | {"paper": beside.get(row["id"], "")} for row in rows]),
    }
    for path, text in written.items():
        with whole.replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(snakemake)
