"""Claims of the landscapes and of the width, on evidence for them and against them."""

import itertools

import numpy as np
import pandas as pd
import pytest
from evidence import SEEDS, runs, verdict_of

from lazytraining.claims.verdict import Evidence, Verdict
from lazytraining.config import names


def planes(
    bump: float,
    in_plane: float,
    own: float,
    aligned: float = 1.0,
    permuted: float = 1.0,
    small: float = 1.0,
    grid: int = 9,
) -> Evidence:
    """1/m and 1/√m landscapes at two m: a wide bowl with a bump in the middle, `small` times as high at the smaller m, and students beside
    it. `aligned` is the centre of aligned students, `permuted` that of permuted copies over the bump's."""
    axis = np.linspace(-2, 2, grid)
    surfaces, endpoints = {}, {}
    for name in names.LANDSCAPES:
        table = pd.DataFrame([{"m": m, "x": x, "y": y} for m in (8, 64) for x in axis for y in axis])
        radius = np.hypot(table["x"], table["y"])
        table["test_loss"] = 1 + 0.1 * radius**2 + bump * np.exp(-40 * radius**2)
        centre = (1 + bump) * np.where(table["m"] == 8, small, 1)
        heights = {"aligned_centre_loss": aligned, "permuted_centre_loss": permuted * centre}
        surfaces[name] = table.assign(kind="principal", centre_loss=centre, **heights)
        rows = []
        for m, seed in itertools.product((8, 64), SEEDS):
            angle = 2 * seed
            for ours, away, height in (("landscape_mean_field", 1.5, 1.0), ("landscape_ntk", 0.3, 1 + bump)):
                place = {"x": away * np.cos(angle), "y": away * np.sin(angle), "surface_loss": height}
                loss = 1.0 if ours == name else own * height
                student = {"in_plane": in_plane * (1 + 0.01 * seed), "test_loss": loss * (1 + 1e-3 * seed)}
                rows.append({"plane": name, "experiment": ours, "m": m, "seed": seed} | place | student)
        endpoints[name] = pd.DataFrame(rows)
    return Evidence(surfaces=surfaces, endpoints=endpoints)


def test_students_on_the_bump_are_there_or_only_seem_to_be():
    assert verdict_of("33", planes(bump=9, in_plane=0.9, own=1.0)) == Verdict.REPRODUCED
    assert verdict_of("33", planes(bump=9, in_plane=0.1, own=0.1)) == Verdict.ARTEFACT
    assert verdict_of("33", planes(bump=-0.5, in_plane=0.9, own=1.0)) == Verdict.PARTLY


def test_a_bump_is_judged_at_every_m_and_by_the_order_of_the_neurons():
    everywhere = planes(bump=9, in_plane=0.9, own=1.0, small=2)
    assert verdict_of("31a", everywhere) == Verdict.NOT
    assert [verdict_of(id, everywhere) for id in ("31b", "31c", "31d")] == 3 * [Verdict.REPRODUCED]
    as_said = planes(bump=9, in_plane=0.9, own=1.0, small=0.1)
    as_said.surfaces["landscape_ntk"]["centre_loss"] = 1.0
    assert verdict_of("31a", as_said) == Verdict.REPRODUCED
    assert verdict_of("31b", as_said) == Verdict.NOT
    assert verdict_of("31c", planes(bump=9, in_plane=0.9, own=1.0, aligned=5)) == Verdict.NOT
    assert verdict_of("31d", planes(bump=9, in_plane=0.9, own=1.0, permuted=0.1)) == Verdict.NOT
    for table in everywhere.surfaces.values():
        table["kind"] = "aligned"
    assert verdict_of("31b", everywhere) == Verdict.OPEN


@pytest.mark.parametrize("grid", [2, 5, 6, 9])
def test_a_bump_is_one_whether_or_not_a_point_of_the_grid_is_on_it(grid):
    assert verdict_of("31b", planes(bump=9, in_plane=0.9, own=1.0, grid=grid)) == Verdict.REPRODUCED
    assert verdict_of("31b", planes(bump=-0.9, in_plane=0.9, own=1.0, grid=grid)) == Verdict.NOT


def widths(mean_field: float, ntk: float, exponent: float, loss: float) -> Evidence:
    """Sharpness of both scalings at m = 4, and its exponent over m with 1/√m; the test loss goes with sharpness to the power `loss`."""
    tables = {}
    for name, first, power in (("width_mean_field", mean_field, 0.0), ("width_ntk", ntk, exponent)):
        tables[name] = runs(
            name,
            m=[4, 32, 64, 128],
            sharpness=lambda row, seed, first=first, power=power: (
                first * (row["m"] / 4) ** power * (1 + 1e-3 * seed + 1e-4 * row["m"])
            ),
        )
        tables[name]["test_loss_end"] = tables[name]["sharpness"] ** loss
    return Evidence(runs=tables)


def test_wide_is_a_small_curvature_at_each_student():
    as_said = widths(mean_field=1, ntk=100, exponent=-0.5, loss=1)
    assert [verdict_of(id, as_said) for id in ("30a", "30b", "30c", "32")] == 4 * [Verdict.REPRODUCED]
    otherwise = widths(mean_field=100, ntk=1, exponent=0.5, loss=-1)
    assert [verdict_of(id, otherwise) for id in ("30a", "30b", "30c", "32")] == 4 * [Verdict.NOT]


def test_generalisation_over_m_is_judged_by_a_sign_test_from_six_data_sets_on():
    def losses(power: float, seeds: int) -> Evidence:
        table = pd.concat([widths(1, 1, 0, 1).runs["width_ntk"].assign(seed=seed) for seed in range(seeds)])
        table = table.drop_duplicates(["seed", "m"]).assign(test_loss_end=lambda t: t["m"] ** power)
        return Evidence(runs={"width_ntk": table, "width_mean_field": table.assign(test_loss_end=1.0)})

    assert verdict_of("28a", losses(0.5, 5)) == Verdict.OPEN
    assert verdict_of("28a", losses(0.5, 6)) == Verdict.REPRODUCED
    assert verdict_of("28b", losses(0.5, 6)) == verdict_of("28c", losses(0.5, 6)) == Verdict.REPRODUCED
    assert verdict_of("28a", losses(-0.5, 6)) == Verdict.NOT
