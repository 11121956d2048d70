"""Loss landscapes, Figures 2 and 6 (§4.7)."""

import numpy as np
import pandas as pd
from scipy import stats

from lazytraining.claims.measures import Measure, jackknife, need, per, rank_correlation
from lazytraining.claims.verdict import Check, Claim, Evidence, Verdict
from lazytraining.config.names import LANDSCAPES
from lazytraining.student import fits


def basins(e: Evidence) -> pd.DataFrame:
    """Width (share below twice the lowest) and depth (rim over lowest) of every plane, with its students' loss."""
    rows = []
    for name in LANDSCAPES:
        losses = e.get("endpoints", name)
        losses = losses[losses["experiment"] == losses["plane"]].groupby("m")["test_loss"].mean()
        for m, surface in principal(e.get("surfaces", name)).groupby("m"):
            wide, deep = fits.basin(surface)
            rows.append({"scaling": name, "m": m, "wide": wide, "deep": deep, "loss": losses[m]})
    need(len(rows) > 0, "three runs of one m in the landscapes that did not diverge")
    return pd.DataFrame(rows)


def principal(surfaces: pd.DataFrame) -> pd.DataFrame:
    """The same surfaces. Raises LackingError if they are not on principal planes."""
    need((surfaces["kind"] == "principal").all(), "landscape.plane: principal")
    return surfaces


def basin_at_smallest(column: str, over: str, under: str) -> Measure:
    """A basin's number of one scaling over the other's, where a power law over m has it at the smallest m."""

    @per("widths")
    def measure(e: Evidence) -> pd.Series:
        table = basins(e)
        table = table[table.groupby("m")["scaling"].transform("size") == len(LANDSCAPES)]
        smallest = np.log(table["m"].min())

        def fitted(part: pd.DataFrame) -> float:
            values = part.pivot(index="m", columns="scaling", values=column)
            line = stats.linregress(
                np.log(values.index.to_numpy(float)), np.log(values[over] / values[under])
            )
            return line.intercept + line.slope * smallest

        return np.exp(jackknife(table, fitted, "m"))

    return measure


def basin_exponent(column: str) -> Measure:
    """Exponent over m of a number of the 1/√m basins."""

    @per("widths")
    def measure(e: Evidence) -> pd.Series:
        table = basins(e)
        table = table[table["scaling"] == "landscape_ntk"]
        return jackknife(
            table, lambda part: fits.slope(part["m"].to_numpy(float), part[column].to_numpy()), "m"
        )

    return measure


@per("widths")
def sharpness_correlation(e: Evidence) -> pd.Series:
    """Rank correlation over m and scaling of how wide a plane is with its students' test loss; jackknifed over m."""
    return jackknife(basins(e), lambda part: rank_correlation(part["wide"], part["loss"]), "m")


def widest(e: Evidence, students: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """At the largest m: the surface of the 1/m plane, and the end points of one scaling on it."""
    surface, points = (e.get(kind, "landscape_mean_field") for kind in ("surfaces", "endpoints"))
    principal(surface)
    m = points.attrs["whole"]["m"][1]
    need(m in set(surface["m"]), "three runs at the largest m in landscape_mean_field that did not diverge")
    own = points[(points["m"] == m) & (points["experiment"] == students) & np.isfinite(points["x"])]
    return surface[surface["m"] == m], own.set_index("seed")


def centre_over(column: str) -> Measure:
    """Height of the centre of the widest 1/m plane over a height at each of its end points."""

    @per("students")
    def measure(e: Evidence) -> pd.Series:
        surface, points = widest(e, "landscape_mean_field")
        return surface["centre_loss"].iloc[0] / points[column]

    return measure


@per("students")
def projection_radius(e: Evidence) -> pd.Series:
    """Distance of each 1/√m projection from the centre, over the mean one of the 1/m students."""
    radius = [
        np.hypot(points["x"], points["y"])
        for points in (widest(e, name)[1] for name in ("landscape_ntk", "landscape_mean_field"))
    ]
    return radius[0] / radius[1].mean()


def projected(column: str, over: str) -> Measure:
    """A column of the 1/√m end points on the widest 1/m plane over another, or over the lowest point."""

    @per("students")
    def measure(e: Evidence) -> pd.Series:
        surface, points = widest(e, "landscape_ntk")
        return points[column] / (surface["test_loss"].min() if over == "lowest" else points[over])

    return measure


@per("students")
def in_plane(e: Evidence) -> pd.Series:
    """Share of each 1/√m student's distance from the centre that is in the widest 1/m plane."""
    return widest(e, "landscape_ntk")[1]["in_plane"]


CLAIMS = [
    Claim(
        "13a",
        "§4.7",
        "At small m landscapes of 1/m are wide, those of 1/√m narrow.",
        "figure_2",
        [
            Check(
                "share of the plane below twice the lowest loss, 1/m over 1/√m, fitted at the smallest m",
                basin_at_smallest("wide", "landscape_mean_field", "landscape_ntk"),
                low=1,
                logarithmic=True,
            )
        ],
        reasons={Verdict.REPRODUCED: "Each plane is as large as its own end points are apart."},
    ),
    Claim(
        "13b",
        "§4.7",
        "At small m landscapes of 1/√m are deeper.",
        "figure_2",
        [
            Check(
                "median of the rim over the lowest loss, 1/√m over 1/m, fitted at the smallest m",
                basin_at_smallest("deep", "landscape_ntk", "landscape_mean_field"),
                low=1,
                logarithmic=True,
            )
        ],
    ),
    Claim(
        "13c",
        "§4.7",
        "As m grows, the depth of 1/√m grows and it gets wider at the bottom.",
        "figure_2",
        [
            Check("exponent of depth over m", basin_exponent("deep"), low=0),
            Check("exponent of width over m", basin_exponent("wide"), low=0),
        ],
        reasons={
            Verdict.PARTLY: "Depth and width are two sides of one number here: the lowest loss on the plane, which rises with m."
        },
    ),
    Claim(
        "14",
        "§4.7",
        "At large m the 1/m landscape has a bump in the middle.",
        "figure_2",
        [
            Check(
                "given this plane: centre over the students' own loss",
                centre_over("test_loss"),
                low=2,
                logarithmic=True,
            ),
            Check(
                "centre over the surface at their projections",
                centre_over("surface_loss"),
                low=1,
                logarithmic=True,
            ),
        ],
        reasons={
            Verdict.REPRODUCED: "The centre is the mean of unrelated networks: their neurons stand in different orders and cancel. It is "
            "no feature of the loss near any one of them.",
            Verdict.PARTLY: "The mean of unrelated networks has a high loss; but the plane is high at the projections too, since "
            "most of the way to each student leads out of it.",
        },
    ),
    Claim(
        "15",
        "§4.7",
        "Students trained with 1/√m end on that bump, where the loss is higher (Figure 6).",
        "figure_6",
        [
            Check(
                "distance of their projections from the centre over that of the 1/m students",
                projection_radius,
                high=0.5,
            ),
            Check(
                "surface at their projections over its lowest point",
                projected("surface_loss", "lowest"),
                low=2,
                logarithmic=True,
            ),
        ],
        artefact=[
            Check("share of their distance from the centre that is in the plane", in_plane, high=0.5),
            Check(
                "their own loss over the surface at their projections",
                projected("test_loss", "surface_loss"),
                high=0.5,
                logarithmic=True,
            ),
        ],
        reasons={
            Verdict.ARTEFACT: "They lie far outside the plane, so their projections fall near its centre; and their own loss is not "
            "the surface's, which has another α."
        },
    ),
    Claim(
        "21",
        "§4.7",
        "Wider minima generalise better.",
        "figure_2",
        [
            Check(
                "rank correlation of width with the students' test loss, jackknifed over m",
                sharpness_correlation,
                high=-0.5,
            )
        ],
        reasons={
            Verdict.NOT: "Width here is the share below twice the lowest loss, so a high lowest loss makes a plane wide."
        },
    ),
]
