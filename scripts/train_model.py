"""Train a torch module and its tangent twin, at every scale and step size of one seed.

In: a job (params), and a user's own files. Out: a row for each run, its curve, and its layers.
"""

import sys

import torch

from lazytraining.config.errors import ConfigError
from lazytraining.config.model_job import ModelJob
from lazytraining.files import parquet, progress
from lazytraining.models import lazy, loading, tables
from lazytraining.workflow import jobs


def main(snakemake) -> None:
    jobs.start(snakemake)
    job, output = ModelJob(**snakemake.params.job), snakemake.output
    torch.set_num_threads(snakemake.threads)
    try:
        network, points = loading.load(job)
    except ConfigError as error:
        jobs.say(f"Configuration: experiments.{job.experiment}.{error}")
        sys.exit(1)
    with progress.bar(lazy.updates(job)) as bar:
        runs, curves, layers = lazy.train(job, network, points, bar.update)
    parquet.write(output.layers, layers, tables.LAYERS)
    parquet.write(output.curve, curves, tables.CURVE)
    parquet.write(output.run, runs, tables.RUN)


if __name__ == "__main__":
    main(snakemake)
