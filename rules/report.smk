import html

from lazytraining.claims import words
from lazytraining.workflow import report as covered
from lazytraining.workflow import text as texts

if not IMPORTED:
    covered.configure_captions(source("docs/captions/docutils.conf"))
internals.for_captions("verdicts", "start_page")


def link(record, text):
    """A link of the start page that shows a file of the report beside its caption."""
    script = html.escape(f"{internals.view(record)}; return false")
    return f'<a href="#" onclick="{script}">{html.escape(text)}</a>'


def is_own(record):
    """Whether a file of a report is of this workflow, and not of one that has imported it."""
    return internals.is_of(globals(), record)


def ledger_of(files):
    """The rows of the ledger, if the report has it."""
    pages = [record.path for record in files if record.target == "claims.html" and is_own(record)]
    return covered.ledger(pages[0].with_suffix(".json")) if pages else []


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


def start_page(files):
    """What a report over these files covers and came to, for docs/captions/start.rst: read when the report is made, so that it is never stale."""
    files = list(filter(is_own, files))
    page = covered.runs(internals.jobs(workflow), CONFIG)
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

        page |= {"counts": words.counted(claims), "ledger": words.table(claims, figure)}
    return page | {
        "script": html.escape(" ".join(internals.PAGES_AS_BLOBS.split())),
        "links": links,
        "runs": sum(row["runs"] for row in rows),
        "seconds": seconds,
        "days": " to ".join(dict.fromkeys((page["days"] or [""])[:: len(page["days"]) - 1 or 1])),
        "results": CONFIG.folder,
        "execution": CONFIG.execution,
        "configfiles": [Path(path).name for path in workflow.configfiles],
    }
