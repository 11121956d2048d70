"""The experiment with a CNN, after Chizat, Oyallon and Bach 2019: its layers, its tables, each α's learning rate."""

import pandas as pd
import pyarrow as pa

CHANNELS = (64, 128, 256, 256, 512, 512, 512, 512)
"""Of VGG-11's convolutions."""
POOLED = (1, 2, 4, 6, 8)
"""Convolutions, counted from 1, that a pooling follows. (Their list has one more pooling than a 32 × 32 image allows.)"""
KEYS = ["experiment", "alpha", "learning_rate", "seed"]
GATES = [f"gates_kept_{number}" for number in range(1, len(CHANNELS) + 1)]
CHOICES = [f"choices_kept_{number}" for number in POOLED]
MEASURED = [
    *("train_loss", "test_loss", "train_accuracy", "test_accuracy"),
    *("train_accuracy_frozen", "test_accuracy_frozen", "relative_distance"),
    *GATES,
    *CHOICES,
]
"""What is measured at the end of training; `frozen` is with the activation pattern of w0, what is kept on test images."""
_KEY_FIELDS = [
    pa.field("experiment", pa.string(), nullable=False),
    pa.field("alpha", pa.float64(), nullable=False),
    pa.field("learning_rate", pa.float64(), nullable=False),
    pa.field("seed", pa.int64(), nullable=False),
]
RUN = pa.schema(
    _KEY_FIELDS
    + [("dataset", pa.string()), ("width", pa.float64()), ("images", pa.int64()), ("precision", pa.string())]
    + [("epochs", pa.int64()), ("diverged", pa.bool_())]
    + [(name, pa.float64()) for name in (*MEASURED, "weights_over_xavier", "wall_seconds")]
)
CURVE = pa.schema(
    _KEY_FIELDS
    + [("epoch", pa.int64()), ("rate", pa.float64()), ("train_loss", pa.float64())]
    + [("train_accuracy", pa.float64())]
)
"""`epoch` counts those done; loss and accuracy are means over the epoch's batches, each before its update."""
SUMMARY = pa.schema(
    _KEY_FIELDS[:-1]
    + [("n_seeds", pa.int64()), ("n_diverged", pa.int64())]
    + [(f"{name}_{statistic}", pa.float64()) for name in MEASURED for statistic in ("mean", "std")]
)


def best(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of each α at its best learning rate: the one with the lowest training loss at the end, in the mean over seeds.

    A learning rate at which a seed diverges comes after all others; among such, by the seeds that did not.
    """
    scored = runs.groupby(["experiment", "alpha", "learning_rate"], as_index=False).agg(
        diverged=("diverged", "sum"), loss=("train_loss", "mean")
    )
    order = scored.sort_values(["experiment", "alpha", "diverged", "loss"], na_position="last")
    chosen = order.drop_duplicates(["experiment", "alpha"])[["experiment", "alpha", "learning_rate"]]
    return chosen.merge(runs, on=["experiment", "alpha", "learning_rate"]).sort_values(
        KEYS, ignore_index=True
    )
