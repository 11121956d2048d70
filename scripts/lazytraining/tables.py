"""Schemas of what stands beside runs: summaries over seeds, baselines, landscapes."""

import pyarrow as pa

from lazytraining.records import KEY_FIELDS, KEYS

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
"""Columns of run.parquet that a summary averages over seeds."""

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
        ("random_feature_loss", pa.float64()),
        ("zero_loss", pa.float64()),
        ("kappa", pa.float64()),
    ]
)
"""The tangent model's losses are those at a run's recorded iterations."""
SURFACE = pa.schema(KEY_FIELDS[:-1] + [("x", pa.float64()), ("y", pa.float64()), ("test_loss", pa.float64())])
ENDPOINTS = pa.schema(
    [
        *KEY_FIELDS,
        pa.field("plane", pa.string(), nullable=False),
        ("x", pa.float64()),
        ("y", pa.float64()),
        ("in_plane", pa.float64()),
        ("test_loss", pa.float64()),
        ("test_loss_plane_alpha", pa.float64()),
        ("surface_loss", pa.float64()),
    ]
)
