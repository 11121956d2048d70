"""The loops that bench.py times: the engine, its matrix products alone, what one writes first, and JAX.

Each takes data, a start, and whether the displacement is trained, and gives a function of iterations.
"""

import time
from collections.abc import Callable

import numpy as np
import torch

from lazytraining.student import descent, gpu, problem
from lazytraining.student.network import Weights
from lazytraining.student.students import Students

Loop = Callable[[int], int | None]
"""Does about so many iterations; how many, if not that many."""


def engine(data: problem.Problem, start: Weights, displaced: bool) -> Loop:
    """A descent under way: recording is as dense as in the middle of a long run."""
    students = Students(start, 1.0, 0.01, displaced=displaced)
    run = descent.Descent(students=students, data=data, iterations=10**6)

    def advance(iterations: int) -> int:
        first = run.iteration
        while run.iteration < first + iterations:
            run.advance()
        return run.iteration - first

    advance(2000)
    return advance


def products(data: problem.Problem, start: Weights, displaced: bool) -> Loop:
    """The matrix products of an iteration, of both inputs and of the gradient, by NumPy's library."""
    stack, m, d = start.hidden.shape
    hidden, dtype = start.hidden.reshape(-1, d), start.hidden.dtype
    inputs = np.vstack([data.x_train, data.x_test]).T.astype(dtype, order="C")
    x_train, features = data.x_train.astype(dtype), np.empty((stack * m, inputs.shape[1]), dtype)
    gated = np.random.default_rng(0).standard_normal((stack * m, len(x_train))).astype(dtype)
    gradient = np.empty_like(hidden)

    def run(iterations: int) -> None:
        for _ in range(iterations):
            np.matmul(hidden, inputs, out=features)
            np.matmul(gated, x_train, out=gradient)

    return run


def gpu_engine(data: problem.Problem, start: Weights, displaced: bool) -> Loop:
    """Iterations with both losses, on a GPU."""
    made = gpu.Engine(Students(start, 1.0, 0.01, displaced=displaced), data, None)

    def run(iterations: int) -> None:
        made.run(iterations, True, True)

    return run


def gpu_products(data: problem.Problem, start: Weights, displaced: bool) -> Loop:
    """The same products on a GPU, as many in one graph as its engine has."""
    made = gpu.Engine(Students(start, 1.0, 0.01, displaced=displaced), data, None)
    gated = torch.randn_like(made.gated)

    def iterations() -> None:
        torch.matmul(made.hidden, made.inputs, out=made.features)
        torch.matmul(gated, made.points, out=made.gradient)

    iterations()  # libraries allocate on first use, which a capture forbids
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(gpu.GRAPHED[0]):
            iterations()

    def run(count: int) -> int:
        replays = -(-count // gpu.GRAPHED[0])
        for _ in range(replays):
            graph.replay()
        torch.cuda.synchronize()
        return replays * gpu.GRAPHED[0]

    return run


def plain_loop(data: problem.Problem, start: Weights, displaced: bool) -> Loop:
    """What one writes first: autograd, an optimiser, both losses and the weights each iteration."""
    arrays = (data.x_train, data.y_train, data.x_test, data.y_test)
    x_train, y_train, x_test, y_test = (
        torch.from_numpy(array.astype(start.hidden.dtype)) for array in arrays
    )
    hidden, output = (torch.nn.Parameter(torch.from_numpy(part[0].copy())) for part in start)
    optimiser = torch.optim.SGD([hidden, output], lr=0.01)

    def run(iterations: int) -> None:
        history = []
        for _ in range(iterations):
            optimiser.zero_grad()
            loss = (torch.relu(x_train @ hidden.T) @ output - y_train).square().mean() / 2
            with torch.no_grad():
                test = (torch.relu(x_test @ hidden.T) @ output - y_test).square().mean() / 2
            loss.backward()
            optimiser.step()
            weights = np.hstack([hidden.detach().numpy(), output.detach().numpy()[:, None]])
            history.append((loss.item(), test.item(), weights.copy()))

    return run


def jax_loop(data: problem.Problem, start: Weights, displaced: bool) -> Loop:
    """The engine's update as a compiled lax.scan that gives both losses of every iteration."""
    import jax
    from jax import numpy as jnp

    jax.config.update("jax_enable_x64", True)
    dtype = start.hidden.dtype
    inputs = jnp.asarray(np.vstack([data.x_train, data.x_test]).T, dtype)
    targets = jnp.asarray(np.concatenate([data.y_train, data.y_test]), dtype)
    n, (stack, m, d) = len(data.y_train), start.hidden.shape
    x_train = inputs[:, :n].T

    def step(weights, _):
        hidden, output = weights
        features = jax.nn.relu(hidden.reshape(-1, d) @ inputs).reshape(stack, m, -1)
        residual = jnp.einsum("sm,smn->sn", output, features) - targets
        squares = jnp.square(residual)
        losses = squares[:, :n].mean(1) / 2, squares[:, n:].mean(1) / 2
        gated = jnp.where(features[..., :n] > 0, residual[:, None, :n], 0)
        gradient = (gated.reshape(-1, n) @ x_train).reshape(stack, m, d) * (0.01 / n)
        return (hidden - output[..., None] * gradient, output - (hidden * gradient).sum(-1)), losses

    scan = jax.jit(lambda weights, length: jax.lax.scan(step, weights, None, length=length), static_argnums=1)
    weights = tuple(map(jnp.asarray, start))

    def run(iterations: int) -> None:
        jax.block_until_ready(scan(weights, iterations))
        time.sleep(0.02)  # its threads go on spinning for a moment

    return run
