"""Claims of the phase diagram on synthetic cells, for them and against them."""

import itertools

import numpy as np
import pandas as pd
import pytest

from lazytraining.claims import phase, verdict
from lazytraining.claims.verdict import Evidence, Verdict

COUPLINGS, WIDTHS = np.geomspace(0.1, 1e4, 11), [5, 40, 200, 1000]
SAID = {"predicted_output": "output_distance", "predicted_kernel": "kernel_movement"}


def cell(m: int, g: float, symmetrize: bool, seed: int) -> dict:
    """As the claims say: movement by g alone, a window at the largest m, a collapse at the smallest."""
    noise = 1 + 1e-3 * seed
    lazy = g > 15 and m > 100 and (symmetrize or g < 200)
    collapses = not symmetrize and m < 10 and g > 100
    moved = 4 / g
    return {
        "m": m,
        "coupling": g,
        "symmetrize": symmetrize,
        "seed": seed,
        "n_train": 100,
        "diverged": False,
        "regime": "lazy" if lazy else "random features" if collapses else "crossover",
        "kernel_movement": moved * min(1, g**-0.3) * noise,
        "predicted_kernel": moved * min(1, g**-0.3),
        "output_distance": (1 if collapses else moved) * noise,
        "predicted_output": (0.9 if collapses else moved) * noise,
        "relative_distance": moved * noise,
        "kappa": (0.05 if collapses else 2 / g) * noise,
        "gap_test": (m**-0.5 / g if symmetrize else 1e-3 * g) * noise,
        "sharpening": (1 + 4 / g) * noise,
        "stable_step_ratio": min(g, 1) * noise if m == 40 else np.nan,
    }


CELLS = pd.DataFrame([cell(*key) for key in itertools.product(WIDTHS, COUPLINGS, [True, False], range(3))])


def verdict_of(id: str, cells: pd.DataFrame) -> str:
    (claim,) = [claim for claim in phase.CLAIMS if claim.id == id]
    note = cells.assign(kappa=cells["kappa"] / 2)
    collapsed = cells[(cells["m"] == 5) & ~cells["symmetrize"]]
    start = collapsed.rename(columns={"coupling": "tau"}).assign(sweep="tau")
    evidence = Evidence(phase={"phase_plane": cells, phase.NOTE: note}, theory={"start": start})
    return verdict.entry(claim, evidence)["verdict"]


@pytest.mark.parametrize("claim", phase.CLAIMS, ids=lambda claim: claim.id)
def test_cells_as_a_claim_says_reproduce_it(claim):
    assert verdict_of(claim.id, CELLS) == Verdict.REPRODUCED


NOISE = 1 + 1e-3 * CELLS["seed"]
AGAINST = {
    "40a": {"kernel_movement": CELLS["m"] / CELLS["coupling"] * NOISE},
    "40b": {"kernel_movement": CELLS["m"] ** 2 / CELLS["coupling"] ** 3 * NOISE},
    "40c": {"gap_test": NOISE},
    "41a": {
        "regime": np.where(CELLS["m"] == 5, "lazy", "crossover"),
        "gap_test": np.where(CELLS["symmetrize"], 1.0, 0.01) * NOISE,
    },
    "41b": {"regime": "lazy"},
    "42a": {said: 1 / (100 * CELLS[measured]) for said, measured in SAID.items()},
    "42b": {"predicted_output": 0.1 * NOISE, "output_distance": 0.1 * NOISE, "kappa": 2 * NOISE},
    "43a": {"stable_step_ratio": np.where(CELLS["m"] == 40, 0.5, np.nan) * NOISE},
    "43b": {"sharpening": np.where(CELLS["coupling"] < 1, 1.0, 20.0) * NOISE},
}


@pytest.mark.parametrize("id", AGAINST)
def test_other_cells_do_not(id):
    assert verdict_of(id, CELLS.assign(**AGAINST[id])) == Verdict.NOT


def test_the_constant_of_kappa_is_that_of_each_plane():
    evidence = Evidence(phase={"phase_plane": CELLS, phase.NOTE: CELLS.assign(kappa=CELLS["kappa"] * 0.4)})
    ours, note, ratio = (check.measure(evidence).values for check in phase.CLAIMS[-1].checks)
    np.testing.assert_allclose(ours, 0.5)
    np.testing.assert_allclose(note, 0.2)
    np.testing.assert_allclose(ratio, 0.4)
    evidence.phase[phase.NOTE] = CELLS
    assert verdict.entry(phase.CLAIMS[-1], evidence)["verdict"] == Verdict.PARTLY


def test_without_the_other_start_nothing_is_decided():
    assert verdict_of("41a", CELLS[CELLS["symmetrize"]]) == Verdict.OPEN
    assert verdict_of("40a", CELLS.assign(diverged=True)) == Verdict.OPEN
    assert verdict_of("43a", CELLS.assign(stable_step_ratio=np.nan)) == Verdict.OPEN


def test_the_window_is_from_the_first_lazy_cell_to_the_last():
    found = phase.lazy_decades(symmetrize=False, largest=True)(Evidence(phase={"phase_plane": CELLS})).values
    lazy = COUPLINGS[(COUPLINGS > 15) & (COUPLINGS < 200)]
    assert found.to_list() == pytest.approx([np.log10(lazy[-1] / lazy[0])] * 3)
