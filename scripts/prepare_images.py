"""An image set as one file of arrays, fetched first if it has to be.

In: the name of the data set and the folder that it is kept in (params).
Out: DATASET.npz with x_train, y_train, x_test, y_test, and mean and deviation of each channel.
"""

import os
import sys
from pathlib import Path

from lazytraining.models import images
from lazytraining.workflow import jobs


def main(snakemake) -> None:
    terminal = os.dup(sys.stderr.fileno())
    jobs.start(snakemake)
    output = Path(snakemake.output[0])
    try:
        images.save(images.load(snakemake.wildcards.dataset, output.parent), output)
    except images.LackingImagesError as error:
        os.write(terminal, f"{error}\n".encode())
        sys.exit(str(error))


if __name__ == "__main__":
    main(snakemake)
