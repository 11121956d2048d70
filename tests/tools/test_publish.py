"""The static site: complete, and the same from a file and from a web server; the gallery as GitHub shows it."""

import functools
import http.server
import re
import shutil
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import PIL.Image
import publish
import pytest
from browser import LAPTOP, OVERFLOW, PHONE, WIDE, resize, waited
from conftest import ROOT, Workflow
from markdown_it import MarkdownIt
from tiny import ALL

from lazytraining.files import provenance

pytestmark = [pytest.mark.workflow, pytest.mark.browser]


@pytest.fixture(scope="module")
def report(finished, tmp_path_factory) -> Path:
    """Over some of what a finished workflow has, as zip."""
    folder = tmp_path_factory.mktemp("published")
    for part in ("results", ".snakemake/metadata"):
        shutil.copytree(finished.folder / part, folder / part)
    Workflow(folder, ALL)("--report", "report.zip", "--", "plateaus", "interactive", "claims")
    return folder / "report.zip"


@pytest.fixture(scope="module")
def site(report) -> Path:
    folder = report.parent / "public"
    (folder / ".git").mkdir(parents=True)
    (folder / publish.MARK).touch()
    (folder / "of_before.html").touch()
    assert publish.main([str(report), str(folder)]) == 0
    return folder


class Links(HTMLParser):
    """What a page links, and the places in it that can be linked."""

    def __init__(self, page: Path):
        super().__init__()
        self.links, self.places = [], {""}
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.links += [named[name] for name in ("href", "src") if named.get(name)]
        self.places |= {named["id"]} if "id" in named else set()


def test_every_link_leads_to_a_place_of_the_site(site):
    pages = {
        path: Links(path) for path in site.rglob("*.html") if "report" not in path.relative_to(site).parts
    }
    assert {"index.html", "docs/findings.html", "docs/gallery.html", "docs/reference/paper/claims.html"} <= {
        path.relative_to(site).as_posix() for path in pages
    }
    for page, found in pages.items():
        for link in found.links:
            split = urlsplit(link)
            if not split.scheme:
                target = (page.parent / unquote(split.path)).resolve() if split.path else page
                assert target.is_file() and target.is_relative_to(site), (page, link)
                assert target not in pages or unquote(split.fragment) in pages[target].places, (page, link)
    assert (site / ".git").exists() and not (site / "of_before.html").exists()


def test_pictures_are_lighter_and_look_the_same(site):
    name = "docs/reference/paper/figures/figure_2.png"
    assert (site / name).stat().st_size < 0.6 * (ROOT / name).stat().st_size
    assert provenance.of(site / name) == provenance.of(ROOT / name)
    with PIL.Image.open(site / name) as ours, PIL.Image.open(ROOT / name) as theirs:
        apart = np.asarray(ours.convert("RGB"), int) - np.asarray(theirs.convert("RGB"), int)
    assert np.abs(apart).mean() < 0.2 and np.percentile(np.abs(apart), 99) <= 2
    name = "docs/reference/paper/figures/figure_5.png"  # of maps with more shades than that
    assert (site / name).read_bytes() == (ROOT / name).read_bytes()


def test_what_is_no_site_is_left_alone(report, tmp_path, capsys):
    (tmp_path / "mine").touch()
    assert publish.main([str(report), str(tmp_path)]) == 1
    assert publish.main([str(tmp_path / "mine"), str(tmp_path / "site")]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_site_that_is_too_large_is_one_line_with_what_is_large(site, report, monkeypatch, capsys):
    assert publish.too_large(site) == ""
    total = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    monkeypatch.setattr(publish.too_large, "__defaults__", (total // 2,))
    assert publish.main([str(report), str(site)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"{total / 1e6:.1f} MB; expected at most" in line
    largest = max((path for path in site.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    assert f"The largest files: {largest.relative_to(site)} " in line


def test_each_page_names_its_address_once_the_site_has_one(tmp_path):
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    address = '[project.urls]\nHomepage = "https://site.example/lazy/"\n'
    bare = re.sub(r"\[project\.urls\]\n(?:.+\n)*", "", pyproject)
    for text, expected in ((bare, ""), (f"{bare}\n{address}", "https://site.example/lazy/")):
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
        assert publish.hosted(tmp_path) == expected
        written = publish.Site(tmp_path / "site", publish.hosted(tmp_path))
        page = written._page(Path("docs/references.md"))
        assert ("canonical" in page) == bool(expected)
    assert "<link rel='canonical' href='https://site.example/lazy/docs/references.html'>" in page
    assert "href='https://site.example/lazy/index.html'" in written._page(Path("README.md"))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(params=["file", "http"])
def address(site, request):
    if request.param == "file":
        yield site.as_uri()
        return
    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


PICTURES = "[...document.images].every(image => image.complete && image.naturalWidth > 100) && document.images.length"


def test_it_opens_from_a_file_and_from_any_server(browser, address):
    resize(browser, LAPTOP)
    browser.get(f"{address}/docs/gallery.html")
    assert waited(browser, PICTURES) > 10
    browser.get(f"{address}/report/report.html#plateaus")
    assert waited(browser, "document.querySelector('.picture img').naturalWidth") > 500
    kept = waited(browser, "document.querySelector('nav a[download$=pdf]').href")
    assert kept.startswith(f"{address}/report/data/raw/")
    if address.startswith("file"):  # where a frame of a file is most in danger
        browser.execute_script("location.hash = 'interactive'")
        browser.switch_to.frame(waited(browser, lambda browser: browser.find_element("tag name", "iframe")))
        waited(browser, "Object.keys(pictures).length")
        browser.switch_to.default_content()
    bad = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert [message for message in bad if "favicon.ico" not in message] == []


@pytest.mark.parametrize("name", ["README.md", "docs/gallery.md"])
def test_pictures_are_as_wide_as_githubs_column(browser, name, tmp_path):
    """Above their text, and no narrower than a phone lets them be."""
    text = (
        MarkdownIt("commonmark", {"html": True})
        .enable("table")
        .render((ROOT / name).read_text(encoding="utf-8"))
    )
    style = (ROOT / "tests/github.css").read_text(encoding="utf-8")
    page = tmp_path / "page.html"
    head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'><base href='{(ROOT / name).as_uri()}'>"
    page.write_text(
        f"{head}<style>body {{ margin: 0 }} {style}</style><article class=markdown-body style='max-width: 830px; padding: 16px'>{text}",
        encoding="utf-8",
    )
    for size in (LAPTOP, PHONE):
        resize(browser, size)
        browser.get(page.as_uri())
        assert waited(browser, PICTURES)
        column = min(size[0] - 32, 798)
        for image in browser.find_elements("tag name", "img"):
            assert image.size["width"] == min(560, column) and image.get_attribute("alt")
            assert not image.find_elements("xpath", "ancestor::table")
        assert browser.execute_script(WIDE) == [] and browser.execute_script(OVERFLOW) <= 0
