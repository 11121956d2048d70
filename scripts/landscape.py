"""Test loss on the plane of one landscape: the final weights of one experiment at one m.

In: run.parquet and weights.npz of the experiment's seeds, and of the other landscape's at the same m.
Out: surface.parquet (the grid) and endpoints.parquet (every student projected onto the plane),
with the plane's explained variance in the files' metadata.
"""

import math

import numpy as np
import torch

from lazytraining import jobs, landscape, problem, records, tables


def measure(
    runs: list[dict], vectors: torch.Tensor, data: problem.Problem, group: dict, grid: int, extent: float
) -> tuple[list[dict], list[dict], dict[str, str]]:
    """Rows of the surface and of the end points, and the plane's explained variance.

    `runs` are rows of run.parquet and `vectors` (k, p) their final weights.

    Diverged students span no plane; with fewer than three others there is none, the surface has no
    rows and the end points have no coordinates.
    """
    x, y = torch.from_numpy(data.x_test), torch.from_numpy(data.y_test)
    own = torch.tensor([run["experiment"] == group["experiment"] and not run["diverged"] for run in runs])
    own_loss = [
        landscape.loss_at(vector[None], run["alpha"], x, y).item()
        for vector, run in zip(vectors, runs, strict=True)
    ]
    endpoints = {"plane": [group["experiment"]] * len(runs), "test_loss": own_loss}
    endpoints["test_loss_plane_alpha"] = landscape.loss_at(vectors, group["alpha"], x, y).tolist()
    names = ("x", "y", "in_plane", "surface_loss")
    endpoints |= {name: [math.nan] * len(runs) for name in names}
    surface, explained = [], {}
    if own.sum() >= 3:
        plane = landscape.principal_plane(vectors[own])
        explained = {"explained_variance": " ".join(f"{share:.6g}" for share in plane.explained.tolist())}
        cells = landscape.grid_coordinates(plane, grid, extent)
        losses = landscape.loss_at(landscape.lift(plane, cells), group["alpha"], x, y)
        surface = [
            group | {"x": cell_x, "y": cell_y, "test_loss": loss}
            for (cell_x, cell_y), loss in zip(cells.tolist(), losses.tolist(), strict=True)
        ]
        places, in_plane = landscape.project(plane, vectors)
        below = landscape.loss_at(landscape.lift(plane, places), group["alpha"], x, y)
        values = (places[:, 0], places[:, 1], in_plane, below)
        endpoints |= {name: value.tolist() for name, value in zip(names, values, strict=True)}
    columns = zip(*endpoints.values(), strict=True)
    keys = [{name: run[name] for name in records.KEYS} for run in runs]
    rows = [key | dict(zip(endpoints, row, strict=True)) for key, row in zip(keys, columns, strict=True)]
    return surface, rows, explained


def main(snakemake) -> None:
    jobs.start(snakemake.log[0])
    params = snakemake.params
    runs = [records.read([path], records.RUN).to_pylist()[0] for path in snakemake.input.runs]
    vectors = [torch.from_numpy(np.load(path)["end"].ravel()).double() for path in snakemake.input.weights]
    data = problem.make_problem(**params.problem)
    group = {name: params.run[name] for name in tables.GROUP}
    measured = measure(runs, torch.stack(vectors), data, group, params.grid, params.extent)
    surface, endpoints, explained = measured
    records.write(snakemake.output.surface, surface, tables.SURFACE, **explained)
    records.write(snakemake.output.endpoints, endpoints, tables.ENDPOINTS, **explained)


if __name__ == "__main__":
    main(snakemake)
