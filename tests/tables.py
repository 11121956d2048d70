"""Every table that figures and the ledger read, with numbers of no meaning; and the cases of what may be there."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa

from lazytraining.claims.verdict import Evidence
from lazytraining.config import catalogue, names
from lazytraining.files import schemas
from lazytraining.models import tables as models

GRID = {
    "coupling": [0.1, 1.0, 10.0],
    "iteration": [0, 10, 100],
    "neuron": [-1, 0, 1],
    "x": [-1.0, 0.0, 1.0],
    "y": [-1.0, 0.0, 1.0],
}
KINDS = {
    "runs": (schemas.RUN, ()),
    "curves": (schemas.CURVE, ("iteration",)),
    "baselines": (schemas.BASELINES, ()),
    "spectra": (schemas.SPECTRA, ("index",)),
    "paths": (schemas.PATHS, ("iteration", "neuron")),
    "surfaces": (schemas.SURFACE, ("x", "y")),
    "endpoints": (schemas.ENDPOINTS, ()),
    "models": (models.RUN, ()),
    "model_curves": (models.CURVE, ("iteration",)),
    "phase": (schemas.PHASE, ("coupling",)),
}
SCALINGS = {"1/m": lambda m: 1 / m, "1/sqrt(m)": lambda m: m**-0.5, "1": lambda m: 1.0}


def filled(schema: pa.Schema, random: np.random.Generator, **axes) -> pd.DataFrame:
    """Rows over some columns, with numbers of no meaning in the others."""
    axes = {name: values for name, values in axes.items() if name in schema.names}
    table = pd.DataFrame(itertools.product(*axes.values()), columns=list(axes))
    for name, kind in zip(schema.names, schema.types, strict=True):
        if name not in table:
            table[name] = {pa.bool_(): False, pa.string(): "principal", pa.int64(): 3}.get(kind, 1.0)
            if pa.types.is_floating(kind) and name not in ("alpha", "tau", "eta"):
                table[name] = random.uniform(0.5, 2, len(table))
    return table[schema.names]


def read() -> dict[str, set[str]]:
    """The kinds of table of each experiment that figures or the ledger read."""
    found = {name: set(kinds) for name, kinds in catalogue.EVIDENCE.items()}
    for figure in catalogue.FIGURES.values():
        for kind, chosen in figure.reads.items():
            for name in chosen or figure.experiments:
                found[name].add("runs" if kind == "summaries" else kind.removeprefix("aligned_"))
    return found


def fill(
    evidence: Evidence,
    *,
    tau: Sequence[float],
    alpha: Sequence[float],
    m: Sequence[int],
    eta: Sequence[float] = (1.0,),
    seed: Sequence[int] = (0, 1, 2),
    index: Sequence[int] = (1, 2),
) -> None:
    """The tables of every experiment and of the theory at these values, of as many as its figure is drawn over."""
    random = np.random.default_rng(0)
    swept = {name: keys for figure in catalogue.FIGURES.values() for name, keys in figure.experiments.items()}
    swept |= {
        "neuron_paths": {"tau"},
        "vgg11": {"alpha", "step_size"},
        "student_module": {"alpha", "tau"},
        **{name: {"alpha"} for name in names.MLPS},
        "depth_3": {"alpha", "tau"},
        "more_neurons_than_points": {"tau"},
        "phase_plane": {"m"},
        "phase_plane_note": {"m"},
    }
    values = {"tau": tau, "alpha": alpha, "m": m, "step_size": eta}
    for name, kinds in read().items():
        axes = {key: values[key] if key in swept[name] else values[key][:1] for key in values}
        axes |= GRID | {"experiment": [name], "seed": seed, "index": index}
        axes |= {"eta": axes.pop("step_size"), "symmetrize": [name.endswith("symmetrized")]}
        for kind in sorted(kinds):
            schema, more = KINDS[kind]
            own = {key: chosen for key, chosen in axes.items() if key not in (*GRID, "index") or key in more}
            if kind == "endpoints":
                own |= {"plane": [name], "experiment": list(names.LANDSCAPES)}
            if kind == "models":
                own |= {"step": [f"{value:g}" for value in own.pop("eta")], "regime": ["crossover"]}
            if kind == "phase":
                own |= {"symmetrize": [False, True], "regime": ["crossover"]}
            table = filled(schema, random, **own)
            if kind == "models":
                table["eta"] = table["step"].astype(float)
            if kind == "paths":  # the teacher stands still
                table = table[(table["neuron"] >= 0) | (table["iteration"] == 0)]
            getattr(evidence, kind)[name] = table
    shared = {"symmetrize": [False, True], "seed": seed}
    for part, schema in (("start", schemas.THEORY_START), ("step", schemas.THEORY_STEP)):
        sweeps = [
            filled(schema, random, sweep=["tau"], tau=tau, alpha=alpha[:1], m=m[:1], **shared),
            filled(schema, random, sweep=["alpha"], tau=tau[:1], alpha=alpha, m=m[:1], **shared),
            *(
                filled(schema, random, sweep=[name], m=[width], alpha=[scaling(width)], **shared)
                for name, scaling in SCALINGS.items()
                for width in m
            ),
        ]
        evidence.theory[part] = pd.concat(sweeps)
    limit = {"alpha": alpha, "m": m[:1], "tau": tau[:1], "iteration": GRID["iteration"]}
    evidence.theory["limit"] = filled(schemas.THEORY_LIMIT, random, **limit, **shared)
    evidence.theory["limit"]["smallest_rate"] = 0.01
    sample = {"alpha": alpha, "m": m[:1], "n_train": [100, 10000], "seed": seed}
    evidence.theory["sample"] = filled(schemas.THEORY_SAMPLE, random, **sample)


KEYS = {
    "m",
    "alpha",
    "tau",
    "eta",
    "seed",
    "iteration",
    "index",
    "neuron",
    "coupling",
}
SHARES = {"explained", "in_plane", "gate_flips", "smallest_rate", "feature_alignment"}


def gone(kind: str, table: pd.DataFrame) -> pd.DataFrame:
    """What is left where every run diverged; at the start, where no neuron is active."""
    table = table.copy()
    if kind == "surfaces":
        return table[:0]
    if "diverged" in table:
        table["diverged"] = True
    lost = {
        "runs": ["train_loss_end", "test_loss_end"],
        "endpoints": ["x", "y", "in_plane", "surface_loss", "test_loss"],
        "start": ["kappa"],
        "step": ["differential_change"],
        "models": models.MEASURED,
        "phase": schemas.PHASE_AVERAGED,
    }
    if kind in ("phase", "models"):
        table["regime"] = "diverged"
    table[lost.get(kind, [])] = np.nan
    table[{"start": ["stable_step"], "runs": ["relative_change", "hidden_distance"]}.get(kind, [])] = np.inf
    if kind == "baselines":
        names = ("train_loss_end", "test_loss_end", "test_loss_best", "momentum_loss_end")
        table[[f"tangent_{name}" for name in names]] = np.inf
    if kind in ("curves", "paths", "limit"):
        last = table["iteration"] == table["iteration"].max()
        measured = table.select_dtypes(float).columns.difference([*KEYS])
        table.loc[last, measured] = np.nan if kind == "curves" else np.inf
    return table


def some_gone(kind: str, table: pd.DataFrame) -> pd.DataFrame:
    """One seed of several diverged; at the smallest m, too many for a plane."""
    if kind == "surfaces":
        return table[table["m"] > table["m"].min()]
    if kind in ("start", "step"):
        return table
    first = table["seed"] == table["seed"].min()
    return pd.concat([gone(kind, table[first]), table[~first]])


def measured(change: Callable) -> Callable:
    """All that is measured changed alike."""

    def changed(kind: str, table: pd.DataFrame) -> pd.DataFrame:
        columns = table.select_dtypes(float).columns.difference([*KEYS, *SHARES])
        if kind in ("surfaces", "endpoints"):
            columns = columns.difference(["x", "y"])
        return table.assign(**{name: change(table[name]) for name in columns})

    return changed


@dataclass(frozen=True)
class Case:
    """Over which values, and what is there."""

    change: Callable[[str, pd.DataFrame], pd.DataFrame] = lambda kind, table: table
    grid: dict = field(default_factory=dict)

    @property
    def diverged(self) -> bool:
        return self.change in (gone, some_gone)


WHOLE = {"tau": (0.1, 1.0, 10.0), "alpha": (1.0, 10.0, 100.0), "m": (2, 4, 8), "eta": (0.01, 0.1)}
POINT = {"tau": (1.0,), "alpha": (1.0,), "m": (2,), "eta": (0.1,)}
CASES = {
    "all there": Case(),
    "nothing but diverged runs": Case(gone),
    "a diverged seed": Case(some_gone),
    "one run": Case(grid=POINT | {"seed": (0,), "index": (1,)}),
    "one diverged run": Case(gone, POINT | {"seed": (0,), "index": (1,)}),
    "one grid point": Case(grid=POINT),
    "equal losses": Case(measured(lambda values: 0 * values + 0.5)),
    "losses of 0": Case(measured(lambda values: 0 * values)),
    "losses of 1e-300": Case(measured(lambda values: 1e-300 * values)),
    "losses of 1e285": Case(measured(lambda values: 1e285 * values)),
}


@cache
def _all_there(**grid) -> Evidence:
    found = Evidence()
    fill(found, **grid)
    return found


def evidence(case: Case) -> Evidence:
    """The tables of a case, new ones."""
    whole = vars(_all_there(**(WHOLE | case.grid)))
    found = Evidence()
    for kind, of in whole.items():
        for name, table in of.items():
            getattr(found, kind)[name] = case.change(name if kind == "theory" else kind, table.copy())
    return found
