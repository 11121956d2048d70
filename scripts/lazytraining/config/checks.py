"""What has to hold across the keys of a configuration; what a single key takes stands in `kinds`."""

import math

from lazytraining.config.catalogue import FIGURES, LANDSCAPES, MIRRORED
from lazytraining.config.fields import rounded, show
from lazytraining.config.job import ProblemKey
from lazytraining.config.kinds import IMAGES, Cnn, Model, Neurons, Sweep, Theory

PROBLEM = ProblemKey._fields[:-1]
"""Keys that make a problem, together with a seed."""
_MOST_RUNS = 1_000_000
_MOST_NUMBERS = 10**11
"""In one array of a job: 800 GB."""
_MOST_NODES = 1_000_000
"""Of YAML: aliases of aliases make billions of a few lines."""
_DEEPEST = 20


class ConfigError(ValueError):
    """One line for the user: where in the configuration, what stands there, what is expected."""


def _refused(path: str, what: object, expected: str) -> ConfigError:
    return ConfigError(f"{path}: {what} is not allowed; expected {expected}")


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


def check_size(path: str, model: Model) -> None:
    """The arrays of a job have a row for each point or neuron, a column for each input or neuron."""
    points, inputs = model.n_train + model.n_test, getattr(model, "d", 2)
    counts = [getattr(model, key, 0) for key in ("m", "widths", "teacher_neurons")]
    neurons = max(max(count) if isinstance(count, list) else count for count in counts)
    if (points + neurons) * (inputs + neurons) > _MOST_NUMBERS:
        raise ConfigError(
            f"{path}: {points} points, {inputs} inputs and {neurons} neurons are not allowed; expected "
            f"(points + neurons) × (inputs + neurons) ≤ {_MOST_NUMBERS:.0e}, or no machine can hold them"
        )


def check_theory(theory: Theory) -> None:
    """Students with mirrored neurons have an even number of them."""
    if theory.m % 2:
        raise _refused("theory.m", theory.m, "an even integer ≥ 2")
    check_size("theory", theory)


def check_experiments(experiments: dict[str, Model]) -> None:
    """Each by itself, and all together no more runs than anyone has."""
    count = 0
    for name, one in experiments.items():
        path = f"experiments.{name}"
        if hasattr(one, "n_train"):
            check_size(path, one)
        if isinstance(one, Neurons) and one.m % 2:
            raise _refused(f"{path}.m", one.m, "an even integer ≥ 2")
        if isinstance(one, Cnn):
            _check_images(path, one)
        if isinstance(one, Sweep):
            odd = [m for m in one.m if m % 2]
            if one.symmetrize and odd:
                raise _refused(f"{path}.m", odd[0], "even integers with symmetrize: true")
            count += math.prod(map(len, (one.m, one.alpha, one.tau, one.step_size, one.seeds)))
            if count > _MOST_RUNS:
                raise ConfigError(f"{path}: more than {_MOST_RUNS} runs are not allowed; expected fewer")


def _check_images(path: str, one: Cnn) -> None:
    """A CNN's images are there, and what is done to them keeps their class."""
    most, _ = IMAGES[one.dataset]
    if one.images is not None and one.images > most:
        expected = f"at most {most}, as many as {one.dataset} has for training, or null for all"
        raise _refused(f"{path}.images", one.images, expected)
    if one.dataset == "digits" and one.augment == "crop_and_flip":
        expected = "none or crop, because a mirrored digit is another sign"
        raise _refused(f"{path}.augment", one.augment, expected)


def check_figures(experiments: dict[str, Model]) -> None:
    """The experiments that figures and the ledger read are of their kind, start as they say, and sweep what is drawn."""
    vgg11 = experiments.get("vgg11")
    if vgg11 and vgg11.kind != "cnn":
        expected = "cnn, as the claims of the ledger read it (another kind: another name)"
        raise _refused("experiments.vgg11.kind", vgg11.kind, expected)
    for name, drawn in {name: drawn for figure in FIGURES.values() for name, drawn in figure.items()}.items():
        one, path = experiments.get(name), f"experiments.{name}"
        if one is None:
            continue
        kind = "population" if name == "population_loss" else "descent"
        if one.kind != kind:
            raise _refused(f"{path}.kind", one.kind, f"{kind}, as its figure says")
        if one.symmetrize != (name.endswith("symmetrized") or name in MIRRORED):
            expected = f"{not one.symmetrize}, as its figure says (another start: another name)"
            raise _refused(f"{path}.symmetrize", one.symmetrize, expected)
        for key in {"m", "alpha", "tau", "step_size"} - drawn:
            if len(values := getattr(one, key)) > 1:
                over = " and ".join(sorted(drawn))
                expected = (
                    f"one value, because its figure draws it over {over} alone (another sweep: another name)"
                )
                raise _refused(f"{path}.{key}", show(values), expected)


def check_landscapes(sweeps: dict[str, Sweep], runs: dict[str, list]) -> None:
    """The end points of a landscape span a plane, at the scaling that its figure names, and two landscapes share one."""
    pair = [name for name in LANDSCAPES if name in sweeps]
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
                raise _refused(f"{path}.alpha", f"{run.alpha:.6g} at m = {run.m}", expected)
        for key in (*PROBLEM, "data_seed", "m"):
            ours, theirs = getattr(one, key), getattr(first, key)
            if ours != theirs:
                expected = f"{show(theirs)} as in {pair[0]}, because Figure 6 draws both on one plane"
                raise _refused(f"{path}.{key}", show(ours), expected)
