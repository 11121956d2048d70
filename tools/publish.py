"""Write a static site: README.md with its gallery and the pages that it links, the paper preset's ledger, and a report unpacked.

Any web server shows it, and a browser without one. Pictures have 256 colours there, a third of their bytes, where that changes
no shade that can be seen. What stands in the folder from before is replaced, but for .git. Once pyproject.toml has
the site's address (Homepage under project.urls), each page names its own. Ends with 0; with 1 and a line if the report or a link's target is
not there, if the folder is not a site's, or if the site is larger than 25 MB; with 2 if the arguments are wrong.
"""

import sys
from pathlib import Path

import _terminal

PARSER = _terminal.parser(__doc__)
PARSER.add_argument("report", type=Path, help="a report as snakemake --report writes it with the suffix .zip")
PARSER.add_argument("site", type=Path, help="the folder to write, such as public")
if __name__ == "__main__":
    _terminal.begin(PARSER)

import html
import itertools
import os
import re
import shutil
import tomllib
import zipfile
from urllib.parse import unquote

import numpy as np
import PIL.Image
import PIL.ImageChops
import PIL.PngImagePlugin
import pyarrow.parquet as pq
from markdown_it import MarkdownIt

from lazytraining.claims import pages

ROOT = Path(__file__).resolve().parents[1]
LEDGER = Path("docs/reference/paper/claims.md")
MARK = ".nojekyll"
"""Has GitHub Pages serve the files as they are, and says that a folder is a site of ours."""
COMMENT = re.compile("<!--.*?-->", re.DOTALL)
MOST = 25_000_000
"""Bytes of a site: what a reader on a slow line has to fetch of it, and a repository to keep."""
SHADE = 4
"""Of 255, in red, green and blue: by how much a hundredth of the pixels may be of another shade."""
LINKED = re.compile(r'\b(href|src)="([^"]*)"')
STYLE = """
body { font: 16px/1.5 sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; color: #1f2328 }
img { max-width: 100%; height: auto } pre { overflow-x: auto; padding: 1rem; background: #f6f8fa } pre, code { font-size: 14px }
table { display: block; overflow-x: auto; border-collapse: collapse } td, th { border: 1px solid #d1d9e0; padding: .3rem .7rem; text-align: left }
"""


class SiteError(Exception):
    """Something that the site needs is not there, or it is no site that can be published."""


class Site:
    """Pages to be written, each with what it links, at the same paths below the site as below the project."""

    def __init__(self, folder: Path, home: str = ""):
        self.folder, self.home = folder, home.rstrip("/")
        self.markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
        self.waiting = [Path("README.md"), Path("docs/gallery.md"), Path("docs/findings.md"), LEDGER]
        self.written = set()

    def write(self) -> None:
        while self.waiting:
            path = self.waiting.pop()
            if path not in self.written:
                self.written.add(path)
                self._file(path)

    def _file(self, path: Path) -> None:
        target = self.folder / address(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path == LEDGER:
            rows = pq.read_table(ROOT / path.with_suffix(".parquet")).to_pylist()
            text = pages.page(rows, "Claims of the note, by the paper preset", {})
            target.write_text(text.replace("<body>", f"<body>{self._menu(path)}"), encoding="utf-8")
        elif path.suffix == ".md":
            target.write_text(self._page(path), encoding="utf-8")
        else:
            shutil.copyfile(ROOT / path, target)

    def _page(self, path: Path) -> str:
        tokens = self.markdown.parse(COMMENT.sub("", (ROOT / path).read_text(encoding="utf-8")))
        title = ""
        for token, following in itertools.pairwise(tokens):
            if token.type == "heading_open":
                token.attrSet("id", slug(following.content))
                title = title or html.escape(following.content)
        body = self.markdown.renderer.render(tokens, self.markdown.options, {})
        body = LINKED.sub(lambda found: self._link(path, *found.groups()), body)
        head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width, initial-scale=1'><title>{title}</title>"
        if self.home:
            head += f"<link rel='canonical' href='{html.escape(f'{self.home}/{address(path).as_posix()}')}'>"
        return f"<!doctype html><html lang='en'><head>{head}<style>{STYLE}</style></head><body>{self._menu(path)}{body}</body></html>"

    def _link(self, page: Path, name: str, link: str) -> str:
        """The attribute as the site has it, where its target then will be too; nothing for a folder without a page."""
        path, _, fragment = link.partition("#")
        if not path or ":" in path:
            return f'{name}="{link}"'
        target = Path(os.path.normpath(page.parent / unquote(path)))
        if (ROOT / target).is_dir():
            target /= "README.md"
            if not (ROOT / target).exists():
                return ""
        if not (ROOT / target).is_file():
            raise SiteError(f"{page}: links {link}, which is not there")
        self.waiting.append(target)
        return f'{name}="{relative(address(target), page)}{"#" * bool(fragment)}{fragment}"'

    def _menu(self, page: Path) -> str:
        places = {
            "Start": Path("README.md"),
            "Gallery": Path("docs/gallery.md"),
            "Findings": Path("docs/findings.md"),
            "Ledger of the paper preset": LEDGER,
        }
        links = {name: address(path) for name, path in places.items()} | {
            "Report": Path("report/report.html")
        }
        items = (f"<a href='{relative(path, page)}'>{name}</a>" for name, path in links.items())
        return f"<nav>{' · '.join(items)}</nav>"


def hosted(project: Path = ROOT) -> str:
    """The site's address, by pyproject.toml; empty as long as it has none."""
    content = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    return content["project"].get("urls", {}).get("Homepage", "")


def too_large(site: Path, most: int = MOST) -> str:
    """What is wrong with the size of a site, its .git aside, with its three largest files; empty if nothing is."""
    files = [
        path for path in site.rglob("*") if path.is_file() and ".git" not in path.relative_to(site).parts
    ]
    sizes = sorted(((path.stat().st_size, path) for path in files), reverse=True)
    if (total := sum(size for size, _ in sizes)) <= most:
        return ""
    first = ", ".join(f"{path.relative_to(site)} {size / 1e6:.1f}" for size, path in sizes[:3])
    return f"{site}: {total / 1e6:.1f} MB; expected at most {most / 1e6:g}. The largest files: {first}"


def address(path: Path) -> Path:
    """Where a file of the project stands on the site."""
    return (
        Path("index.html")
        if path == Path("README.md")
        else path.with_suffix(".html")
        if path.suffix == ".md"
        else path
    )


def relative(target: Path, page: Path) -> str:
    return Path(os.path.relpath(target, page.parent)).as_posix()


def slug(heading: str) -> str:
    """The address of a heading, as GitHub has it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def clear(site: Path) -> None:
    """Make an empty folder of a site from before, or a new one."""
    if site.exists() and not (site / MARK).exists() and any(site.iterdir()):
        raise SiteError(f"{site}: has files, and is not a site that this has written")
    site.mkdir(parents=True, exist_ok=True)
    for path in site.iterdir():
        if path.name != ".git":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    (site / MARK).touch()


def unpack(report: Path, folder: Path) -> None:
    """The files of a report; in the archive they stand in one folder."""
    with zipfile.ZipFile(report) as archive:
        for member in archive.infolist():
            target = folder.joinpath(*Path(member.filename).parts[1:])
            name = "report.html" if target.suffix == ".html" and target.parent == folder else target.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.with_name(name).write_bytes(archive.read(member))


def lighter(picture: Path) -> None:
    """A PNG in 256 colours of its own, with the text that it has in it; as it is, if shades would be others."""
    with PIL.Image.open(picture) as image:
        texts = PIL.PngImagePlugin.PngInfo()
        for name, text in image.text.items():
            texts.add_itxt(name, text)
        whole = image.convert("RGB")
    few = whole.quantize(256, PIL.Image.Quantize.MEDIANCUT, dither=PIL.Image.Dither.NONE)
    apart = np.asarray(PIL.ImageChops.difference(whole, few.convert("RGB"))).max(axis=2)
    if np.percentile(apart, 99) <= SHADE:
        few.save(picture, "PNG", optimize=True, pnginfo=texts)


def main(arguments: list[str] | None = None) -> int:
    asked = PARSER.parse_args(arguments)
    try:
        if not zipfile.is_zipfile(asked.report):
            raise SiteError(f"{asked.report}: no report as zip")
        clear(asked.site)
        unpack(asked.report, asked.site / "report")
        Site(asked.site, hosted()).write()
        for picture in asked.site.rglob("*.png"):
            if ".git" not in picture.relative_to(asked.site).parts:
                lighter(picture)
        if problem := too_large(asked.site):
            raise SiteError(problem)
    except SiteError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
