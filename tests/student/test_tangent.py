"""Norms, κ and the tangent model against autograd, SVD and iteration."""

import numpy as np
import pytest
import torch
from torch.func import hessian, jacrev

from lazytraining.student import descent, network, tangent
from lazytraining.student.network import Weights
from lazytraining.student.problem import make_problem
from lazytraining.student.students import Students

D, M, N = 3, 4, 9


@pytest.fixture
def student() -> Weights:
    return network.initialise(M, D, 1.0, seed=5, symmetrize=False)


@pytest.fixture
def x() -> np.ndarray:
    return make_problem(D, N, 1, 3, 1.0, seed=2).x_train


def relative(found, expected):
    """Distance of each row from the expected one, relative to it."""
    return np.linalg.norm(found - expected, axis=1) / np.linalg.norm(expected, axis=1)


def outputs(x):
    """h(w, x) in torch, of a vector of weights: for autograd."""
    points = torch.from_numpy(x)

    def h(vector):
        neurons = vector.unflatten(0, (-1, D + 1))
        return torch.relu(points @ neurons[:, :D].T) @ neurons[:, D]

    return h


def vector_of(student: Weights) -> torch.Tensor:
    return torch.from_numpy(student.vector()[0])


def test_jacobian_is_autograds(student, x):
    expected = jacrev(outputs(x))(vector_of(student))
    np.testing.assert_allclose(tangent.differential(student, x).matrix(), expected, rtol=1e-12)


def test_a_differential_acts_as_its_matrix(student, x):
    differential = tangent.differential(student, x)
    matrix, rng = differential.matrix(), np.random.default_rng(1)
    weights, values = rng.standard_normal(matrix.shape[1]), rng.standard_normal(N)
    np.testing.assert_allclose(differential.apply(weights), matrix @ weights, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(differential.pull_back(values), values @ matrix, rtol=1e-11, atol=1e-12)
    assert differential.norm() == pytest.approx(np.linalg.norm(matrix, 2), rel=1e-12)


def test_kernel_is_the_product_of_jacobians(student, x):
    other = np.random.default_rng(0).standard_normal((5, D))
    expected = tangent.differential(student, x).matrix() @ tangent.differential(student, other).matrix().T
    np.testing.assert_allclose(tangent.kernel(student, x, other), expected, rtol=1e-10, atol=1e-13)


def test_first_derivative_norm_is_the_largest_singular_value(student, x):
    singular = np.linalg.svd(tangent.differential(student, x).matrix(), compute_uv=False)
    assert tangent.first_derivative_norm(student, x) == pytest.approx(singular[0] / N**0.5)


def test_second_derivative_norm_is_that_of_the_bilinear_form(student, x):
    """Alternating maximisation of ‖D²h[u, v]‖ over unit u and v, from many starts, on autograd's Hessian."""
    form = hessian(outputs(x))(vector_of(student)) / N**0.5
    generator = torch.Generator().manual_seed(0)
    u = torch.randn(30, M * (D + 1), generator=generator, dtype=torch.float64)

    def best_partner(u):
        """Of each start, the unit v with the largest ‖D²h[u, v]‖, and that norm."""
        _, norms, rows = torch.linalg.svd(torch.einsum("npq,sp->snq", form, u), full_matrices=False)
        return rows[:, 0], norms[:, 0]

    u, best = u / u.norm(dim=1, keepdim=True), 0.0
    for _ in range(200):
        v, _ = best_partner(u)
        u, norms = best_partner(v)
        before, best = best, norms.max().item()
        if best - before < 1e-12 * best:
            break
    assert tangent.second_derivative_norm(student, x) == pytest.approx(best, rel=1e-6)


def test_kappa_is_its_definition_at_every_tau_and_alpha(student, x):
    y = np.random.default_rng(1).standard_normal(N)
    tau, alpha = np.meshgrid([0.1, 1.0, 7.0], [0.5, 20.0], indexing="ij")
    values = tangent.kappa(student, x, y, tau, alpha)
    for t, a, value in zip(tau.flat, alpha.flat, values.flat, strict=True):
        scaled = student.times(t)
        distance = np.sqrt(np.mean((a * network.forward(scaled, x)[0] - y) ** 2))
        second, first = tangent.second_derivative_norm(scaled, x), tangent.first_derivative_norm(scaled, x)
        assert value == pytest.approx(distance * second / first**2 / a)


def test_gradient_norm_is_autograds_at_every_tau_and_alpha(student, x):
    y = np.random.default_rng(1).standard_normal(N)
    tau, alpha = np.meshgrid([0.1, 1.0, 7.0], [0.5, 20.0], indexing="ij")
    values = tangent.gradient_norm(student, x, y, tau, alpha)
    for t, a, value in zip(tau.flat, alpha.flat, values.flat, strict=True):
        vector = (t * vector_of(student)).requires_grad_()
        objective = (a * outputs(x)(vector) - torch.from_numpy(y)).square().mean() / (2 * a**2)
        (gradient,) = torch.autograd.grad(objective, vector)
        assert value == pytest.approx(gradient.norm().item())


@pytest.mark.parametrize("alpha", [1.0, 5.0])
def test_step_change_is_that_of_one_step(student, x, alpha):
    y, step_size = np.linspace(-1, 1, N), 0.7
    vector = vector_of(student).requires_grad_()

    def objective(vector):
        return (alpha * outputs(x)(vector) - torch.from_numpy(y)).square().mean() / (2 * alpha**2)

    before = objective(vector)
    after = (vector - step_size * torch.autograd.grad(before, vector)[0]).detach()
    difference = jacrev(outputs(x))(after) - jacrev(outputs(x))(vector.detach())
    displacement = Weights.from_vector((after - vector.detach()).numpy()[None], D)
    moved = tangent.differential_change(student, displacement, x).matrix()
    np.testing.assert_allclose(moved, difference, rtol=1e-9, atol=1e-13)
    found = tangent.step_change(student, x, y, alpha, step_size, 0.7)
    assert found.objective_change == pytest.approx((abs(objective(after) - before) / before).item())
    norms = [
        np.linalg.norm(part, 2) for part in (difference.numpy(), tangent.differential(student, x).matrix())
    ]
    assert found.differential_change == pytest.approx(norms[0] / norms[1])
    gradient = np.linalg.norm(displacement.vector()) / step_size
    assert found.objective_estimate == pytest.approx(step_size * gradient**2 / before.item())
    first = norms[1] / N**0.5
    assert found.differential_bound == pytest.approx(step_size * gradient * 0.7 / first)
    assert (found.first_norm, found.second_norm) == (pytest.approx(first), 0.7)
    assert found.output_norm == pytest.approx(outputs(x)(vector).square().mean().sqrt().item())


def test_step_change_of_a_large_symmetrised_start_is_not_rounding(x):
    """By homogeneity Δ(F) is that of τ = 1, and Δ(Dh) falls as τ⁻², at η = η₁/τ² and with no gate switched."""
    y = np.linspace(-1, 1, N)
    start = network.initialise(M, D, 1.0, 3, True)
    near, far = (tangent.step_change(start.times(tau), x, y, 1.0, 0.1 / tau**2, 1.0) for tau in (1e2, 1e6))
    assert far.objective_change == pytest.approx(near.objective_change, rel=1e-6)
    assert far.differential_change == pytest.approx(near.differential_change * 1e-8, rel=1e-6)


@pytest.mark.parametrize(
    ("step_size", "scale", "alpha"), [(0.5, 1.0, 1.0), (30.0, 0.3, 4.0), (200.0, 1.0, 1.0)]
)
def test_closed_form_is_descent_on_the_linearised_model(student, step_size, scale, alpha):
    """Iterated with the Jacobian; the last step size is past the edge, where both blow up alike."""
    data = make_problem(D, N, 7, 3, 1.0, seed=2)
    inputs, scaled = (data.x_train, data.x_test), student.times(scale)
    train, test = (tangent.differential(scaled, x).matrix() for x in inputs)
    start_train, start_test = (alpha * network.forward(scaled, x)[0] for x in inputs)
    move, expected, moves, outputs = np.zeros(train.shape[1]), [], [], []
    for _ in range(41):
        residual = start_train + alpha * train @ move - data.y_train
        test_residual = start_test + alpha * test @ move - data.y_test
        expected.append([np.mean(residual**2) / 2, np.mean(test_residual**2) / 2])
        moves.append(move)
        outputs.append(np.concatenate([residual + data.y_train, test_residual + data.y_test]))
        move = move - step_size / (alpha * N) * train.T @ residual
    model, t = tangent.TangentModel.at(student, data), np.arange(41)
    losses = model.losses(alpha, step_size, t, scale)
    np.testing.assert_allclose(np.stack(losses, 1), expected, rtol=1e-7)
    predicted = np.concatenate(model.outputs(alpha, step_size, t, scale), axis=1)
    assert relative(predicted, np.stack(outputs)).max() < 1e-7
    at_scale = tangent.TangentModel.at(scaled, data).displacements(alpha, step_size, t, train)
    assert relative(at_scale[1:], np.stack(moves)[1:]).max() < 1e-7
    assert not at_scale[0].any()


@pytest.mark.parametrize("symmetrize", [False, True])
def test_the_best_fit_is_least_squares_on_the_jacobian(symmetrize):
    """With more points than directions: the tangent model f = α h(w0) + α Dh(w0) δ at the best δ."""
    start, data = network.initialise(M, D, 1.0, 5, symmetrize), make_problem(D, 60, 1, 3, 1.0, seed=2)
    jacobian = tangent.differential(start, data.x_train).matrix()
    for alpha in (0.5, 20.0):
        target = data.y_train / alpha - network.forward(start, data.x_train)[0]
        residual = target - jacobian @ np.linalg.lstsq(jacobian, target)[0]
        expected = np.mean((alpha * residual) ** 2) / 2
        assert tangent.TangentModel.at(start, data).best_fit() == pytest.approx(expected, rel=1e-9)


def test_the_stable_step_is_where_descent_on_the_tangent_model_turns(student):
    model = tangent.TangentModel.at(student, make_problem(D, N, 3, 3, 1.0, seed=2))
    far = np.array([2000])
    for tau in (0.1, 3.0):
        below, above = (
            model.losses(1.0, share * model.stable_step(tau), far, tau)[0] for share in (0.99, 1.01)
        )
        assert below < model.losses(1.0, 0.1, np.array([0]), tau)[0] < above


def test_past_the_edge_losses_end_infinite(student):
    data = make_problem(D, N, 7, 3, 1.0, seed=2)
    for loss in tangent.TangentModel.at(student, data).losses(1.0, 200.0, np.array([0, 10_000])):
        assert np.isfinite(loss[0]) and loss[1] == np.inf


def test_lazy_descent_is_the_tangent_models_over_the_whole_curve():
    data = make_problem(20, 100, 80, 3, 1.0, seed=1)
    tau = 1e3
    start = network.initialise(10, 20, tau, 1, True)
    step = 0.5 / tau**2
    students = Students(start, 1.0, step, displaced=True)
    (run,) = descent.descend(students=students, data=data, iterations=3000)
    train, test = tangent.TangentModel.at(start, data).losses(1.0, step, np.array(run.iteration))
    np.testing.assert_allclose(run.train_loss, train, rtol=1e-3)
    np.testing.assert_allclose(run.test_loss, test, rtol=1e-3)


def test_random_features_are_least_squares(student):
    data = make_problem(D, 30, 20, 3, 1.0, seed=0)
    hidden = student.hidden[0]
    features, test_features = (np.maximum(x @ hidden.T, 0) for x in (data.x_train, data.x_test))
    output = np.linalg.pinv(features) @ data.y_train
    expected = np.mean((test_features @ output - data.y_test) ** 2) / 2
    assert tangent.random_feature_loss(student, data) == pytest.approx(expected)


@pytest.mark.parametrize("iterations", [0, 1, 40])
def test_the_primal_tangent_model_is_the_dual_one(student, iterations):
    """Nine points, fewer than the 16 weights, so that DhᵀDh is singular."""
    data = make_problem(D, N, 5, 3, 1.0, seed=2)
    model, matrix = (
        tangent.TangentModel.at(student, data),
        tangent.differential(student, data.x_train).matrix(),
    )
    residual = 2.0 * network.forward(student, data.x_train)[0] - data.y_train
    found = tangent.primal_displacement(matrix, residual, 0.3, iterations)
    expected = 2.0 * model.displacements(2.0, 0.3, np.array([iterations]), matrix)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_momentum_is_that_of_descent_on_the_tangent_model(momentum):
    data = make_problem(d=3, n_train=12, n_test=5, teacher_neurons=2, teacher_gain=1.0, seed=0)
    start, tau, alpha = network.initialise(6, 3, 1.0, 0, symmetrize=False), 0.7, 2.0
    model = tangent.TangentModel.at(start, data)
    dh = tau * tangent.differential(start, data.x_train).matrix()
    eta, outputs = 0.3 * model.stable_step(tau), alpha * tau**2 * network.forward(start, data.x_train)[0]
    moved = velocity = np.zeros(dh.shape[1])
    for _ in range(40):
        gradient = dh.T @ (outputs + alpha * dh @ moved - data.y_train) / (alpha * len(data.y_train))
        velocity = momentum * velocity - eta * gradient
        moved = moved + velocity
    expected = np.square(outputs + alpha * dh @ moved - data.y_train).mean() / 2
    assert model.momentum_loss(alpha, eta, 40, momentum, tau) == pytest.approx(expected, rel=1e-9)
    if not momentum:
        assert expected == pytest.approx(model.losses(alpha, eta, np.array([40]), tau)[0][0], rel=1e-9)
    assert model.momentum_loss(alpha, 100 * eta, 10**6, momentum, tau) == np.inf
