import html
import json


def link(record, text):
    """A link of the start page that shows a file of the report beside its caption."""
    kind = "html" if record.path.suffix == ".html" else "img"
    path, category = json.dumps(str(record.path)), json.dumps(record.category.name)
    view = f"navbarMode: 'resultinfo', category: {category}, subcategory: 'Other', resultPath: {path}"
    view += f", content: '{kind}', contentPath: results[{path}].data_uri"
    return f'<a href="#" onclick="{html.escape(f"app.setView({{{view}}}); return false")}">{html.escape(text)}</a>'


# Chromium shows no data: URI of more than 2 MB in a frame, and as such Snakemake hands over every page: blobs have no such limit.
# The start page is always the first that is shown, and so does this before any other is asked for.
PAGES_AS_BLOBS = """
for (const result of Object.values(results)) if (result.mime_type === 'text/html' && result.data_uri.startsWith('data:')) {
  const bytes = Uint8Array.from(atob(result.data_uri.split(',')[1]), letter => letter.charCodeAt(0));
  result.data_uri = window.URL.createObjectURL(new Blob([bytes], {type: 'text/html;charset=utf-8'}));
}"""


def start_page(files):
    """What a report over these files covers and came to, for docs/captions/start.rst: read when the report is made, so that it is never stale."""
    import pyarrow.parquet as pq

    from lazytraining import covered, ledger

    page = covered.runs(Path(path) for job in workflow.dag.jobs for path in job.output)
    rows = page["experiments"].values()
    seconds = covered.duration(sum(row["seconds"] for row in rows))
    for row in rows:
        row["duration"] = covered.duration(row["seconds"]) if row["seconds"] else ""
    drawn = {record.path.stem: record for record in files if record.mime != "image/gif"}
    links = {}
    for record in sorted(drawn.values(), key=lambda record: (record.category.name, *record.labels.values())):
        links.setdefault(record.category.name, []).append(link(record, ", ".join(record.labels.values())))
    if "claims" in drawn:
        claims = pq.read_table(drawn["claims"].path.with_suffix(".parquet")).to_pylist()

        def figure(name):
            text = name.replace("_", " ").replace("figure", "Figure")
            return link(drawn[name], text) if name in drawn else html.escape(text)

        page |= {"counts": ledger.counted(claims), "ledger": ledger.table(claims, figure)}
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
