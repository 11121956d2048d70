"""What docs say of modules, of names, and of make's targets is so."""

import re

import pyarrow as pa
from conftest import ROOT

from lazytraining.config import kinds
from lazytraining.files import schemas

PACKAGES = [path for path in (ROOT / "scripts/lazytraining").iterdir() if (path / "__init__.py").exists()]


def tables(page: str) -> list[list[list[str]]]:
    """The tables of a page, each a list of rows of cells."""
    text = (ROOT / "docs" / page).read_text()
    found = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [[line.strip()[1:-1].split("|") for line in table.splitlines()] for table in found]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_architecture_names_every_module_and_no_other():
    named = {}
    for (package, _), _, *rows in (table for table in tables("architecture.md") if len(table[0]) == 2):
        if found := names(package):
            named[found[0]] = [name for module, _ in rows for name in names(module)]
    there = {
        package.name: sorted(path.stem for path in package.glob("*.py") if path.stem != "__init__")
        for package in PACKAGES
    }
    assert {package: sorted(modules) for package, modules in named.items()} == there


def test_the_models_symbols_have_names_that_exist():
    keys = {"landscape", "seed"}
    for model in (kinds.Descent, kinds.Population):
        keys |= set(model.model_fields)
    columns = {"start", "end"}  # of the weights' files
    for schema in vars(schemas).values():
        columns |= set(schema.names) if isinstance(schema, pa.Schema) else set()
    for head, _, *rows in tables("model.md"):
        for row in rows:
            for title, cell in zip(head, row, strict=True):
                known = {"in the configuration": keys, "in files": columns}.get(title.strip())
                if known:
                    assert set(names(cell)) <= known


def test_tests_lie_in_folders_of_what_they_test():
    folders = {
        path.parent.relative_to(ROOT / "tests").parts[:1] for path in ROOT.glob("tests/*/**/test_*.py")
    }
    assert {folder for (folder,) in folders} <= {package.name for package in PACKAGES} | {"tools"}


def test_make_help_lists_every_target():
    text = (ROOT / "Makefile").read_text()
    told = re.findall(r"^([a-z-]+):.* ## \S", text, re.MULTILINE)
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()
    assert sorted(told) == sorted(phony)
