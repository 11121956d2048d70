"""Train a torch module and its tangent twin, at every scale and step size of one seed.

In: a job (params), and a user's own files. Out: a row for each run, its curve, and its layers.
"""

import sys
from pathlib import Path

import torch

from lazytraining.config.errors import ConfigError
from lazytraining.config.model_job import ModelJob
from lazytraining.files import checkpoints, parquet, progress
from lazytraining.models import lazy, loading, tables
from lazytraining.workflow import jobs


def main(snakemake) -> None:
    jobs.start(snakemake)
    params, output = snakemake.params, snakemake.output
    job, device = ModelJob(**params.job), jobs.device(snakemake.resources)
    checkpoint = Path(snakemake.log[0]).with_suffix(".checkpoint")
    torch.set_num_threads(snakemake.threads)
    try:
        network, points = loading.load(job, device)
    except ConfigError as error:
        jobs.say(f"Configuration: experiments.{job.experiment}.{error}")
        sys.exit(1)
    with progress.bar(lazy.updates(job)) as bar:
        runs, curves, layers = lazy.train(job, network, points, bar.update, checkpoint, params.code)
    where = {"device": device, "threads": str(torch.get_num_threads())}
    parquet.write(output.layers, layers, tables.LAYERS, **where)
    parquet.write(output.curve, curves, tables.CURVE, **where)
    parquet.write(output.run, runs, tables.RUN, **where)
    checkpoints.remove(checkpoint)


if __name__ == "__main__":
    main(snakemake)
