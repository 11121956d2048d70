"""Population loss, few neurons, neurons in the plane, singular values (§2, §3.2, §4.2, §4.6)."""

import numpy as np
import pandas as pd

from lazytraining.claims.measures import (
    at_extreme,
    at_largest_tau,
    by_seed,
    extreme,
    initial_loss,
    measures_per,
    moves_little,
    need,
    per,
)
from lazytraining.claims.verdict import AFTER_PAPER, Check, Claim, Evidence, Verdict
from lazytraining.student import fits


@measures_per("seeds")
def paths_moved(e: Evidence, *, largest: bool) -> pd.Series:
    """‖w_T − w0‖/‖w0‖ over the points |a| b of all neurons, at the largest or smallest τ."""

    def moved(own: pd.DataFrame) -> float:
        places = own.pivot(index="iteration", columns="neuron", values=["x", "y"]).to_numpy()
        places = places / np.abs(places[0]).max()  # of any size
        return float(np.linalg.norm(places[-1] - places[0]) / np.linalg.norm(places[0]))

    rows = extreme(e.get("paths", "neuron_paths"), "tau", largest, " in neuron_paths")
    return by_seed(rows[rows["neuron"] >= 0], moved)


@measures_per("seeds")
def rank_left(e: Evidence, name: str, *, largest: bool) -> pd.Series:
    """Stable rank of the hidden layer at the end over that at the start, at the largest or smallest τ."""

    def share(own: pd.DataFrame) -> float:
        end, start = (fits.stable_rank(own.sort_values("index")[column]) for column in ("end", "start"))
        return end / start

    rows = e.get("spectra", name)
    return by_seed(extreme(rows, "tau", largest, f" in {name}"), share)


FEW = "underparameterized"


def few_curves(e: Evidence) -> pd.DataFrame:
    """Their curves at the largest τ."""
    return extreme(e.get("curves", FEW), "tau", where=f" in {FEW}")


def first_loss(e: Evidence) -> pd.Series:
    """The training loss of the predictor that is 0: a symmetrised student's at its start."""
    return by_seed(few_curves(e), initial_loss)


@measures_per("seeds")
def over_zero(e: Evidence, *, largest: bool) -> pd.Series:
    """Training loss over that of the zero predictor, at the largest τ or at the best."""
    rows = e.get("runs", FEW)
    loss = (
        at_extreme(rows, "train_loss_end", "tau") if largest else rows.groupby("seed")["train_loss_end"].min()
    )
    return (loss / first_loss(e)).dropna()


@per("seeds")
def over_fit(e: Evidence) -> pd.Series:
    """Training loss at the largest τ over the best fit in the tangent space at the start."""
    fit = at_extreme(e.get("baselines", FEW), "tangent_fit_loss", "tau")
    return (at_extreme(e.get("runs", FEW), "train_loss_end", "tau") / fit).dropna()


@per("seeds")
def with_momentum(e: Evidence) -> pd.Series:
    """Training loss of the tangent model with momentum over that of the zero predictor, at the largest τ."""
    return (at_extreme(e.get("baselines", FEW), "tangent_momentum_loss_end", "tau") / first_loss(e)).dropna()


def late(own: pd.DataFrame, share: float) -> float:
    """The training loss at a share of the iterations, in logarithms between records."""
    t, loss = own.sort_values("iteration")[["iteration", "train_loss"]].to_numpy(float).T
    return float(np.exp(np.interp(share * t[-1], t, np.log(loss))))


@per("seeds")
def gradient_left(e: Evidence) -> pd.Series:
    """‖∇F‖ at the end over that at the start, at the largest τ, from how fast the training loss falls: dL/dt = −η α² ‖∇F‖²."""

    def left(own: pd.DataFrame) -> float:
        t, loss = own.sort_values("iteration")[["iteration", "train_loss"]].to_numpy(float).T
        first, last = (loss[0] - loss[1]) / (t[1] - t[0]), (late(own, 0.9) - loss[-1]) / (0.1 * t[-1])
        return float(np.sqrt(max(last / first, np.finfo(float).eps))) if first > 0 else np.nan

    found = by_seed(few_curves(e), left).dropna()
    need(len(found) > 0, f"runs of {FEW} whose training loss falls at once")
    return found


@per("seeds")
def geometric(e: Evidence) -> pd.Series:
    """How much ln(L − L_fit) falls over the second half of the run, over its fall from a quarter to a half: 2 if L falls
    geometrically to the best fit in the tangent space, at the largest τ."""
    rows, fit = few_curves(e), at_extreme(e.get("baselines", FEW), "tangent_fit_loss", "tau")
    found = {}
    for seed, own in rows.groupby("seed"):
        above = [late(own, share) - fit[seed] for share in (0.25, 0.5, 1.0)]
        if min(above) > 0 and above[0] > above[1]:
            found[seed] = float(np.log(above[1] / above[2]) / np.log(above[0] / above[1]))
    need(len(found) > 0, f"runs of {FEW} that fall and end above the best fit")
    return pd.Series(found, dtype=float)


@per("seeds")
def lazy_over_least(e: Evidence) -> pd.Series:
    """The population loss at the largest τ over the least of all τ."""
    rows = e.get("runs", "population_loss")
    return at_extreme(rows, "train_loss_end", "tau") / rows.groupby("seed")["train_loss_end"].min()


CLAIMS = [
    Claim(
        "29b",
        "ours",
        "Descent on the population loss ends higher when it is lazy (Chizat, Oyallon and Bach 2019).",
        "population",
        [
            Check(
                "population loss at the largest τ over the least",
                lazy_over_least,
                low=2,
                scale="log",
            )
        ],
    ),
    Claim(
        "17a",
        "§3.2",
        "With m ≪ d, training at large τ converges geometrically.",
        "underparameterized",
        [
            Check(
                "fall of ln(L − L_fit) over the last half over that of the quarter before", geometric, 1.5, 3
            )
        ],
        quote="the model converges geometrically to a local minima given a large enough scale factor α",
        reasons={
            Verdict.NOT: "Not within the run: the eigenvalues of the tangent kernel are spread, and what is left falls more and more slowly."
        },
    ),
    Claim(
        "17b",
        "§3.2",
        "At large τ it does not reach the global minimum, which a smaller τ comes near.",
        "underparameterized",
        [
            Check(
                "training loss at the largest τ over that of the zero predictor",
                over_zero(largest=True),
                low=0.01,
                scale="log",
            ),
        ],
        premises=[
            Check(
                "the least of all τ over that of the zero predictor, median",
                over_zero(largest=False),
                high=0.01,
                scale="median",
            ),
        ],
        quote="the model in this setting does not reach the global minimizer as it is out of reach of the variations of w in this case",
    ),
    Claim(
        "17c",
        "§3.2",
        "At large τ the rank of Dh(w) stays what it is at the start.",
        "underparameterized",
        [
            Check(
                "share of the gates that have switched by the end, largest τ",
                at_largest_tau(FEW, "gate_flips"),
                high=1e-6,
            )
        ],
        quote="constant rank of Dh(w) around w0",
        identity=True,
        reasons={
            Verdict.IDENTITY: "The derivatives by a_j and b_j span what D_j X spans, D_j the gates of neuron j, whatever a_j and b_j are. So only a "
            "gate that switches can change the rank, and from some τ on no gate of a finite sample does."
        },
    ),
    Claim(
        "29a",
        "§4.6",
        "In case of large τ it converges to a local minimum.",
        "underparameterized",
        [
            Check(
                "‖∇F‖ at the end over that at the start, from the fall of the loss, largest τ",
                gradient_left,
                high=0.01,
                scale="log",
            ),
            Check(
                "training loss over the best fit in the tangent space, largest τ",
                over_fit,
                0.95,
                1.05,
                scale="log",
            ),
        ],
        quote="in case of large variance of initialization weights τ² the model converges to a local minimum",
        reasons=dict.fromkeys(
            (Verdict.NOT, Verdict.PARTLY),
            "It is on its way to the best fit in the tangent space at its start, and not there when the run ends.",
        ),
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "34d",
        "§5.1",
        "With momentum a lazy student gets to the loss that a smaller τ reaches.",
        "underparameterized",
        [
            Check(
                "training loss of its tangent model with momentum, over that of the zero predictor, largest τ",
                with_momentum,
                high=0.01,
                scale="log",
            )
        ],
        premises=[moves_little(FEW)],
        quote="this behavior may be more a matter of momentum, initialization, and parameter choices than the laziness of the training itself",
        reasons={
            Verdict.NOT: "Momentum brings it to the best fit in the tangent space sooner, and no lazy run gets below that."
        },
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "24",
        "§4.2",
        "In the plane, neurons of a lazy student move little, those of the other far (Chizat, Oyallon and Bach 2019).",
        "neuron_paths",
        [
            Check("distance over initial size, largest τ", paths_moved(largest=True), high=0.5, scale="log"),
            Check("distance over initial size, smallest τ", paths_moved(largest=False), low=2, scale="log"),
        ],
        quote="This showed that, in the lazy regime, weights move only slightly from their initialization to their final values at the end of "
        "training.",
    ),
    Claim(
        "10",
        "§2",
        "A small initialisation ends with a hidden layer of low rank, a large one does not (Varre et al. 2024).",
        "spectral_bias",
        [
            Check(
                "stable rank at the end over that at the start, smallest τ",
                rank_left("plateau", largest=False),
                high=0.5,
                scale="log",
            ),
            Check("the same, largest τ", rank_left("plateau", largest=True), low=0.9, scale="log"),
            Check(
                "the same, symmetrised, smallest τ",
                rank_left("plateau_symmetrized", largest=False),
                high=0.5,
                scale="log",
            ),
            Check(
                "the same, symmetrised, largest τ",
                rank_left("plateau_symmetrized", largest=True),
                low=0.9,
                scale="log",
            ),
        ],
        quote="a small initialization scaling of the neural network’s hidden layer is biased toward having a low-rank structure",
    ),
]
