"""The tables of experiments with any module."""

import numpy as np
import pandas as pd
import pyarrow as pa

KEYS = ["experiment", "alpha", "tau", "eta", "seed"]
_KEY_TYPES = {"experiment": pa.string(), "seed": pa.int64()}
KEY_FIELDS = [pa.field(key, _KEY_TYPES.get(key, pa.float64()), nullable=False) for key in KEYS]
MEASURED = [
    *("train_loss_end", "test_loss_end", "train_accuracy", "test_accuracy"),
    *("twin_train_loss", "twin_test_loss", "twin_train_accuracy", "twin_test_accuracy"),
    *("gap_train", "gap_test", "kernel_movement", "kernel_movement_centred", "kernel_turn"),
    *(
        "kernel_movement_predicted",
        "kernel_alignment_start",
        "kernel_alignment",
        "feature_alignment",
        "gate_flips",
    ),
    *("gates_kept", "choices_kept", "test_loss_frozen", "test_accuracy_frozen"),
    *(
        "relative_distance",
        "weight_gap",
        "objective_change",
        "differential_change",
        "kappa_from_below",
        "euler_degree",
    ),
]
"""What a run measures. Accuracies are null for a regression; gates and choices where there is no ReLU and no max pooling. `gate_flips` is on
kernel points; `*_kept` and `*_frozen` are on test points, the former in the mean over layers, the latter with the pattern of w0 (`models.pattern`)."""
RUN = pa.schema(
    KEY_FIELDS
    + [(name, pa.string()) for name in ("step", "model", "data", "task", "loss", "precision")]
    + [("centre", pa.bool_())]
    + [
        (name, pa.int64())
        for name in (
            *("parameters", "outputs", "n_train", "n_test"),
            *("asked_iterations", "asked_recorded", "iterations"),
        )
    ]
    + [("diverged", pa.bool_()), ("regime", pa.string())]
    + [
        (name, pa.float64())
        for name in (*MEASURED, "derivative_norm", "curvature_from_below", "zero_loss", "wall_seconds")
    ]
)
CURVE = pa.schema(
    KEY_FIELDS
    + [("iteration", pa.int64())]
    + [
        (name, pa.float64())
        for name in ("train_loss", "test_loss", "train_accuracy", "test_accuracy")
        + ("twin_train_loss", "twin_test_loss", "twin_train_accuracy", "twin_test_accuracy")
        + ("gap_train", "gap_test", "relative_distance", "weight_gap")
    ]
)
LAYER_MEASURED = ("relative_distance", "feature_alignment", "gates_kept", "choices_kept")
LAYERS = pa.schema(
    KEY_FIELDS
    + [
        ("number", pa.int64()),
        ("layer", pa.string()),
        *((name, pa.float64()) for name in LAYER_MEASURED),
    ]
)
"""Each layer's own movement, the CKA of its features, and what is kept of the pattern of ReLUs and poolings after it; `number` from 1 on."""
SUMMARY = pa.schema(
    KEY_FIELDS[:-2]
    + [("step", pa.string()), ("eta_mean", pa.float64()), ("n_seeds", pa.int64()), ("n_diverged", pa.int64())]
    + [("regime", pa.string()), ("n_lazy", pa.int64())]
    + [(name, pa.float64()) for name in ("lazy_from", "lazy_from_low", "lazy_from_high")]
    + [(f"{name}_{statistic}", pa.float64()) for name in MEASURED for statistic in ("mean", "std")]
)
"""`regime` is that of most seeds; `lazy_from` the smallest α from which on all are lazy: its upper median, least and greatest over seeds."""


def recorded(iterations: int, count: int) -> list[int]:
    """0, geometrically spaced iterations, nine tenths of all and the last: about `count`."""
    spaced = np.rint(np.geomspace(1, iterations, count - 2))
    return np.union1d(spaced, [0, np.rint(0.9 * iterations), iterations]).astype(int).tolist()


def best(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of each (α, τ) at its best step size: the one with the lowest training loss at the end, in the mean over seeds.

    A step size at which a seed diverges comes after all others; among such, by the seeds that did not.
    """
    place = ["experiment", "alpha", "tau"]
    scored = runs.groupby([*place, "step"], as_index=False).agg(
        diverged=("diverged", "sum"), loss=("train_loss_end", "mean")
    )
    order = scored.sort_values([*place, "diverged", "loss"], na_position="last")
    chosen = order.drop_duplicates(place)[[*place, "step"]]
    return chosen.merge(runs, on=[*place, "step"]).sort_values(KEYS, ignore_index=True)
