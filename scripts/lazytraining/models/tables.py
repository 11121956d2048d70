"""The tables of experiments with any module."""

import numpy as np
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
    *(
        "relative_distance",
        "weight_gap",
        "objective_change",
        "differential_change",
        "kappa_from_below",
        "euler_degree",
    ),
]
"""What a run measures; accuracies are null for a regression, gates where there is no ReLU."""
RUN = pa.schema(
    KEY_FIELDS
    + [(name, pa.string()) for name in ("step", "model", "data", "task", "loss", "precision")]
    + [("centre", pa.bool_())]
    + [
        (name, pa.int64())
        for name in ("parameters", "outputs", "n_train", "n_test", "asked_iterations", "iterations")
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
LAYERS = pa.schema(
    KEY_FIELDS
    + [
        ("number", pa.int64()),
        ("layer", pa.string()),
        ("relative_distance", pa.float64()),
        ("feature_alignment", pa.float64()),
    ]
)
"""Each layer's own movement and the CKA of its features; `number` from 1 on."""
SUMMARY = pa.schema(
    KEY_FIELDS[:-2]
    + [("step", pa.string()), ("eta_mean", pa.float64()), ("n_seeds", pa.int64()), ("n_diverged", pa.int64())]
    + [("regime", pa.string()), ("n_lazy", pa.int64())]
    + [(name, pa.float64()) for name in ("lazy_from", "lazy_from_low", "lazy_from_high")]
    + [(f"{name}_{statistic}", pa.float64()) for name in MEASURED for statistic in ("mean", "std")]
)
"""`regime` is that of most seeds; `lazy_from` the smallest α from which on all are lazy: its median, least and greatest over seeds."""


def recorded(iterations: int) -> list[int]:
    """0 to 10, about fifty geometrically spaced iterations up to the last, and the last."""
    spaced = np.rint(np.geomspace(10, max(iterations, 10), 50)).astype(int)
    wanted = np.union1d(np.arange(11), spaced)
    return np.union1d(wanted[wanted <= iterations], [iterations]).tolist()
