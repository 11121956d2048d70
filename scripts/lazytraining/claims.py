"""The claims of the note, each with what decides it. Quantities are in `measures`, verdicts in `ledger`.

"Large τ" is τ ≥ 10; "lazy" means that neither layer moves by more than a tenth of its norm.
"""

import numpy as np

from lazytraining import measures as m
from lazytraining.ledger import Check, Claim, Verdict

_YES, _PARTLY, _NO, _ARTEFACT = Verdict.REPRODUCED, Verdict.PARTLY, Verdict.NOT, Verdict.ARTEFACT
_MOVES = "relative movement of the layer that moves more, at the largest τ"

_SMOOTH = "exponent over α at which no gate has switched"
_SWITCHING = "exponent over α at which gates switch, root mean square over seeds"
_LAW = (
    "ReLU's differential jumps at a gate, so it is not locally Lipschitz, as §3 assumes. A step of order 1/α switches a "
    "share of order 1/α of the gates, and each changes the scaled output by something of order 1: in mean square the "
    "outputs' gap is of order α^(-1/2), and that of the weights, which divides by α once more, α^(-3/2)."
)


def _q(name: str, column: str) -> Check:
    return Check("q", m.level_exponent(name, column), 1.75, 2.25)


def _described(name: str, column: str) -> Check:
    return Check("R² of the level lines", m.level_exponent(name, column, "explained"), low=0.8)


CLAIMS = [
    # Figure 1
    Claim(
        "1a",
        "§4.2",
        "In the lazy run of Figure 1 the weights change little, in the other one much.",
        "figure_1",
        [
            Check(
                "S at the end, τ = 2 over τ = 0.1",
                m.trajectory_ratio("relative_change"),
                high=0.5,
                logarithmic=True,
            )
        ],
        reasons={
            _YES: "S divides by the size of each initial weight, so a start twenty times larger is most of the ratio."
        },
    ),
    Claim(
        "1b",
        "§4.2",
        "In the lazy run the weights settle quickly.",
        "figure_1",
        [
            Check(
                "share of S that the last fifth of the run adds, τ = 2",
                m.late_movement(True),
                high=0.05,
            )
        ],
        reasons={_YES: "Most of the way is gone at once: it is the output layer's way to 0."},
    ),
    Claim(
        "1c",
        "§4.2",
        "In the non-lazy run the weights change throughout training.",
        "figure_1",
        [
            Check(
                "share of S that the last fifth of the run adds, τ = 0.1",
                m.late_movement(False),
                low=0.05,
            )
        ],
        reasons={_NO: "Early stopping ends the run where the test loss stalls, and so do the weights."},
    ),
    Claim(
        "19",
        "§4.2",
        "The run at τ = 2 in Figure 1, not symmetrised, is lazy.",
        "figure_1",
        [Check(_MOVES, m.most_movement("trajectory"), high=0.1)],
        reasons={
            _NO: "The output layer goes to nearly 0 to cancel h(w0), of order τ²; the symmetrised run at the same τ, "
            "which has nothing to cancel, is lazy."
        },
    ),
    Claim(
        "19b",
        "ours",
        "The run that is lazy at τ = 2 is the symmetrised one.",
        "figure_1",
        [Check(_MOVES, m.most_movement("trajectory_symmetrized"), high=0.1)],
        reasons={_YES: "With h(w0) = 0 there is nothing to cancel."},
    ),
    # Convergence
    Claim(
        "2a",
        "§4.2, §5.2",
        "Lazy training converges faster, at the step rule that all τ share.",
        "theory",
        [
            Check(
                f"iterations to {share:g} of the initial training loss, largest τ over τ = 0.1",
                m.slower_by(share, "first"),
                high=1,
                logarithmic=True,
            )
            for share in (1e-1, 1e-2)
        ],
        reasons={
            _NO: "Linear convergence has the rate of the tangent kernel's small eigenvalues, and they are tiny; a "
            "network that learns the teacher's few directions needs none of them."
        },
    ),
    Claim(
        "2b",
        "§4.2, §5.2",
        "Lazy training converges faster, each τ at its best step.",
        "theory",
        [
            Check(
                f"iterations to {share:g} of the initial training loss, largest τ over τ = 0.1",
                m.slower_by(share, "best"),
                high=1,
                logarithmic=True,
            )
            for share in (1e-1, 1e-2)
        ],
        reasons={
            _NO: "As at equal step: no stable step makes up for the spread of the tangent kernel's eigenvalues."
        },
    ),
    Claim(
        "2c",
        "§4.2",
        "In Figure 1 the lazy run is done earlier.",
        "figure_1",
        [
            Check(
                "iterations before early stopping, τ = 2 over τ = 0.1",
                m.trajectory_ratio("iterations"),
                high=1,
                logarithmic=True,
            )
        ],
        reasons={_NO: "It stops later, in the published figure too."},
    ),
    Claim(
        "25",
        "§3.2",
        "With Dh(w0) of full rank, the training loss converges at least linearly in the lazy limit.",
        "theory",
        [
            Check(
                "largest relative distance of the training loss from the tangent model's",
                m.off_linear_rate,
                high=1e-3,
            ),
            Check(
                "late rate of ln L over that of the smallest eigenvalue", m.late_rate, low=1, logarithmic=True
            ),
        ],
        premises=[Check("η λ_min/n", m.smallest_rate, low=1e-12, logarithmic=True)],
        reasons={
            _YES: "The loss is the closed form's, a sum of exponentials. That of the smallest eigenvalue is so slow that it "
            "is not seen within the run."
        },
    ),
    # Plateaus
    Claim(
        "3a",
        "§3.3, §4.3",
        "Without symmetrisation the test loss has a plateau at large τ (Figure 3).",
        "figure_3",
        [Check("largest over least end loss at large τ, minus 1", m.unevenness("plateau"), high=0.05)],
        reasons={
            _YES: "With η ∝ 1/τ² a run at large τ does not depend on τ but through y/τ², which vanishes."
        },
    ),
    Claim(
        "3b",
        "§4.3",
        "The loss on that plateau is higher than at small τ.",
        "figure_3",
        [Check("plateau over the least loss of all τ", m.excess("plateau"), low=1.2, logarithmic=True)],
        reasons={_YES: "Random features do not know the teacher's directions."},
    ),
    Claim(
        "4",
        "§3.3, §4.3",
        "The plateau of Figure 3 is lazy training.",
        "figure_3",
        [
            Check(_MOVES, m.most_movement("plateau"), high=0.1),
            Check(
                "relative distance of its loss from the tangent model's",
                m.off_baseline("plateau", "tangent_test_loss_end"),
                high=0.05,
            ),
        ],
        artefact=[
            Check("movement of the output layer", m.output_movement("plateau"), low=0.9),
            Check(
                "relative distance of its loss from least squares on random features",
                m.off_baseline("plateau", "random_feature_loss"),
                high=0.05,
            ),
        ],
        reasons={
            _ARTEFACT: "To cancel h(w0) the output layer collapses and the hidden layer hardly turns: what is left is "
            "least squares on random features. The tangent model's loss grows like τ⁴."
        },
    ),
    Claim(
        "5a",
        "§3.3, §4.3",
        "With symmetrisation there is a plateau too (Figure 4).",
        "figure_4",
        [
            Check(
                "largest over least end loss at large τ, minus 1",
                m.unevenness("plateau_symmetrized"),
                high=0.05,
            )
        ],
    ),
    Claim(
        "5b",
        "§3.3, §4.3",
        "It starts at a lower τ than without.",
        "figure_4",
        [Check("start of the plateau, with over without", m.earlier_start, high=1, logarithmic=True)],
        reasons={_YES: "But the two are plateaus of different things: see claims 4 and 6."},
    ),
    Claim(
        "6",
        "§3.3, §4.3",
        "The plateau of Figure 4 is lazy training.",
        "figure_4",
        [
            Check(_MOVES, m.most_movement("plateau_symmetrized"), high=0.1),
            Check(
                "relative distance of its loss from the tangent model's",
                m.off_baseline("plateau_symmetrized", "tangent_test_loss_end"),
                high=0.01,
            ),
        ],
        reasons={_YES: "Every curve there is the tangent model's, from its closed form."},
    ),
    # The criterion
    Claim(
        "7a",
        "§3.3, A.1",
        "Without symmetrisation κ is constant at large τ.",
        "theory",
        [
            Check(
                "exponent of κ over τ at large τ",
                m.start_exponent("kappa", "tau", False, m.LARGE),
                -0.01,
                0.01,
            )
        ],
        reasons={_YES: "By 2-homogeneity, up to y/τ², which vanishes."},
    ),
    Claim(
        "7b",
        "§3.3",
        "As κ has levelled off at a small value there, the model is in the lazy regime.",
        "theory",
        [Check(_MOVES, m.most_movement("plateau"), high=0.1)],
        premises=[Check("κ at the largest τ", m.plateau_kappa, high=0.1, logarithmic=True)],
        reasons={
            _NO: "κ weighs the curvature against the largest singular value of Dh(w0), while how far w has to go is decided "
            "by the small ones."
        },
    ),
    Claim(
        "7c",
        "§3.3",
        "With symmetrisation κ is smaller.",
        "theory",
        [Check("κ with over without, at the largest τ", m.kappa_symmetrised, high=0.1, logarithmic=True)],
        reasons={_YES: "By homogeneity: with h(w0) = 0 it falls as τ⁻² and has no level."},
    ),
    Claim(
        "26",
        "§1.1",
        "κ falls as α grows.",
        "theory",
        [
            Check("exponent of κ over α, symmetrised", m.start_exponent("kappa", "alpha", True), high=-0.5),
            Check(
                "exponent of κ over α, not symmetrised", m.start_exponent("kappa", "alpha", False), high=-0.5
            ),
        ],
        reasons={_PARTLY: "Only if h(w0) = 0: else ‖α h(w0) − y‖ grows with α, and κ has a level as over τ."},
    ),
    Claim(
        "16",
        "§1.1, §4.7",
        "E κ is at most m^(-1/2) + 1/(m α(m)).",
        "theory",
        [
            Check(
                f"largest ratio over m of the mean of κ to the bound, α = {name}",
                m.kappa_over_bound(sweep),
                high=1,
            )
            for name, sweep in (("1/m", "1/m"), ("1/√m", "1/sqrt(m)"), ("1", "1"))
        ],
        reasons={
            _YES: "For α = 1/m it levels off, for the others it falls as m^(-1/2), but for a slow growth of ‖D²h‖, which is "
            "a maximum over neurons."
        },
    ),
    Claim(
        "20a",
        "§1.1",
        "In the lazy regime one step changes the objective far more than the differential.",
        "theory",
        [Check("Δ(F)/Δ(Dh), symmetrised, largest τ", m.one_step(True, True), low=10, logarithmic=True)],
        reasons={_YES: "At equal Δ(F), Δ(Dh) falls as τ⁻²."},
    ),
    Claim(
        "20b",
        "§1.1",
        "Outside it, it does not.",
        "theory",
        [Check("Δ(F)/Δ(Dh), symmetrised, smallest τ", m.one_step(True, False), high=1, logarithmic=True)],
    ),
    Claim(
        "22a",
        "§5.1",
        "Larger initial weights give larger gradients.",
        "theory",
        [
            Check(
                f"exponent of ‖∇F(w0)‖ over τ at large τ, {name}",
                m.start_exponent("gradient_norm", "tau", start, m.LARGE),
                low=0.5,
            )
            for name, start in (("not symmetrised", False), ("symmetrised", True))
        ],
        reasons={_YES: "By homogeneity, as τ³ where h(w0) is not 0 and as τ where it is."},
    ),
    Claim(
        "22b",
        "§5.1",
        "So that larger steps would be appropriate at larger τ.",
        "theory",
        [
            Check(
                "exponent over τ of the largest stable step",
                m.start_exponent("stable_step", "tau", False),
                low=0,
            )
        ],
        reasons={
            _NO: "By homogeneity the curvature grows as τ², so the largest stable step falls as τ⁻²: the rule min(10, 0.1/τ²) follows it."
        },
    ),
    # The lazy limit
    Claim(
        "17a",
        "§3.1",
        "‖w_α(T) − w0‖ = O(1/α) with h(w0) = 0.",
        "theory",
        [Check(_SMOOTH, m.smooth_exponent("distance"), high=-0.95)],
    ),
    Claim(
        "17b",
        "§3.1",
        "‖w_α(T) − w̄_α(T)‖ = O(1/α²).",
        "theory",
        [
            Check(_SMOOTH, m.smooth_exponent("weight_gap"), high=-1.95),
            Check(_SWITCHING, m.switching_exponent("weight_gap"), high=-1.95),
        ],
        reasons={_PARTLY: f"So it is where no gate switches. {_LAW}"},
    ),
    Claim(
        "17c",
        "§3.1, §3.2",
        "The gap between the model's outputs and the tangent model's is O(1/α).",
        "theory",
        [
            Check(f"{_SMOOTH}, training inputs", m.smooth_exponent("train_gap"), high=-0.95),
            Check(f"{_SWITCHING}, test inputs", m.switching_exponent("test_gap"), high=-0.95),
        ],
        reasons={_PARTLY: f"So it is where no gate switches. {_LAW}"},
    ),
    Claim(
        "17d",
        "ours",
        "Where gates switch, these gaps are of order α^(-3/2) and α^(-1/2) in mean square.",
        "theory",
        [
            Check(f"{_SWITCHING}, weights", m.switching_exponent("weight_gap"), -1.65, -1.35),
            Check(f"{_SWITCHING}, test inputs", m.switching_exponent("test_gap"), -0.65, -0.35),
        ],
        reasons={_YES: _LAW},
    ),
    Claim(
        "17g",
        "ours",
        "With a symmetrised start the outputs' gap is smaller, O(1/α²).",
        "theory",
        [
            Check(
                f"{_SMOOTH}, training inputs",
                m.smooth_exponent("train_gap", symmetrize=True),
                high=-1.95,
            )
        ],
        reasons={
            _YES: "In mirrored neurons (a, b) and (−a, b), a moves alike and b oppositely, so the second-order terms of "
            "h cancel in pairs. Only where no gate switches."
        },
    ),
    Claim(
        "17e",
        "§3.2",
        "The gap stays O(1/α) for all times.",
        "theory",
        [
            Check(
                f"{_SMOOTH}, of its supremum over iterations, training inputs",
                m.smooth_exponent("train_gap", supremum=True),
                high=-0.95,
            )
        ],
        reasons={_YES: "Within the iterations of the run, and where no gate switches."},
    ),
    Claim(
        "17f",
        "§3.1",
        "The gap grows at most as the square of the horizon.",
        "theory",
        [
            Check("exponent over the last decade of iterations", m.horizon_exponent, high=2),
            Check("largest gap over the bound, training inputs", m.gap_over_bound, high=1, logarithmic=True),
        ],
        reasons={
            _YES: "The bound holds and is orders of magnitude too large: the gap grows far more slowly."
        },
    ),
    # Figure 5
    Claim(
        "8a",
        "§3.4, §4.4",
        "At convergence, equal losses lie on α ∝ τ^(-q) with q = 2.",
        "figure_5",
        [
            _q("tau_alpha_converged", "test_loss_end"),
            Check(
                "median spread of the losses of cells with one α τ²",
                m.spread_at_equal_scale(np.median),
                high=1e-4,
            ),
            Check("largest spread", m.spread_at_equal_scale(np.max), high=0.1),
        ],
        premises=[_described("tau_alpha_converged", "test_loss_end")],
        reasons={
            _YES: "An identity of 2-homogeneity at every iteration, if η/α depends on α τ² alone; what spread there is is "
            "rounding that training has amplified. It says nothing about κ."
        },
    ),
    Claim(
        "8b",
        "§4.4",
        "So they do in the experiment as the text describes it.",
        "figure_5",
        [_q("tau_alpha_text", "test_loss_end")],
        premises=[_described("tau_alpha_text", "test_loss_end")],
        reasons=dict.fromkeys(
            (_NO, _PARTLY), "η/α is not a function of α τ² there, and small steps stop early."
        ),
    ),
    Claim(
        "8c",
        "§4.4",
        "So they do in the experiment as it was published.",
        "figure_5",
        [_q("tau_alpha_code", "test_loss_best")],
        premises=[_described("tau_alpha_code", "test_loss_best")],
        reasons=dict.fromkeys(
            (_NO, _PARTLY), "The step falls with α³: cells of large α hardly train, whatever their α τ²."
        ),
    ),
    Claim(
        "9a",
        "§4.4",
        "The published Figure 5 shows the loss at convergence.",
        "figure_5",
        [Check("share of cells above the zero predictor's loss", m.share_above_zero, high=0.05)],
        artefact=[
            Check("share of cells above the zero predictor's loss", m.share_above_zero, low=0.3),
            Check("best over initial loss in those cells, median", m.best_over_initial, low=0.5),
        ],
        reasons={_ARTEFACT: "It shows the size of h(w0): most cells are nearly where they started."},
    ),
    Claim(
        "9b",
        "§4.4",
        "Early stopping as the text has it means convergence.",
        "figure_5",
        [
            Check(
                "share of cells a quarter above the converged loss at their α τ²",
                m.unconverged_share,
                high=0.05,
            )
        ],
        reasons={
            _NO: "Where η/α is small the loss improves too slowly for the rule, which looks at 100 iterations."
        },
    ),
    # Step size
    Claim(
        "10a",
        "§5.1",
        "With one step size for all τ Figure 3 is inverted (best throughout).",
        "figure_7",
        [
            Check(
                "rank correlation of the best loss with τ, one step size",
                m.rise_with_tau("fixed_step", "test_loss_best"),
                high=-0.5,
            ),
            Check(
                "rank correlation of the best loss with τ ≤ 10, Figure 3",
                m.rise_with_tau("plateau", "test_loss_best", 10.0),
                low=0.5,
            ),
        ],
    ),
    Claim(
        "10b",
        "§5.1",
        "So is Figure 4.",
        "figure_7",
        [
            Check(
                "rank correlation of the best loss with τ, one step size",
                m.rise_with_tau("fixed_step_symmetrized", "test_loss_best"),
                high=-0.5,
            ),
            Check(
                "rank correlation of the best loss with τ ≤ 10, Figure 4",
                m.rise_with_tau("plateau_symmetrized", "test_loss_best", 10.0),
                low=0.5,
            ),
        ],
        reasons={
            _YES: "By how far training has come: with a fixed step, small τ has hardly moved when it ends."
        },
    ),
    Claim(
        "11a",
        "§5.1",
        "Figure 3 returns with smaller steps at smaller τ.",
        "step_size",
        [
            Check(
                "rank correlation of the end loss with τ along η = 0.005 min(1, τ)",
                m.rise_along(lambda tau: 0.005 * np.minimum(1, tau)),
                low=0.5,
            )
        ],
        reasons={_NO: "Small τ needs larger steps, not smaller ones: the gradient there is of order τ."},
    ),
    Claim(
        "11b",
        "§5.1",
        "The other reading: it returns with larger steps at smaller τ.",
        "step_size",
        [
            Check(
                "rank correlation of the end loss with τ along η = min(10, 0.1/τ²)",
                m.rise_along(lambda tau: np.minimum(10, 0.1 / tau**2)),
                low=0.5,
            )
        ],
    ),
    # Width
    Claim(
        "12a",
        "§4.5",
        "With α = 1/√m generalisation is lost as m grows.",
        "width",
        [Check("exponent of the test loss over m ≥ 8", m.width_exponent("width_ntk"), low=0.1)],
    ),
    Claim(
        "12b",
        "§4.5",
        "With α = 1/m it is not.",
        "width",
        [Check("exponent of the test loss over m ≥ 8", m.width_exponent("width_mean_field"), high=0.1)],
        reasons={
            _NO: "It rises too, from about 8 neurons on, which are best with either scaling; but to a lower level."
        },
    ),
    Claim(
        "12c",
        "§4.5",
        "At large m, 1/m generalises better.",
        "width",
        [Check("test loss at the largest m, 1/√m over 1/m", m.width_ratio, low=1, logarithmic=True)],
    ),
    Claim(
        "27",
        "§1.1, §4.7",
        "With 1/√m training gets lazier as m grows, with 1/m it does not.",
        "landscape_ntk",
        [
            Check(
                "exponent over m of the relative distance, 1/√m",
                m.width_exponent("landscape_ntk", "relative_distance", 1),
                high=-0.25,
            ),
            Check(
                "exponent over m of the relative distance, 1/m",
                m.width_exponent("landscape_mean_field", "relative_distance", 1),
                low=-0.25,
            ),
        ],
    ),
    # Landscapes
    Claim(
        "13a",
        "§4.7",
        "At small m landscapes of 1/m are wide, those of 1/√m narrow.",
        "figure_2",
        [
            Check(
                "share of the plane below twice the lowest loss, 1/m over 1/√m, fitted at the smallest m",
                m.basin_at_smallest("wide", "landscape_mean_field", "landscape_ntk"),
                low=1,
                logarithmic=True,
            )
        ],
        reasons={_YES: "Each plane is as large as its own end points are apart."},
    ),
    Claim(
        "13b",
        "§4.7",
        "At small m landscapes of 1/√m are deeper.",
        "figure_2",
        [
            Check(
                "median of the rim over the lowest loss, 1/√m over 1/m, fitted at the smallest m",
                m.basin_at_smallest("deep", "landscape_ntk", "landscape_mean_field"),
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
            Check("exponent of depth over m", m.basin_exponent("deep"), low=0),
            Check("exponent of width over m", m.basin_exponent("wide"), low=0),
        ],
        reasons={
            _PARTLY: "Depth and width are two sides of one number here: the lowest loss on the plane, which rises with m."
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
                m.centre_over("test_loss"),
                low=2,
                logarithmic=True,
            ),
            Check(
                "centre over the surface at their projections",
                m.centre_over("surface_loss"),
                low=1,
                logarithmic=True,
            ),
        ],
        reasons={
            _YES: "The centre is the mean of unrelated networks: their neurons stand in different orders and cancel. It is "
            "no feature of the loss near any one of them.",
            _PARTLY: "The mean of unrelated networks has a high loss; but the plane is high at the projections too, since "
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
                m.projection_radius,
                high=0.5,
            ),
            Check(
                "surface at their projections over its lowest point",
                m.projected("surface_loss", "lowest"),
                low=2,
                logarithmic=True,
            ),
        ],
        artefact=[
            Check("share of their distance from the centre that is in the plane", m.in_plane, high=0.5),
            Check(
                "their own loss over the surface at their projections",
                m.projected("test_loss", "surface_loss"),
                high=0.5,
                logarithmic=True,
            ),
        ],
        reasons={
            _ARTEFACT: "They lie far outside the plane, so their projections fall near its centre; and their own loss is not "
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
                m.sharpness_correlation,
                high=-0.5,
            )
        ],
        reasons={
            _NO: "Width here is the share below twice the lowest loss, so a high lowest loss makes a plane wide."
        },
    ),
    # Population loss, few neurons, neurons in the plane, spectra
    Claim(
        "28",
        "ours",
        "Descent on the population loss ends higher when it is lazy (Chizat, Oyallon and Bach 2019).",
        "population",
        [
            Check(
                "population loss at the largest τ over the least",
                m.over_least("population_loss", "train_loss_end"),
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
                m.over_least("underparameterized", "train_loss_end"),
                low=2,
                logarithmic=True,
            ),
            Check(
                "relative distance from the tangent model's training loss",
                m.off_baseline("underparameterized", "tangent_train_loss_end", "train_loss_end"),
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
            Check("distance over initial size, largest τ", m.paths_moved(True), high=0.5, logarithmic=True),
            Check("distance over initial size, smallest τ", m.paths_moved(False), low=2, logarithmic=True),
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
                m.rank_left("plateau", False),
                high=0.5,
                logarithmic=True,
            ),
            Check("the same, largest τ", m.rank_left("plateau", True), low=0.9, logarithmic=True),
            Check(
                "the same, symmetrised, smallest τ",
                m.rank_left("plateau_symmetrized", False),
                high=0.5,
                logarithmic=True,
            ),
            Check(
                "the same, symmetrised, largest τ",
                m.rank_left("plateau_symmetrized", True),
                low=0.9,
                logarithmic=True,
            ),
        ],
    ),
    # The CNN
    Claim(
        "23",
        "§5.3",
        "The CNN of Chizat, Oyallon and Bach is initialised with large weights.",
        "cnn",
        [
            Check(
                "initial weights over those of Xavier's rule, standard deviation", m.initial_weights, low=1.5
            )
        ],
        reasons={
            _NO: "Their experiment uses Xavier's rule with gain 1, as here. What makes it lazy is α, the factor on the output."
        },
    ),
    Claim(
        "31a",
        "ours",
        "The CNN classifies worse in the lazy regime (Chizat, Oyallon and Bach 2019).",
        "cnn",
        [
            Check(
                f"{name} accuracy at the largest α less that at α = 1",
                m.change_to_largest_alpha(column),
                high=0,
            )
            for name, column in (("test", "test_accuracy"), ("training", "train_accuracy"))
        ],
    ),
    Claim(
        "31b",
        "ours",
        "At large α it is the network with the activation pattern of its start, at small α not (Chizat, Oyallon and Bach 2019).",
        "cnn",
        [
            Check("difference of their test accuracies, largest α", m.frozen_gap(None), high=0.005),
            Check("difference of their test accuracies, α = 1", m.frozen_gap(1.0), low=0.05),
        ],
    ),
    Claim(
        "31c",
        "ours",
        "The larger α, the more activations stay as they were (Chizat, Oyallon and Bach 2019).",
        "cnn",
        [
            Check(
                "rank correlation over α of the share of gates as at the start", m.kept_with_alpha, low=0.8
            ),
            Check("share as at the start in the layer that keeps least, largest α", m.least_kept, low=0.99),
        ],
    ),
]
