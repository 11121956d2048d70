"""Width (§1.1, §4.5, §4.7)."""

import pandas as pd

from lazytraining.claims.measures import Measure, at_extreme, exponent, need, per
from lazytraining.claims.verdict import Check, Claim, Evidence, Verdict

WIDE = 8
"""The test loss is followed from so many neurons on: claims of it demand two m that have them."""


def width_exponent(name: str, column: str = "test_loss_end", least: int = WIDE) -> Measure:
    """Exponent of a column over m, from `least` neurons on."""

    @per("seeds")
    def measure(e: Evidence) -> pd.Series:
        rows = e.get("runs", name)
        rows = rows[rows["m"] >= least]
        need(rows["m"].nunique() > 1, f"at least two m{f' >= {least}' if least > 1 else ''} in {name}")
        return exponent(rows, "m", column)

    return measure


@per("seeds")
def width_ratio(e: Evidence) -> pd.Series:
    """Test loss at the largest m with α = 1/√m, over that with 1/m."""
    ours, theirs = (
        at_extreme(e.get("runs", n), "test_loss_end", "m") for n in ("width_ntk", "width_mean_field")
    )
    return ours / theirs


CLAIMS = [
    Claim(
        "12a",
        "§4.5",
        "With α = 1/√m generalisation is lost as m grows.",
        "width",
        [Check(f"exponent of the test loss over m ≥ {WIDE}", width_exponent("width_ntk"), low=0.1)],
    ),
    Claim(
        "12b",
        "§4.5",
        "With α = 1/m it is not.",
        "width",
        [Check(f"exponent of the test loss over m ≥ {WIDE}", width_exponent("width_mean_field"), high=0.1)],
        reasons={
            Verdict.NOT: "It rises too, once there are more neurons than the teacher needs; but to a lower level: see claim 12c."
        },
    ),
    Claim(
        "12c",
        "§4.5",
        "At large m, 1/m generalises better.",
        "width",
        [Check("test loss at the largest m, 1/√m over 1/m", width_ratio, low=1, logarithmic=True)],
    ),
    Claim(
        "27",
        "§1.1, §4.7",
        "With 1/√m training gets lazier as m grows, with 1/m it does not.",
        "landscape_ntk",
        [
            Check(
                "exponent over m of the relative distance, 1/√m",
                width_exponent("landscape_ntk", "relative_distance", 1),
                high=-0.25,
            ),
            Check(
                "exponent over m of the relative distance, 1/m",
                width_exponent("landscape_mean_field", "relative_distance", 1),
                low=-0.25,
            ),
        ],
        reasons={
            Verdict.REPRODUCED: "By how far all of w moves, which is lazier and not yet lazy: the output layer still moves by several "
            "times its norm."
        },
    ),
]
