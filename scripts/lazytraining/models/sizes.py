"""Sizes of a job's module and data, or what is wrong with them, for the process that starts jobs: as JSON, from a process of its own,
because a user's module is code.

In: a job as JSON on standard input. Out: its sizes, or {"error": one line}, on the last line.
"""

import json
import sys

from lazytraining.config.errors import ConfigError
from lazytraining.config.model_job import ModelJob
from lazytraining.models import loading


def sizes(job: ModelJob) -> dict[str, int]:
    """Weights, activations and outputs for each point, points, and numbers in the data. Raises ConfigError."""
    network, points = loading.load(job)
    return {
        "parameters": len(network.weights),
        "activations": network.activations,
        "outputs": network.outputs_each,
        "n_train": len(points.x_train),
        "n_test": len(points.x_test),
        "numbers": points.x_train.numel() + points.x_test.numel(),
    }


if __name__ == "__main__":
    try:
        found = sizes(ModelJob(**json.load(sys.stdin)))
    except ConfigError as error:
        found = {"error": str(error)}
    print(json.dumps(found))
