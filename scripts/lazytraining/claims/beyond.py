"""Population loss, few neurons, neurons in the plane, singular values (§2, §3.2, §4.2, §4.6)."""

import numpy as np
import pandas as pd

from lazytraining.claims.measures import Measure, by_seed, extreme, off_baseline, over_least, per
from lazytraining.claims.verdict import Check, Claim, Evidence
from lazytraining.student import fits


def paths_moved(largest: bool) -> Measure:
    """‖w_T − w0‖/‖w0‖ over the points |a| b of all neurons, at the largest or smallest τ."""

    def moved(own: pd.DataFrame) -> float:
        places = own.pivot(index="iteration", columns="neuron", values=["x", "y"]).to_numpy()
        places = places / np.abs(places[0]).max()  # of any size
        return float(np.linalg.norm(places[-1] - places[0]) / np.linalg.norm(places[0]))

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        rows = extreme(e.get("paths", "neuron_paths"), "tau", largest, " in neuron_paths")
        return by_seed(rows[rows["neuron"] >= 0], moved)

    return measure


def rank_left(name: str, largest: bool) -> Measure:
    """Stable rank of the hidden layer at the end over that at the start, at the largest or smallest τ."""

    def share(own: pd.DataFrame) -> float:
        end, start = (fits.stable_rank(own.sort_values("index")[column]) for column in ("end", "start"))
        return end / start

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        rows = e.get("spectra", name)
        return by_seed(extreme(rows, "tau", largest, f" in {name}"), share)

    return measure


CLAIMS = [
    Claim(
        "28",
        "ours",
        "Descent on the population loss ends higher when it is lazy (Chizat, Oyallon and Bach 2019).",
        "population",
        [
            Check(
                "population loss at the largest τ over the least",
                over_least("population_loss", "train_loss_end"),
                low=2,
                logarithmic=True,
            )
        ],
    ),
    Claim(
        "18",
        "§3.2, §4.6",
        "With m ≪ d, training at large τ ends in a local minimum.",
        "underparameterized",
        [
            Check(
                "training loss at the largest τ over the least",
                over_least("underparameterized", "train_loss_end"),
                low=2,
                logarithmic=True,
            ),
            Check(
                "relative distance from the tangent model's training loss",
                off_baseline("underparameterized", "tangent_train_loss_end", "train_loss_end"),
                high=0.05,
            ),
        ],
    ),
    Claim(
        "29",
        "§4.2",
        "In the plane, neurons of a lazy student move little, those of the other far (Chizat, Oyallon and Bach 2019).",
        "neuron_paths",
        [
            Check("distance over initial size, largest τ", paths_moved(True), high=0.5, logarithmic=True),
            Check("distance over initial size, smallest τ", paths_moved(False), low=2, logarithmic=True),
        ],
    ),
    Claim(
        "30",
        "§2",
        "A small initialisation ends with a hidden layer of low rank, a large one does not (Varre et al. 2024).",
        "spectral_bias",
        [
            Check(
                "stable rank at the end over that at the start, smallest τ",
                rank_left("plateau", False),
                high=0.5,
                logarithmic=True,
            ),
            Check("the same, largest τ", rank_left("plateau", True), low=0.9, logarithmic=True),
            Check(
                "the same, symmetrised, smallest τ",
                rank_left("plateau_symmetrized", False),
                high=0.5,
                logarithmic=True,
            ),
            Check(
                "the same, symmetrised, largest τ",
                rank_left("plateau_symmetrized", True),
                low=0.9,
                logarithmic=True,
            ),
        ],
    ),
]
