"""Width, and how sharp minima are (§1.1, §2, §4.5, §4.7)."""

import pandas as pd

from lazytraining.claims.measures import (
    Measure,
    at_extreme,
    exponent,
    extreme,
    jackknife,
    measures_per,
    need,
    per,
    rank_correlation,
)
from lazytraining.claims.verdict import AFTER_PAPER, Check, Claim, Evidence, Verdict
from lazytraining.student import fits
from lazytraining.student.laziness import Lazy

WIDE = 32
"""The test loss is followed from so many neurons on: claims of it demand two m that have them. Fewer can fit the teacher to any digit."""


def measured(e: Evidence, name: str, column: str) -> pd.DataFrame:
    """Runs of an experiment with one of the columns of `laziness`."""
    rows = e.get("runs", name)
    need(rows[column].notna().all(), f"laziness: true in {name}")
    return rows


@measures_per("seeds")
def width_exponent(e: Evidence, name: str, column: str, least: int = 1) -> pd.Series:
    """Exponent of a column over m, from `least` neurons on."""
    rows = measured(e, name, column)
    rows = rows[rows["m"] >= least]
    need(rows["m"].nunique() > 1, f"at least two m{f' >= {least}' if least > 1 else ''} in {name}")
    return exponent(rows, "m", column)


@per("seeds")
def width_ratio(e: Evidence) -> pd.Series:
    """Test loss at the largest m with α = 1/√m, over that with 1/m."""
    ours, theirs = (
        at_extreme(e.get("runs", n), "test_loss_end", "m") for n in ("width_ntk", "width_mean_field")
    )
    return ours / theirs


def at_widest(name: str, column: str) -> Measure:
    """A column at the largest m."""
    return per("seeds")(lambda e: at_extreme(measured(e, name, column), column, "m"))


@per("seeds")
def spread_exponent(e: Evidence) -> pd.Series:
    """Exponent over m of the standard deviation over starts, of one data set, of the test loss over its mean; jackknifed over starts."""
    rows = e.get("runs", "landscape_ntk")
    need(rows["m"].nunique() > 1, "more than one m in landscape_ntk")

    def slope(part: pd.DataFrame) -> float:
        loss = part.groupby("m")["test_loss_end"]
        spread = loss.std() / loss.mean()
        return fits.slope(spread.index.to_numpy(float), spread.to_numpy(float))

    return jackknife(rows, slope, least=4)


def both_scalings(e: Evidence) -> pd.DataFrame:
    """Sharpness and test loss of both scalings at the m that they share: one row for each m and data set."""
    columns = ["sharpness", "test_loss_end"]
    ours, theirs = (
        measured(e, name, "sharpness").set_index(["seed", "m"])[columns]
        for name in ("width_mean_field", "width_ntk")
    )
    both = ours.join(theirs.add_suffix("_ntk"), how="inner").reset_index()
    need(both["m"].nunique() > 1, "two m that width_mean_field and width_ntk share")
    return both


@per("data sets")
def wider_everywhere(e: Evidence) -> pd.Series:
    """Largest ratio over m of the sharpness with 1/m to that with 1/√m."""
    both = both_scalings(e)
    return (both["sharpness"] / both["sharpness_ntk"]).groupby(both["seed"]).max()


@per("data sets")
def narrower_at_smallest(e: Evidence) -> pd.Series:
    """Sharpness with 1/√m over that with 1/m, at the smallest m."""
    own = extreme(both_scalings(e), "m", largest=False).set_index("seed")
    return own["sharpness_ntk"] / own["sharpness"]


@per("data sets")
def sharpness_correlation(e: Evidence) -> pd.Series:
    """Rank correlation over m and scaling of sharpness with test loss."""
    both = both_scalings(e)
    columns = {"sharpness_ntk": "sharpness", "test_loss_end_ntk": "test_loss_end"}
    rows = pd.concat([both, both.drop(columns=list(columns.values())).rename(columns=columns)])
    return pd.Series(
        {seed: rank_correlation(own["sharpness"], own["test_loss_end"]) for seed, own in rows.groupby("seed")}
    )


_OVER = f"exponent of the test loss over m ≥ {WIDE}, median"
CLAIMS = [
    Claim(
        "8a",
        "§1.1, §4.7",
        "With 1/√m training gets lazier as m grows, with 1/m it does not.",
        "landscape_ntk",
        [
            Check(
                "exponent over m of the relative distance, 1/√m",
                width_exponent("landscape_ntk", "relative_distance"),
                high=-0.25,
            ),
            Check(
                "exponent over m of the relative distance, 1/m",
                width_exponent("landscape_mean_field", "relative_distance"),
                low=-0.25,
            ),
        ],
        quote="This results in more lazy behavior as m increases.",
        reasons={
            Verdict.REPRODUCED: "By how far all of w moves, which is lazier and not yet lazy: see claim 8b."
        },
    ),
    Claim(
        "8b",
        "§1.1",
        "With 1/√m, at the largest m it is lazy.",
        "landscape_ntk",
        [
            Check(
                "gap to its own tangent model on test points, over ‖y‖",
                at_widest("landscape_ntk", "gap_test"),
                high=Lazy().gap,
                scale="log",
            ),
            Check(
                "relative movement of its kernel",
                at_widest("landscape_ntk", "kernel_movement"),
                high=Lazy().kernel,
                scale="log",
            ),
        ],
        quote="as m → ∞ and mα(m) → ∞, the model enters the lazy regime when α(m) is bigger than 1/m",
        reasons={
            Verdict.NOT: "Not at the widths of Figure 2. Gap and kernel movement fall with m (claims 8a and 9), so a larger m may do."
        },
    ),
    Claim(
        "9",
        "§2",
        "With width training becomes more linear and more deterministic.",
        "landscape_ntk",
        [
            Check(
                "exponent over m of the gap to its own tangent model, 1/√m",
                width_exponent("landscape_ntk", "gap_test"),
                high=0,
            ),
            Check(
                "exponent over m of the spread of the test loss over starts, over its mean",
                spread_exponent,
                high=0,
            ),
        ],
        quote="As the width of the network grows to infinity, the training dynamics become more linear and deterministic",
    ),
    Claim(
        "28a",
        "§4.5",
        "With α = 1/√m generalisation is lost as m grows.",
        "width",
        [Check(_OVER, width_exponent("width_ntk", "test_loss_end", WIDE), low=0.1, scale="median")],
        quote="Two scaling factors of 1/√m and 1/m are studied showing the first case leads to loss of generalization",
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "28b",
        "§4.5",
        "With α = 1/m it is not.",
        "width",
        [Check(_OVER, width_exponent("width_mean_field", "test_loss_end", WIDE), high=0.1, scale="median")],
        quote="while the second remains stable as m grows",
        reasons={
            Verdict.NOT: "It rises too, once there are more neurons than the teacher needs; but to a lower level: see claim 28c."
        },
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "28c",
        "§4.5",
        "At large m, 1/m generalises better.",
        "width",
        [Check("test loss at the largest m, 1/√m over 1/m, median", width_ratio, low=1, scale="median")],
        quote="showing the first case leads to loss of generalization while the second remains stable",
    ),
    Claim(
        "30a",
        "§4.7",
        "With 1/m minima are wide at every m.",
        "width",
        [Check("largest sharpness over m, 1/m over 1/√m", wider_everywhere, high=1, scale="log")],
        quote="for 1/m the loss landscape is wide under different values of m",
        reasons={
            Verdict.REPRODUCED: "In distances between weights, as the note's planes have it. Most of it is the output scale, whose square is in the "
            "sharpness: α² is m times smaller with 1/m. Width so measured depends on the size of the weights (Dinh et al. 2017)."
        },
    ),
    Claim(
        "30b",
        "§4.7",
        "With 1/√m they are narrow at small m.",
        "width",
        [Check("sharpness at the smallest m, 1/√m over 1/m", narrower_at_smallest, low=1, scale="log")],
        quote="for 1/√m scaling the loss landscape is narrow … for small m",
        reasons={
            Verdict.REPRODUCED: "Where the ratio of claim 30a is largest at the smallest m, these are the same numbers."
        },
    ),
    Claim(
        "30c",
        "§4.7",
        "With 1/√m they get wider as m grows.",
        "width",
        [Check("exponent of the sharpness over m, 1/√m", width_exponent("width_ntk", "sharpness"), high=0)],
        quote="as m grows … it becomes wider at the bottom",
    ),
    Claim(
        "32",
        "§4.7",
        "Wider minima generalise better.",
        "width",
        [
            Check(
                "rank correlation of sharpness with test loss over m and scaling",
                sharpness_correlation,
                low=0.5,
                scale="correlation",
            )
        ],
        quote="It is well known that a wider loss landscape leads to a better generalization.",
    ),
]
