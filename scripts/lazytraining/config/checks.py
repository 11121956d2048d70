"""What has to hold across experiments; what holds in one stands in its model, in `kinds`."""

from lazytraining.config import names
from lazytraining.config.any_model import DEFAULTS
from lazytraining.config.catalogue import EVIDENCE, FIGURES
from lazytraining.config.errors import ConfigError, refused, show
from lazytraining.config.fields import rounded
from lazytraining.config.kinds import Kind, Sweep
from lazytraining.config.parts import PROBLEM

_KIND = {
    "population_loss": "population",
    "neuron_paths": "neurons",
    "phase_plane": "phase",
    "phase_plane_note": "phase",
    **{name: "model" for name, read in EVIDENCE.items() if "models" in read},
}
"""Of the experiments that the ledger reads and that are not of kind descent."""
_SYMMETRIZE = {"population_loss", "underparameterized"}
"""With symmetrize: true, beside those whose name says so."""
_MOST_RUNS = 1_000_000
_MOST_NODES = 1_000_000
"""Of YAML: aliases of aliases make billions of a few lines."""
_DEEPEST = 20


def check_nodes(content: dict) -> None:
    """What is small in YAML may be larger than memory, or have no end."""
    waiting, seen = [(content, 0)], 0
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, dict):
            node = [*node.keys(), *node.values()]
        if isinstance(node, list | tuple | set):
            waiting += [(child, depth + 1) for child in node]
            seen += len(node)
        if depth > _DEEPEST or seen > _MOST_NODES:
            raise ConfigError(
                f"configuration: more than {_MOST_NODES} values, or {_DEEPEST} inside each other, are not allowed; "
                "expected fewer"
            )


def check_experiments(experiments: dict[str, Kind]) -> None:
    """Each by itself, and all together no more runs than anyone has."""
    count = 0
    for name, one in experiments.items():
        one.check(path := f"experiments.{name}")
        count += one.count
        if count > _MOST_RUNS:
            raise ConfigError(f"{path}: more than {_MOST_RUNS} runs are not allowed; expected fewer")


def check_figures(experiments: dict[str, Kind]) -> None:
    """The experiments that figures and the ledger read are of their kind, start as they say, and sweep what is drawn."""
    for name in experiments.keys() & EVIDENCE.keys():
        one, kind = experiments[name], _KIND.get(name, "descent")
        if one.kind != kind:
            expected = f"{kind}, as its figure and the ledger read it (another kind: another name)"
            raise refused(f"experiments.{name}.kind", one.kind, expected)
    drawn_over = {name: drawn for figure in FIGURES.values() for name, drawn in figure.experiments.items()}
    for name, drawn in drawn_over.items():
        one, path = experiments.get(name), f"experiments.{name}"
        if one is None:
            continue
        if one.symmetrize != (name.endswith("symmetrized") or name in _SYMMETRIZE):
            expected = f"{not one.symmetrize}, as its figure says (another start: another name)"
            raise refused(f"{path}.symmetrize", one.symmetrize, expected)
        for key in {"m", "alpha", "tau", "step_size"} - drawn:
            if len(values := getattr(one, key)) > 1:
                over = " and ".join(sorted(drawn))
                expected = (
                    f"one value, because its figure draws it over {over} alone (another sweep: another name)"
                )
                raise refused(f"{path}.{key}", show(values), expected)


def check_models(experiments: dict[str, Kind]) -> None:
    """The built-in networks that the ledger compares are those that their names say."""
    for name in experiments.keys() & names.MLPS.keys():
        one = experiments[name]
        if one.model != "mlp":
            raise refused(f"experiments.{name}.model", show(one.model), "mlp (another network: another name)")
        for key, value in names.MLPS[name].items():
            if (own := (DEFAULTS[one.model] | one.options)[key]) != value:
                expected = f"{show(value)}, as the name says (another network: another name)"
                raise refused(f"experiments.{name}.options.{key}", show(own), expected)


def check_landscapes(sweeps: dict[str, Sweep], runs: dict[str, list]) -> None:
    """The end points of a landscape span a plane, at the scaling that its figure names, and two landscapes share one."""
    pair = [name for name in names.LANDSCAPES if name in sweeps]
    for name in pair:
        one, first, path = sweeps[name], sweeps[pair[0]], f"experiments.{name}"
        if not one.keep_weights or one.data_seed is None or len(one.seeds) < 3:
            raise ConfigError(
                f"{path}: keep_weights {one.keep_weights}, data_seed {one.data_seed} and {len(one.seeds)} seeds are not "
                "allowed; expected keep_weights: true, a data_seed and at least 3 seeds, whose end points span a plane"
            )
        for run in runs[name]:
            scaling = run.m**-1.0 if name == "landscape_mean_field" else run.m**-0.5
            if run.alpha != rounded(scaling):
                expected = f"{scaling:.6g}, the scaling that Figures 2 and 6 name"
                raise refused(f"{path}.alpha", f"{run.alpha:.6g} at m = {run.m}", expected)
        for key in (*PROBLEM, "data_seed", "m"):
            ours, theirs = getattr(one, key), getattr(first, key)
            if ours != theirs:
                expected = f"{show(theirs)} as in {pair[0]}, because Figure 6 draws both on one plane"
                raise refused(f"{path}.{key}", show(ours), expected)
