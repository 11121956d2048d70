"""Test loss on the planes of one landscape: the final weights of one experiment at one m.

In: rows and weights of the experiment's seeds, and of the other landscape's at the same m (or of their stacks, which have
other m too). Out: the surface (a grid) and the end points (every student projected onto the plane), of the plane that the
configuration asks for and of the same students with their neurons aligned.
"""

import math

import numpy as np
from jaxtyping import Float

from lazytraining.files import parquet, schemas
from lazytraining.student import landscape, problem
from lazytraining.workflow import jobs


def measure(
    runs: list[dict], vectors: Float[np.ndarray, "k p"], data: problem.Problem, group: dict, chosen: dict
) -> tuple[list[dict], list[dict]]:
    """Rows of the surface and of the end points.

    `runs` are rows of runs, `vectors` (k, p) their final weights, `chosen` the configured plane, grid and extent.

    Diverged students span no plane; with fewer than three others there is none, the surface has no
    rows and the end points have no coordinates.
    """
    x, y = data.x_test, data.y_test
    own = np.array([run["experiment"] == group["experiment"] and not run["diverged"] for run in runs])
    own_loss = [
        float(landscape.loss_at(vector[None], run["alpha"], x, y)[0])
        for vector, run in zip(vectors, runs, strict=True)
    ]
    endpoints = {"plane": [group["experiment"]] * len(runs), "test_loss": own_loss}
    endpoints["diverged"] = [run["diverged"] for run in runs]
    endpoints["test_loss_plane_alpha"] = landscape.loss_at(vectors, group["alpha"], x, y).tolist()
    names = ("x", "y", "in_plane", "surface_loss")
    endpoints |= {name: [math.nan] * len(runs) for name in names}
    surface = []
    if own.sum() >= 3:
        first, d = int(own.argmax()), x.shape[1]
        ordered = landscape.aligned(vectors, vectors[first], d)
        copies = landscape.permuted(vectors[first], d, int(own.sum()), runs[first]["seed"])
        centres = {
            "centre_loss": vectors[own],
            "aligned_centre_loss": ordered[own],
            "permuted_centre_loss": copies,
        }
        if chosen["plane"] == "aligned":
            vectors = ordered
        if chosen["plane"] == "filter_normalized":
            plane = landscape.filter_normalized_plane(vectors[first], d, runs[first]["seed"])
            centres["centre_loss"] = vectors[first][None]
        else:
            plane = landscape.principal_plane(vectors[own])
        explained = landscape.explained_variance(plane, vectors[own])
        cells = landscape.grid_coordinates(plane, chosen["grid"], chosen["extent"])
        losses = landscape.loss_on(plane, cells, group["alpha"], x, y)
        means = np.stack([part.mean(0) for part in centres.values()])
        heights = landscape.loss_at(means, group["alpha"], x, y).tolist()
        shared = group | dict(zip(centres, heights, strict=True))
        shared |= {"explained": explained, "kind": chosen["plane"]}
        surface = [
            shared | {"x": cell_x, "y": cell_y, "test_loss": loss}
            for (cell_x, cell_y), loss in zip(cells.tolist(), losses.tolist(), strict=True)
        ]
        places, in_plane = landscape.project(plane, vectors)
        below = landscape.loss_on(plane, places, group["alpha"], x, y)
        values = (places[:, 0], places[:, 1], in_plane, below)
        endpoints |= {name: value.tolist() for name, value in zip(names, values, strict=True)}
    columns = zip(*endpoints.values(), strict=True)
    keys = [{name: run[name] for name in schemas.KEYS} for run in runs]
    rows = [key | dict(zip(endpoints, row, strict=True)) for key, row in zip(keys, columns, strict=True)]
    return surface, rows


def main(snakemake) -> None:
    jobs.start(snakemake)
    params = snakemake.params
    runs, vectors = [], []
    for path, weights in zip(snakemake.input.runs, snakemake.input.weights, strict=True):
        for run in parquet.read([path], schemas.RUN).to_pylist():
            if run["m"] == params.run["m"]:
                runs.append(run)
                vectors.append(parquet.weights_of(weights, run)[1].ravel().astype(float))
    data = problem.make_problem(**params.problem)
    group = {name: params.run[name] for name in schemas.GROUP}
    chosen, out = params.landscape, snakemake.output
    for plane, *paths in (
        (chosen["plane"], out.surface, out.endpoints),
        ("aligned", out.aligned_surface, out.aligned_endpoints),
    ):
        tables = measure(runs, np.stack(vectors), data, group, chosen | {"plane": plane})
        for path, rows, schema in zip(paths, tables, (schemas.SURFACE, schemas.ENDPOINTS), strict=True):
            parquet.write(path, rows, schema)


if __name__ == "__main__":
    main(snakemake)
