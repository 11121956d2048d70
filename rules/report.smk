import html
import json

from lazytraining.workflow import report as covered
from lazytraining.workflow import text as texts

covered.configure_captions(HOME / "docs/captions/docutils.conf")


def link(record, text):
    """A link of the start page that shows a file of the report beside its caption."""
    kind = "html" if record.path.suffix == ".html" else "img"
    path, category = json.dumps(str(record.path)), json.dumps(record.category.name)
    view = f"navbarMode: 'resultinfo', category: {category}, subcategory: 'Other', resultPath: {path}"
    view += f", content: '{kind}', contentPath: results[{path}].data_uri"
    return f'<a href="#" onclick="{html.escape(f"app.setView({{{view}}}); return false")}">{html.escape(text)}</a>'


def ledger_of(files):
    """The rows of the ledger, if the report has it."""
    paths = [record.path.with_suffix(".parquet") for record in files if record.target == "claims.html"]
    return covered.ledger(paths[0]) if paths else []


def verdicts(job, files):
    """What the ledger says of a figure, for its caption."""
    names = {Path(path).stem for path in job.output}
    names |= {"cnn"} if names & set(CNNS) else {"underparameterized"} if "population" in names else set()
    found = [
        f"claim {texts.for_rest(row['id'])} {texts.for_rest(row['verdict'])}"
        for row in ledger_of(files)
        if row["figure"] in names
    ]
    return f"**By the ledger of these runs:** {', '.join(found)}." if found else ""


# Chromium shows no data: URI of more than 2 MB in a frame, and as such Snakemake hands over every page: blobs have no such limit.
# The start page is always the first that is shown, and so does this before any other is asked for.
PAGES_AS_BLOBS = """
for (const result of Object.values(results)) if (result.mime_type === 'text/html' && result.data_uri.startsWith('data:')) {
  const bytes = Uint8Array.from(atob(result.data_uri.split(',')[1]), letter => letter.charCodeAt(0));
  result.data_uri = window.URL.createObjectURL(new Blob([bytes], {type: 'text/html;charset=utf-8'}));
}"""


def start_page(files):
    """What a report over these files covers and came to, for docs/captions/start.rst: read when the report is made, so that it is never stale."""
    from lazytraining.claims import pages

    trained = [job for job in workflow.dag.jobs if job.rule.name.startswith("train_")]
    page = covered.runs(Path(job.output[0]) for job in trained)
    rows = page["experiments"].values()
    seconds = covered.duration(sum(row["seconds"] for row in rows))
    for row in rows:
        row["duration"] = covered.duration(row["seconds"]) if row["seconds"] else ""
    drawn = {record.path.stem: record for record in files if record.mime != "image/gif"}
    links = {}

    def order(record):
        return record.category.name, [text.replace("\u00a0", " ") for text in record.labels.values()]

    for record in sorted(drawn.values(), key=order):
        labels = [f"m = {text.strip()}" if name == "m" else text for name, text in record.labels.items()]
        links.setdefault(record.category.name, []).append(link(record, ", ".join(labels)))
    drawn |= {"cnn": drawn[name] for name in CNNS if name in drawn}
    if claims := ledger_of(files):

        def figure(name):
            text = name.replace("_", " ").replace("figure", "Figure")
            return link(drawn[name], text) if name in drawn else html.escape(text)

        page |= {"counts": pages.counted(claims), "ledger": pages.table(claims, figure)}
    return page | {
        "script": html.escape(" ".join(PAGES_AS_BLOBS.split())),
        "links": links,
        "runs": sum(row["runs"] for row in rows),
        "seconds": seconds,
        "days": " to ".join(dict.fromkeys((page["days"] or [""])[:: len(page["days"]) - 1 or 1])),
        "results": CONFIG.results,
        "execution": CONFIG.execution,
        "configfiles": [Path(path).name for path in workflow.configfiles],
    }
