"""Loss landscapes, Figures 2 and 6 (§4.7)."""

import numpy as np
import pandas as pd

from lazytraining.claims.measures import Measure, at_extreme, measures_per, need, per
from lazytraining.claims.verdict import AFTER_BOTH, AFTER_PAPER, Check, Claim, Evidence, Verdict
from lazytraining.config.names import LANDSCAPES, scaling


def need_principal(surfaces: pd.DataFrame) -> None:
    """Raises LackingError unless the surfaces are on principal planes."""
    need((surfaces["kind"] == "principal").all(), "landscape.plane: principal")


def centres(e: Evidence, name: str) -> pd.DataFrame:
    """Each student of a scaling's planes: the height of its plane's centre, plain, aligned and of permuted copies, over its own loss."""
    surfaces, points = (e.get(kind, name) for kind in ("surfaces", "endpoints"))
    need_principal(surfaces)
    points = points[points["experiment"] == name].set_index(["m", "seed"])["test_loss"]
    planes = surfaces.groupby("m")[["centre_loss", "aligned_centre_loss", "permuted_centre_loss"]].first()
    found = planes.join(points, how="inner")
    need(len(found) > 0, f"three runs of one m in {name} that did not diverge")
    over = found.drop(columns="test_loss").div(found["test_loss"], axis=0).reset_index()
    over.attrs["whole"] = {"m": e.get("endpoints", name).attrs["whole"]["m"]}
    return over


def centre_at(name: str, column: str) -> Measure:
    """Height of a centre over each student's own loss, at the largest m."""
    return per("students")(lambda e: at_extreme(centres(e, name), column, "m"))


@per("students")
def bump_grows(e: Evidence) -> pd.Series:
    """Centre over own loss with 1/m, largest m over smallest."""
    table = centres(e, "landscape_mean_field")
    return (
        at_extreme(table, "centre_loss", "m") / at_extreme(table, "centre_loss", "m", largest=False)
    ).dropna()


@per("students")
def least_bump(e: Evidence) -> pd.Series:
    """Least centre over own loss of any m and scaling."""
    tables = pd.concat([centres(e, name) for name in LANDSCAPES])
    return tables.groupby("seed")["centre_loss"].min()


@per("planes")
def permuted_over_plain(e: Evidence) -> pd.Series:
    """Height of the centre of permuted copies of one student over that of different students, of each m and scaling."""
    tables = pd.concat([centres(e, name) for name in LANDSCAPES], keys=LANDSCAPES, names=["scaling", None])
    planes = tables.groupby(["scaling", "m"]).first()
    return planes["permuted_centre_loss"] / planes["centre_loss"]


def widest(e: Evidence, students: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """At the largest m: the surface of the 1/m plane, and the end points of one scaling on it."""
    surface, points = (e.get(kind, "landscape_mean_field") for kind in ("surfaces", "endpoints"))
    need_principal(surface)
    m = points.attrs["whole"]["m"][1]
    need(m in set(surface["m"]), "three runs at the largest m in landscape_mean_field that did not diverge")
    own = points[(points["m"] == m) & (points["experiment"] == students) & np.isfinite(points["x"])]
    return surface[surface["m"] == m], own.set_index("seed")


@per("students")
def projection_radius(e: Evidence) -> pd.Series:
    """Distance of each 1/√m projection from the centre, over the mean one of the 1/m students."""
    radius = [
        np.hypot(points["x"], points["y"])
        for points in (widest(e, name)[1] for name in ("landscape_ntk", "landscape_mean_field"))
    ]
    return radius[0] / radius[1].mean()


@measures_per("students")
def projected(e: Evidence, column: str, over: str) -> pd.Series:
    """A column of the 1/√m end points on the widest 1/m plane over another, or over the lowest point."""
    surface, points = widest(e, "landscape_ntk")
    return points[column] / (surface["test_loss"].min() if over == "lowest" else points[over])


@per("students")
def in_plane(e: Evidence) -> pd.Series:
    """Share of each 1/√m student's distance from the centre that is in the widest 1/m plane."""
    return widest(e, "landscape_ntk")[1]["in_plane"]


_CENTRE = "centre of the plane over the students' own loss, largest m"
CLAIMS = [
    Claim(
        "31a",
        "§4.7",
        "With 1/m a bump appears in the middle as m grows, with 1/√m there is none.",
        "figure_2",
        [
            Check(
                "centre over the students' own loss with 1/m, largest m over smallest",
                bump_grows,
                low=1,
                scale="log",
            ),
            Check(f"{_CENTRE}, 1/√m", centre_at("landscape_ntk", "centre_loss"), high=2, scale="log"),
        ],
        quote="as m increases significantly a small bump keeps appearing in the middle of the loss landscape",
        whole=True,
        reasons={
            Verdict.NOT: "It is there with both scalings and at every m (claim 31b). With 1/m its height hardly changes: the ratio falls because "
            "small students fit better."
        },
        criterion_set=AFTER_BOTH,
    ),
    Claim(
        "31b",
        "ours",
        "The bump is there with both scalings and at every m.",
        "figure_2",
        [Check("least centre over a student's own loss, of all planes", least_bump, low=2, scale="log")],
        reasons={
            Verdict.REPRODUCED: "The centre is the mean of networks whose neurons stand in different orders: see claims 31c and 31d. All planes share "
            "one data set; the interval is over its students."
        },
        criterion_set=AFTER_PAPER,
    ),
    Claim(
        "31c",
        "ours",
        "At large m the bump goes away if neurons are aligned before they are averaged (Entezari et al. 2021, Ainsworth, Hayase and Srinivasa "
        "2022).",
        "figure_2",
        [
            Check(
                f"{_CENTRE}, aligned, {scaling(name)}",
                centre_at(name, "aligned_centre_loss"),
                high=2,
                scale="log",
            )
            for name in LANDSCAPES
        ],
        reasons={Verdict.REPRODUCED: "Wide students are in one basin, up to the order of their neurons."},
        criterion_set=AFTER_BOTH,
    ),
    Claim(
        "31d",
        "ours",
        "Copies of one student with their neurons in another order have the same bump.",
        "figure_2",
        [
            Check(
                "centre of permuted copies over that of the students, of all planes",
                permuted_over_plain,
                0.5,
                2,
                scale="log",
            )
        ],
        reasons={
            Verdict.REPRODUCED: "So the bump says nothing of the loss near any one of them. All planes share one data set."
        },
        criterion_set=AFTER_BOTH,
    ),
    Claim(
        "33",
        "§4.7",
        "Students trained with 1/√m end on that bump, where the loss is higher (Figure 6).",
        "figure_6",
        [
            Check(
                "distance of their projections from the centre over that of the 1/m students",
                projection_radius,
                high=0.5,
                scale="log",
            ),
            Check(
                "surface at their projections over its lowest point",
                projected("surface_loss", "lowest"),
                low=2,
                scale="log",
            ),
        ],
        artefact=[
            Check(
                "share of their distance from the centre that is in the plane",
                in_plane,
                high=0.5,
                scale="log",
            ),
            Check(
                "their own loss over the surface at their projections",
                projected("test_loss", "surface_loss"),
                high=0.5,
                scale="log",
            ),
        ],
        quote="the models with 1/√m scaling converge at the bump location where the loss is higher",
        reasons={
            Verdict.ARTEFACT: "They lie far outside the plane, so their projections fall near its centre; and their own loss is not "
            "the surface's, which has another α."
        },
    ),
]
