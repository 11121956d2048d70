"""Schemas of every table: runs, curves, and what stands beside them."""

import pyarrow as pa

KEYS = ["experiment", "m", "alpha", "tau", "eta", "seed"]
_KEY_TYPES = {"experiment": pa.string(), "m": pa.int64(), "seed": pa.int64()}
KEY_FIELDS = [pa.field(key, _KEY_TYPES.get(key, pa.float64()), nullable=False) for key in KEYS]
LAZINESS = [
    "gap_train",
    "gap_test",
    "kernel_movement",
    "kernel_movement_centred",
    "kernel_turn",
    "feature_alignment",
    "sharpness",
]
"""How lazy a run was: null without `laziness`, NaN where it diverged."""
ALONG = ["gap_train", "gap_test", "kernel_movement"]
"""Those of a curve: null without `laziness: recorded`."""
CURVE = pa.schema(
    KEY_FIELDS
    + [
        ("iteration", pa.int64()),
        ("train_loss", pa.float64()),
        ("test_loss", pa.float64()),
        ("relative_change", pa.float64()),
        ("relative_distance", pa.float64()),
        *((name, pa.float64()) for name in ALONG),
    ]
)
RUN = pa.schema(
    KEY_FIELDS
    + [
        ("symmetrize", pa.bool_()),
        ("precision", pa.string()),
        ("iterations", pa.int64()),
        ("stopped_early", pa.bool_()),
        ("diverged", pa.bool_()),
        ("train_loss_end", pa.float64()),
        ("test_loss_end", pa.float64()),
        ("test_loss_best", pa.float64()),
        ("best_iteration", pa.int64()),
        ("relative_change", pa.float64()),
        ("relative_distance", pa.float64()),
        ("hidden_distance", pa.float64()),
        ("output_distance", pa.float64()),
        ("gate_flips", pa.float64()),
        ("zero_loss", pa.float64()),
        *((name, pa.float64()) for name in LAZINESS),
        ("wall_seconds", pa.float64()),
    ]
)


GROUP = KEYS[:-1]
AVERAGED = [
    "test_loss_end",
    "test_loss_best",
    "train_loss_end",
    "relative_change",
    "relative_distance",
    "hidden_distance",
    "output_distance",
    "gate_flips",
]
"""Columns of runs that a summary averages over seeds."""

STATISTICS = ["mean", "std", "median"]

SUMMARY = pa.schema(
    KEY_FIELDS[:-1]
    + [("n_seeds", pa.int64()), ("n_diverged", pa.int64())]
    + [(f"{column}_{statistic}", pa.float64()) for column in AVERAGED for statistic in STATISTICS]
)
BASELINES = pa.schema(
    KEY_FIELDS
    + [
        ("tangent_train_loss_end", pa.float64()),
        ("tangent_test_loss_end", pa.float64()),
        ("tangent_test_loss_best", pa.float64()),
        ("tangent_momentum_loss_end", pa.float64()),
        ("tangent_fit_loss", pa.float64()),
        ("random_feature_loss", pa.float64()),
        ("zero_loss", pa.float64()),
        ("kappa", pa.float64()),
        ("stable_step", pa.float64()),
    ]
)
"""The tangent model's losses are those at a run's recorded iterations; `tangent_fit_loss` is the least training loss of
all, `tangent_momentum_loss_end` that after as many iterations with momentum, `stable_step` the largest step that does not diverge there."""
_AT = [
    pa.field("sweep", pa.string(), nullable=False),
    ("symmetrize", pa.bool_()),
    ("m", pa.int64()),
    ("alpha", pa.float64()),
    ("tau", pa.float64()),
    ("seed", pa.int64()),
]
THEORY_START = pa.schema(
    [
        *_AT,
        ("kappa", pa.float64()),
        ("gradient_norm", pa.float64()),
        ("gradient_bound", pa.float64()),
        ("stable_step", pa.float64()),
    ]
)
"""At the start; `gradient_bound` is ‖Dh‖ ‖α h − y‖/α. `sweep` is tau, alpha, or how α depends on m: 1/m, 1/sqrt(m) or 1."""
THEORY_STEP = pa.schema(
    [
        *_AT,
        ("eta", pa.float64()),
        ("objective_change", pa.float64()),
        ("objective_estimate", pa.float64()),
        ("differential_change", pa.float64()),
        ("differential_bound", pa.float64()),
        ("output_norm", pa.float64()),
        ("first_norm", pa.float64()),
        ("second_norm", pa.float64()),
    ]
)
"""After one step, beside η ‖∇F‖²/F and η ‖∇F‖ ‖D²h‖/‖Dh‖; and the norms of h, Dh and D²h before. `sweep` is tau or alpha."""
THEORY_LIMIT = pa.schema(
    [
        ("symmetrize", pa.bool_()),
        ("m", pa.int64()),
        ("alpha", pa.float64()),
        ("tau", pa.float64()),
        ("eta", pa.float64()),
        ("seed", pa.int64()),
        ("diverged", pa.bool_()),
        ("iteration", pa.int64()),
        ("distance", pa.float64()),
        ("weight_gap", pa.float64()),
        ("train_gap", pa.float64()),
        ("test_gap", pa.float64()),
        ("gate_flips", pa.float64()),
        ("train_loss", pa.float64()),
        ("tangent_train_loss", pa.float64()),
        ("smallest_rate", pa.float64()),
        ("bound", pa.float64()),
        ("radius", pa.float64()),
    ]
)
"""Towards the lazy limit, at recorded iterations: ‖w − w0‖, ‖w − w̄‖, ‖α h − f̄‖ (root mean square) over ‖y‖ on
training and test inputs; η λ_min(K)/n; and the bound of §3.1 on the gap, with the radius that its condition on α stands for; norms at w0 for Lipschitz constants."""
THEORY_SAMPLE = pa.schema(
    [
        ("d", pa.int64()),
        ("n_train", pa.int64()),
        ("m", pa.int64()),
        ("alpha", pa.float64()),
        ("eta", pa.float64()),
        ("seed", pa.int64()),
        ("diverged", pa.bool_()),
        ("weight_gap", pa.float64()),
        ("test_gap", pa.float64()),
        ("gate_flips", pa.float64()),
    ]
)
"""Towards the lazy limit over the number of training points, at the last iteration; columns as in the lazy limit."""
SPECTRA = pa.schema(
    [
        *KEY_FIELDS,
        ("diverged", pa.bool_()),
        ("output_kept", pa.float64()),
        ("trained_feature_loss", pa.float64()),
        ("index", pa.int64()),
        ("start", pa.float64()),
        ("end", pa.float64()),
    ]
)
"""Singular values of the hidden layer, `index` from 1 on. The same in all rows of a run: ‖a_T‖/‖a_0‖, and the test loss of least squares on
the features that training leaves."""
PATHS = pa.schema(
    [
        pa.field("experiment", pa.string(), nullable=False),
        pa.field("tau", pa.float64(), nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
        ("diverged", pa.bool_()),
        ("iteration", pa.int64()),
        ("neuron", pa.int64()),
        ("x", pa.float64()),
        ("y", pa.float64()),
        ("output", pa.float64()),
        ("train_loss", pa.float64()),
        ("test_loss", pa.float64()),
    ]
)
"""Where neurons are: (x, y) = |a| b, and a. Those of negative number are the teacher's; `diverged` is the student's."""
_MEASURED = [
    "train_loss_end",
    "test_loss_end",
    "tangent_train_loss_end",
    "tangent_test_loss_end",
    "feature_loss",
    "zero_loss",
    "relative_distance",
    "hidden_distance",
    "output_distance",
    "output_kept",
    "weighted_turn",
    "gate_flips",
    "gap_train",
    "gap_test",
    "kernel_movement",
    "kernel_movement_centred",
    "kernel_turn",
    "kappa",
    "sharpening",
    "stable_step_ratio",
    "predicted_time",
    "predicted_hidden",
    "predicted_output",
    "predicted_kernel",
]
PHASE_KEYS = ["experiment", "m", "coupling", "symmetrize", "seed"]
PHASE = pa.schema(
    [
        pa.field("experiment", pa.string(), nullable=False),
        pa.field("m", pa.int64(), nullable=False),
        pa.field("coupling", pa.float64(), nullable=False),
        pa.field("symmetrize", pa.bool_(), nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
        ("n_train", pa.int64()),
        ("iterations", pa.int64()),
        ("time", pa.float64()),
        ("stopped", pa.bool_()),
        ("at_rest", pa.bool_()),
        ("diverged", pa.bool_()),
        *((name, pa.float64()) for name in _MEASURED),
        ("regime", pa.string()),
        ("wall_seconds", pa.float64()),
    ]
)
"""A cell of a phase diagram. `feature_loss` is that of least squares on the trained features, `output_kept` ‖a_T‖/‖a_0‖, `sharpening`
the largest λ_max of the kernel on the way over the first, `stable_step_ratio` the largest stable step of descent over 2n/λ_max at the start,
at one m alone; `predicted_*` is said by the start alone. All measures are of
`student.phase`; null where the flow diverged."""
PHASE_AVERAGED = [name for name in _MEASURED if name != "zero_loss"]
PHASE_SUMMARY = pa.schema(
    list(PHASE)[:4]
    + [("n_seeds", pa.int64()), ("n_diverged", pa.int64())]
    + [(f"{name}_{statistic}", pa.float64()) for name in PHASE_AVERAGED for statistic in STATISTICS]
    + [("regime", pa.string()), ("regime_share", pa.float64())]
)
"""`regime` is that of most seeds, `regime_share` how many of them are in it."""
SURFACE = pa.schema(
    KEY_FIELDS[:-1]
    + [("x", pa.float64()), ("y", pa.float64()), ("test_loss", pa.float64())]
    + [(f"{name}centre_loss", pa.float64()) for name in ("", "aligned_", "permuted_")]
    + [("explained", pa.float64()), ("kind", pa.string())]
)
"""`centre_loss` is the test loss at the mean of the end points, or at the one that a filter-normalised plane goes through: an even grid has no
point there. `aligned_centre_loss` is that of their mean with neurons in the order that goes best with the first one's,
`permuted_centre_loss` of as many copies of the first one with neurons in random orders. `explained` the share of the end
points' variance along the plane; `kind` which plane it is."""
ENDPOINTS = pa.schema(
    [
        *KEY_FIELDS,
        pa.field("plane", pa.string(), nullable=False),
        ("diverged", pa.bool_()),
        ("x", pa.float64()),
        ("y", pa.float64()),
        ("in_plane", pa.float64()),
        ("test_loss", pa.float64()),
        ("test_loss_plane_alpha", pa.float64()),
        ("surface_loss", pa.float64()),
    ]
)
CLAIMS = pa.schema(
    [(name, pa.string()) for name in ("id", "section", "quote", "claim", "measured")]
    + [(name, pa.float64()) for name in ("value", "low", "high", "chance")]
    + [(name, pa.string()) for name in ("criterion", "criterion_set", "verdict", "reason", "figure")]
)
"""`value`, `low` and `high` are those of a claim's first check; `measured` has them all. `quote` has the note's own words; `chance` how
likely samples so far from the bounds are by chance, at the bound that the verdict hangs on most; `criterion_set` when the criterion was set,
empty if before its runs."""
