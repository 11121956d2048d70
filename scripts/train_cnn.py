"""Train the CNN once.

In: the image set; a job (params).
Out: its row (losses, accuracies and activation patterns at the end) and its curve (a row for each epoch).
"""

from pathlib import Path

import torch

from lazytraining.config.cnn_job import CnnJob
from lazytraining.files import checkpoints, parquet
from lazytraining.models import cnn, images, sgd
from lazytraining.workflow import jobs


def main(snakemake) -> None:
    jobs.start(snakemake)
    params, output = snakemake.params, snakemake.output
    device = jobs.device(snakemake.resources)
    checkpoint = Path(snakemake.log[0]).with_suffix(".checkpoint")
    data = images.read(snakemake.input[0])
    row, curve = sgd.train(CnnJob.of(params.job), data, device, checkpoint, params.code)
    where = {"device": device, "threads": str(torch.get_num_threads())}
    parquet.write(output.curve, curve, cnn.CURVE, **where)
    parquet.write(output.run, [row], cnn.RUN, **where)
    checkpoints.remove(checkpoint)


if __name__ == "__main__":
    main(snakemake)
