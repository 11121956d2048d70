"""Where results stand: what is there of an older layout, or of the other execution, is never half used."""

import stat
from pathlib import Path

import yaml

from lazytraining.config.experiments import Config
from lazytraining.files import whole

_OLD = ("runs/experiment=*", "stacks/experiment=*", "cnn/experiment=*", "baselines/experiment=*")
"""Folders of a layout that this version neither writes nor reads."""


def warning(config: Config) -> str:
    """What is doubtful about the folder of results; empty if nothing is."""
    results = Path(config.folder)
    if results.exists() and results.stat().st_mode & stat.S_IWOTH:
        return (
            f"{results} can be written by everyone on this machine, so anyone may have changed what is in it"
        )
    return ""


def problem(config: Config) -> str:
    """What is in the way of new results, and what to do about it; empty if nothing is."""
    results = Path(config.folder)
    old = next((path for pattern in _OLD for path in sorted(results.glob(pattern))), None)
    if old:
        return (
            f"{results} has files of an older layout ({old.relative_to(results)}), which are not read. Move that folder away or "
            "remove it, and the same command makes them again; or choose another folder with results: …"
        )
    other, there = ("m~*", "separate") if config.execution == "stacked" else ("seed~*", "stacked")
    for name in config.sweeps:
        if found := next((results / "runs" / name).glob(other), None):
            return (
                f"{found} was not made in {config.execution} execution, and a data set with both would have each run twice. "
                f"Go on with --config execution={there}; or choose another folder with results: …, or remove {results}/runs, curves and weights"
            )
    return ""


def keep(config: Config) -> None:
    """Write the merged configuration beside what is made with it, unless that is what is there. Raises OSError."""
    text = yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    path = Path(config.folder, "config.yaml")
    if path.exists() and path.read_bytes() == text.encode():
        return
    with whole.replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
