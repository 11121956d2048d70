"""Any torch module as a function of its weights: the note's student in closed form, and what torch gets wrong."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from lazytraining.config.model_job import ModelJob
from lazytraining.models import (
    builtin,
    kernels,
    lazy,
    loading,
    losses,
    measures,
    module,
    norms,
    pattern,
    twin,
)
from lazytraining.models.module import ModuleError, Network
from lazytraining.student import network as two_layer
from lazytraining.student import problem, tangent

DATA = problem.make_problem(100, 1000, 1000, 3, 1.0, 0)
X, Y = torch.from_numpy(DATA.x_train), torch.from_numpy(DATA.y_train)[:, None]


@pytest.fixture(scope="module")
def student() -> Network:
    return Network(builtin.student((100,), 1, 0), X)


def weights(network: Network) -> two_layer.Weights:
    hidden, output = (part.numpy() for part in network._parts(network.weights))
    return two_layer.Weights(hidden[None], output[None])


def test_the_derivative_of_the_student_has_the_norm_of_its_closed_form(student):
    found = norms.derivative_norm(student, student.weights, X)
    assert found.value == pytest.approx(
        tangent.first_derivative_norm(weights(student), DATA.x_train), rel=1e-10
    )
    assert found.steps <= 10


@pytest.mark.parametrize("searched", [None, 30])
def test_its_curvature_from_below_is_near_that_in_closed_form(searched):
    x = torch.from_numpy(problem.sphere(np.random.default_rng(0), 90, 20))
    network = Network(builtin.student((20,), 1, 0, m=8), x)
    found = norms.curvature(network, network.weights, x, x[:searched])
    exact = tangent.second_derivative_norm(weights(network), x.numpy())
    assert (0.95 if searched is None else 0.7) * exact <= found <= exact * (1 + 1e-9)


@pytest.mark.parametrize("at_once", [module.AT_ONCE, 40_000, 6000])
def test_its_kernel_is_that_in_closed_form_by_chunks_too(student, monkeypatch, at_once):
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    x = DATA.x_train[:10]
    expected = tangent.kernel(weights(student), x, x)
    for found in (
        kernels.traced(student, student.weights, X[:10]),
        kernels.full(student, student.weights, X[:10]),
    ):
        assert np.abs(found - expected).max() <= 1e-14 * np.abs(expected).max()


def test_its_degree_is_2_and_a_start_of_0_has_none(student):
    assert kernels.euler_degree(student, student.weights, X) == pytest.approx(2, abs=1e-12)
    symmetrised = Network(builtin.student((100,), 1, 0, symmetrize=True), X)
    assert np.isnan(kernels.euler_degree(symmetrised, symmetrised.weights, X))


@pytest.mark.parametrize("depth", [2, 4])
def test_without_biases_a_deep_network_has_its_depth_for_a_degree(depth):
    network = Network(builtin.build("mlp", {"depth": depth, "width": 9, "bias": False}, (5,), 2, 0), few(5))
    assert kernels.euler_degree(network, network.weights, few(5)) == pytest.approx(depth, abs=1e-6)


@pytest.mark.parametrize("symmetrize", [False, True])
@pytest.mark.parametrize("tau", [1.0, 1e4])
def test_one_step_changes_the_derivative_as_in_closed_form(tau, symmetrize):
    """As it is measured in a run, and more closely."""
    network = Network(builtin.student((100,), 1, 0, symmetrize=symmetrize), X)
    w, eta = tau * network.weights, min(10, 0.1 / tau**2)
    h, size = network.outputs(w, X), norms.derivative_norm(network, w, X).value
    begin = measures.Start(tau, w, h, h, len(X), size, 0.0, 2.0, np.eye(2), network.observed(w, X[:2]))
    key = {"alpha": 1.0}
    found = measures.first_step(
        network,
        loading.Points(X, Y, X, Y),
        measures.Model(key, begin, centre=False),
        losses.LOSSES["mse"],
        eta,
    )["differential_change"]
    start = two_layer.initialise(50, 100, tau, 0, symmetrize)
    expected = tangent.step_change(start, DATA.x_train, DATA.y_train, 1.0, eta, 1.0).differential_change
    assert found == pytest.approx(expected, rel=1e-4)
    if symmetrize:
        rounded = {1.0: 3.206e-4, 1e4: 3.206e-12}[tau]
        assert expected == pytest.approx(rounded, rel=2e-4), "four digits"
        assert found == pytest.approx(rounded, rel=1e-4)
    after = w - eta * network.pull_of(w, X, lambda f, rows: (f - Y[rows]) / len(X))[1]
    assert norms.derivative_change(network, after, w, X).value / size == pytest.approx(expected, rel=1e-6)


def test_the_twin_by_steps_is_that_in_closed_form(student):
    x, y = X[:150], Y[:150]
    f0 = student.outputs(student.weights, x)
    eta = 1 / norms.derivative_norm(student, student.weights, x).value ** 2
    stepped = twin.Stepped(student, student.weights, losses.LOSSES["mse"])
    closed = twin.Closed(student, student.weights, x, f0, y, eta)
    for _ in range(300):
        stepped.step(eta, 0.0, x, f0, y)
    by_steps, at_once = (student.push(student.weights, x, one.at(300)) for one in (stepped, closed))
    assert (by_steps - at_once).norm() <= 1e-12 * f0.norm()
    data = problem.Problem(x.numpy(), y[:, 0].numpy(), DATA.x_test, DATA.y_test)
    model = tangent.TangentModel.at(weights(student), data)
    expected, _ = model.outputs(1.0, eta, np.array([300]))
    assert np.abs((f0 + at_once)[:, 0].numpy() - expected[0]).max() <= 1e-12 * np.abs(expected).max()


def test_a_twin_of_several_outputs_in_closed_form_too():
    network = Network(builtin.build("mlp", {"depth": 2, "width": 8}, (5,), 3, 0), few(5))
    x, y = few(5), torch.from_numpy(np.random.default_rng(2).standard_normal((7, 3)))
    f0 = torch.zeros(7, 3, dtype=torch.float64)
    stepped = twin.Stepped(network, network.weights, losses.LOSSES["mse"])
    for _ in range(20):
        stepped.step(0.1, 0.0, x, f0, y)
    closed = twin.Closed(network, network.weights, x, f0, y, 0.1)
    torch.testing.assert_close(closed.at(20), stepped.at(20), rtol=1e-10, atol=1e-12)


def test_a_twin_with_momentum_and_cross_entropy_descends_the_linear_model():
    """Against autograd on f_0 + J ε."""
    network = Network(builtin.build("mlp", {"depth": 2, "width": 8}, (5,), 3, 0), few(5))
    x, y = few(5), torch.eye(3, dtype=torch.float64)[[0, 1, 2, 0, 1, 2, 0]]
    f0 = network.outputs(network.weights, x)
    stepped = twin.Stepped(network, network.weights, losses.LOSSES["cross_entropy"])
    jacobian = network.rows(network.weights, x, range(3))
    epsilon = torch.zeros(len(network.weights), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([epsilon], lr=0.3, momentum=0.9)
    for batch in ([0, 1, 2], [3, 4, 5], [6, 0, 1]):
        stepped.step(0.3, 0.9, x[batch], f0[batch], y[batch])
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy((f0 + jacobian @ epsilon)[batch], y[batch])
        loss.backward()
        optimiser.step()
    torch.testing.assert_close(stepped.epsilon, epsilon.detach(), rtol=1e-10, atol=1e-13)
    f = f0 + jacobian @ epsilon.detach()
    assert losses.LOSSES["cross_entropy"].value(f, y) == pytest.approx(
        nn.functional.cross_entropy(f, y).item()
    )


def few(*shape: int, n: int = 7) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).standard_normal((n, *shape)))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.mixed, self.last = nn.Linear(6, 18), nn.Linear(6, 2)

    def forward(self, x):
        q, k, v = (part.unflatten(-1, (2, 3)).transpose(1, 2) for part in self.mixed(x).chunk(3, -1))
        return self.last(nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.last = nn.LSTM(6, 5, batch_first=True), nn.Linear(5, 2)

    def forward(self, x):
        return self.last(self.lstm(x)[0][:, -1])


class Counting(nn.Module):
    """A buffer that each call changes in place."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(6, 2)
        self.register_buffer("calls", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(2))

    def forward(self, x):
        y = self.linear(x)
        self.calls += 1
        self.mean.mul_(0.9).add_(0.1 * y.mean(0))
        return torch.relu_(y)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 6)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(torch.tanh(self.first(x)))


def frozen() -> nn.Module:
    network = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 2))
    network[0].weight.requires_grad_(False)
    return network


MODULES = {
    "layer norm": (
        lambda: nn.Sequential(nn.Linear(6, 5), nn.LayerNorm(5), nn.Tanh(), nn.Linear(5, 2)),
        few(6),
    ),
    "batch norm, eval": (
        lambda: nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 2)).eval(),
        few(6),
    ),
    "attention": (Attention, few(4, 6)),
    "encoder layer": (lambda: nn.TransformerEncoderLayer(6, 2, 8, batch_first=True).eval(), few(4, 6)),
    "lstm": (Recurrent, few(4, 6)),
    "transformer": (lambda: builtin.Transformer((8, 8), 3, 8, 2), few(1, 8, 8)),
    "images": (lambda: builtin.cnn((1, 8, 8), 3, channels=2), few(1, 8, 8)),
    "in-place buffers": (Counting, few(6)),
    "tied": (Tied, few(6)),
    "frozen": (frozen, few(6)),
    "words": (
        lambda: nn.Sequential(nn.Embedding(9, 4), nn.Flatten(), nn.Tanh(), nn.Linear(12, 2)),
        torch.arange(21).reshape(7, 3) % 9,
    ),
    "outputs of any shape": (
        lambda: nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Unflatten(1, (2, 3, 2))),
        few(6),
    ),
}


@pytest.fixture(params=MODULES)
def made(request) -> tuple[nn.Module, Network, torch.Tensor]:
    build, x = MODULES[request.param]
    with module.in_precision(torch.float64), torch.random.fork_rng():
        torch.manual_seed(3)
        built = build()
    if request.param == "batch norm, eval":
        built[1].running_mean.normal_(), built[1].running_var.uniform_(0.5, 2)
    return built, Network(built, x), x


def test_derivatives_of_what_torch_has_pitfalls_in_are_those_of_differences(made):
    """First derivatives forward and reverse, second ones forward over reverse."""
    _, network, x = made
    w, rng = network.weights, torch.Generator().manual_seed(1)
    u, size = torch.randn(len(w), generator=rng, dtype=w.dtype), 1e-4
    u /= u.norm()
    ahead, here, behind = (network.outputs(w + step * size * u, x) for step in (1, 0, -1))
    along = network.push(w, x, u)
    torch.testing.assert_close(along, (ahead - behind) / (2 * size), rtol=1e-5, atol=1e-7)
    r = torch.randn(here.shape, generator=rng, dtype=w.dtype)
    assert (network.pull(w, x, r) @ u).item() == pytest.approx((r * along).sum().item(), rel=1e-10, abs=1e-12)
    bent = (r * (ahead - 2 * here + behind)).sum().item() / size**2
    assert (network.curve(w, x, r, u) @ u).item() == pytest.approx(bent, rel=1e-3, abs=1e-4)
    rows = network.rows(w, x, range(network.outputs_each))
    torch.testing.assert_close(rows @ u, along, rtol=1e-9, atol=1e-11)
    leaves = network._leaves(w)
    gradient = torch.autograd.grad(network._call(leaves, x), leaves, r, create_graph=True, allow_unused=True)
    slope = sum(
        (one * part).sum() for one, part in zip(gradient, network._parts(u), strict=True) if one is not None
    )
    twice = network._flat(torch.autograd.grad(slope, leaves, allow_unused=True), leaves)
    assert (network.curve(w, x, r, u) - twice).norm() <= 1e-9 * twice.norm()


def test_nothing_changes_the_users_module_or_its_points(made, monkeypatch):
    """Not a buffer, not a weight, no hook stays: after a whole run, which measures all that there is."""
    for name in ("STARTS", "ROUNDS", "CURVATURE_STEPS"):
        monkeypatch.setattr(norms, name, 1)
    built, network, x = made
    kept = [copy.deepcopy(one.state_dict()) for one in (built, network.module)]
    modes, points = [part.training for part in built.modules()], x.clone()
    y = torch.from_numpy(np.random.default_rng(1).standard_normal((len(x), network.outputs_each)))
    job = ModelJob(
        experiment="e",
        seed=0,
        model="own",
        options={},
        data="own",
        task="regression",
        centre=True,
        step=["auto"],
        alpha=[1.0],
        tau=[1.0],
        iterations=2,
        batch=2,
        kernel_points=3,
    )
    (row,), _, layers = lazy.train(job, network, loading.Points(x[:4], y[:4], x[4:], y[4:]))
    assert layers and np.isfinite(row["gap_test"])
    for one, before in zip((built, network.module), kept, strict=True):
        assert one.state_dict().keys() == before.keys()
        assert all(torch.equal(part, before[name]) for name, part in one.state_dict().items())
        assert not any(part._forward_hooks or part._forward_pre_hooks for part in one.modules())
    assert [part.training for part in built.modules()] == modes and torch.equal(x, points)


def test_tied_weights_are_one_and_frozen_ones_none():
    assert len(Network(Tied(), few(6)).weights) == 36 + 6 + 6
    assert len(Network(frozen(), few(6)).weights) == 5 + 10 + 2


class Noisy(nn.Linear):
    def forward(self, x):
        return super().forward(x) + torch.randn(2)


class Together(nn.Linear):
    def forward(self, x):
        return super().forward(x - x.mean(0))


class Pair(nn.Linear):
    def forward(self, x):
        y = super().forward(x)
        return y, y


class Summed(nn.Linear):
    def forward(self, x):
        return super().forward(x).sum()


class Detached(nn.Linear):
    def forward(self, x):
        return torch.from_numpy(super().forward(x).detach().numpy())


def infinite() -> nn.Module:
    network = nn.Linear(6, 2)
    nn.init.constant_(network.bias, float("nan"))
    return network


REFUSED = {
    "batch norm in training mode": (
        lambda: nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5)),
        r"BatchNorm1d \(1\) is in training mode.*eval\(\)",
    ),
    "dropout in training mode": (
        lambda: nn.Sequential(nn.Linear(6, 5), nn.Dropout(0.5)),
        r"Dropout \(1\) is in training mode.*eval\(\)",
    ),
    "attention with dropout": (
        lambda: nn.TransformerEncoderLayer(6, 2, 8, batch_first=True),
        r"in training mode.*eval\(\)",
    ),
    "noise": (lambda: Noisy(6, 2), "other outputs at each call"),
    "points together": (lambda: Together(6, 2), "depends on the other points"),
    "two outputs": (lambda: Pair(6, 2), "gives a tuple for 3 points; expected one tensor"),
    "one number": (lambda: Summed(6, 2), r"a tensor of shape \(\) .* expected one tensor"),
    "no weights": (nn.ReLU, "no parameter that requires gradients"),
    "not a number": (infinite, "not finite at its start"),
    "another shape": (lambda: nn.Linear(5, 2), r"fails on inputs of shape \(3, 6\)"),
    "no derivative": (lambda: Detached(6, 2), "has no derivative"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_differentiable_function_is_one_line(name):
    build, said = REFUSED[name]
    with pytest.raises(ModuleError, match=said) as error:
        Network(build(), few(6))
    assert "\n" not in str(error.value) and "expected" in str(error.value)


def test_gates_are_counted_however_relu_is_called():
    class Called(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(6, 4)

        def forward(self, x):
            y = self.linear(x)
            return nn.functional.relu(y) + y.relu() + y.clamp(min=0) + torch.relu(y) + nn.ReLU()(y)

    network = Network(Called(), few(6))
    start = network.observed(network.weights, few(6)).pattern
    assert len(start) == 5 and pattern.flips(start, start) == 0
    assert pattern.flips(network.observed(-network.weights, few(6)).pattern, start) == 1
    smooth = Network(Tied(), few(6))
    seen = smooth.observed(smooth.weights, few(6)).pattern
    assert np.isnan(pattern.flips(seen, seen))
