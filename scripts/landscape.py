"""Test loss on the plane of one landscape: the final weights of one experiment at one m.

In: weights.npz of the experiment's seeds, and of the other landscape experiments at the same m.
Out: surface.parquet (the grid) and endpoints.parquet (every student projected onto the plane),
with the plane's explained variance in the files' metadata.
"""

import numpy as np
import torch

from lazytraining import jobs, landscape, problem, records


def main(snakemake) -> None:
    jobs.start(snakemake.log[0])
    params = snakemake.params
    data = problem.make_problem(**params.problem)
    x, y = torch.from_numpy(data.x_test), torch.from_numpy(data.y_test)
    vectors = torch.stack(
        [torch.from_numpy(np.load(path)["end"][0]).double() for path in snakemake.input.weights]
    )
    own = [run["experiment"] == snakemake.wildcards.experiment for run in params.runs]
    plane = landscape.principal_plane(vectors[own])
    group = next(run for run, mine in zip(params.runs, own, strict=True) if mine)
    group = {name: group[name] for name in records.GROUP}

    coordinates = landscape.grid_coordinates(plane, params.grid, params.extent)
    losses = landscape.loss_at(landscape.lift(plane, coordinates), group["alpha"], x, y)
    explained = {"explained_variance": " ".join(f"{share:.6g}" for share in plane.explained.tolist())}
    rows = [
        group | {"x": cx, "y": cy, "test_loss": loss}
        for (cx, cy), loss in zip(coordinates.tolist(), losses.tolist(), strict=True)
    ]
    records.write(snakemake.output.surface, rows, records.SURFACE, **explained)

    coordinates, in_plane = landscape.project(plane, vectors)
    below = landscape.loss_at(landscape.lift(plane, coordinates), group["alpha"], x, y)
    same_alpha = landscape.loss_at(vectors, group["alpha"], x, y)
    rows = []
    for i, run in enumerate(params.runs):
        rows.append(
            run
            | {
                "plane": group["experiment"],
                "x": coordinates[i, 0].item(),
                "y": coordinates[i, 1].item(),
                "in_plane": in_plane[i].item(),
                "test_loss": landscape.loss_at(vectors[i : i + 1], run["alpha"], x, y).item(),
                "test_loss_plane_alpha": same_alpha[i].item(),
                "surface_loss": below[i].item(),
            }
        )
    records.write(snakemake.output.endpoints, rows, records.ENDPOINTS, **explained)


if __name__ == "__main__":
    main(snakemake)
