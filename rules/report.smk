import html
import json

from lazytraining.claims import words
from lazytraining.workflow import report as covered
from lazytraining.workflow import text as texts

if not IMPORTED:
    covered.configure_captions(source("docs/captions/docutils.conf"))
internals.for_captions("verdicts", "start_page")
REPORT_SCRIPT = source("docs/captions/report.js")


def address(record):
    """A result's address in the report, as report.js has it."""
    return record.path.name if record.mime == "image/gif" else record.path.stem


def link(record, text):
    """A link of the start page that shows a file of the report beside its caption."""
    return f'<a href="#{html.escape(address(record))}">{html.escape(text)}</a>'


def is_own(record):
    """Whether a file of a report is of this workflow, and not of one that has imported it."""
    return internals.is_of(globals(), record)


def ledger_of(files):
    """The rows of the ledger, if the report has it."""
    pages = [record.path for record in files if record.target == "claims.html" and is_own(record)]
    return covered.ledger(pages[0].with_suffix(".json")) if pages else []


def escaped(row):
    """A row of the ledger, for HTML."""
    return {name: html.escape(value) if isinstance(value, str) else value for name, value in row.items()}


def verdicts(job, files):
    """What the ledger says of a figure, for its caption."""
    names = {Path(path).stem for path in job.output}
    names |= {
        other for name in names & catalogue.FIGURES.keys() for other in catalogue.FIGURES[name].verdicts
    }
    found = [
        f"claim {texts.for_rest(row['id'])} {texts.for_rest(row['verdict'])}"
        for row in ledger_of(files)
        if row["figure"] in names
    ]
    return f"**By the ledger of these runs:** {', '.join(found)}." if found else ""


def told_of_rules(trained_with):
    """Of every rule whose jobs the report is over, the files that they read, and the packages if they train."""
    jobs_of = {}
    for job in internals.jobs(workflow):
        jobs_of.setdefault(job.rule.name, []).append(job)
    return {
        name: {
            "input": covered.inputs(jobs),
            "software": trained_with if internals.script(jobs[0]).startswith("train_") else [],
        }
        for name, jobs in jobs_of.items()
    }


def start_page(files):
    """What a report over these files covers and came to, for docs/captions/start.rst: read when the report is made, so that it is never stale."""
    files = list(filter(is_own, files))
    page = covered.runs(internals.jobs(workflow), CONFIG)
    page["trained_with"] = [f"{name} {version}" for name in covered.SOFTWARE for version in page[name]]
    rows = page["experiments"].values()
    seconds = covered.duration(sum(row["seconds"] for row in rows))
    for row in rows:
        row["duration"] = covered.duration(row["seconds"]) if row["seconds"] else ""
    drawn = {record.path.stem: record for record in files if record.mime in ("image/png", "text/html")}
    links = {}

    def order(record):
        return record.category.name, [text.replace("\u00a0", " ") for text in record.labels.values()]

    for record in sorted(drawn.values(), key=order):
        labels = [f"m = {text.strip()}" if name == "m" else text for name, text in record.labels.items()]
        links.setdefault(record.category.name, []).append(link(record, ", ".join(labels)))
    if claims := ledger_of(files):

        def figure(name):
            text = name.replace("_", " ").replace("figure", "Figure")
            return link(drawn[name], text) if name in drawn else html.escape(text)

        beside = {row["id"]: row["paper"] for row in claims if row["paper"]}
        page |= {
            "counts": words.counted(claims),
            "ledger": words.table(claims, figure, beside),
            "beside": beside,
        }
        page["plateaus"] = [
            f'<a href="#claim-{row["id"]}">claim {row["id"]}</a> {row["verdict"]}'
            for row in map(escaped, claims)
            if row["figure"] in catalogue.FIGURES["plateaus"].verdicts
        ]
    if "plateaus" in drawn:
        path = html.escape(str(drawn["plateaus"].path))
        alt = "Test loss at the end of training against τ, with and without symmetrisation"
        page["picture"] = f'<a href="#plateaus"><img data-path="{path}" alt="{alt}"></a>'
    return page | {
        "script": REPORT_SCRIPT.read_bytes().decode().strip(),
        "data": json.dumps(told_of_rules(page["trained_with"]), indent=0),
        "links": links,
        "runs": sum(row["runs"] for row in rows),
        "seconds": seconds,
        "days": " to ".join(dict.fromkeys((page["days"] or [""])[:: len(page["days"]) - 1 or 1])),
        "results": CONFIG.folder,
        "execution": CONFIG.execution,
        "configfiles": [Path(path).name for path in workflow.configfiles],
    }
