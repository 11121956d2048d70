"""A torch module as a function h(w, x) of its trainable weights w, in one vector, and its first and second derivatives.

Outputs of a point are a row of k numbers, whatever their shape. Norms of outputs are root mean squares over the n points
throughout, ‖f‖² = Σ_i ‖f(x_i)‖²/n, as in `student.tangent`. Derivatives are forward or reverse, and forward over reverse, never
deeper: forward over forward, or over reverse twice, is wrong without a word for normalisation layers (torch 2.13).
"""

import copy
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import torch
import torch.autograd.forward_ad as forward_mode
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from lazytraining.models.pattern import Frozen, Pattern, Recorded

AT_ONCE = 2**26
"""Numbers of activations, or of Jacobians, that are in memory at once."""


class ModuleError(ValueError):
    """Why a module can't be linearised: one line that names the part, and what is allowed."""


class Network:
    """h(w, x) of a module, which is copied first: nothing that is done here changes it, its buffers, or x.

    Only parameters that require gradients are weights; tied ones are one. Raises ModuleError for a module that is not a
    differentiable function of its weights at these points, each by itself.
    """

    def __init__(
        self, module: nn.Module, x: Shaped[Tensor, "n ..."], precision: str = "float64", device: str = "cpu"
    ):
        self.dtype, x = getattr(torch, precision), x.to(device)
        _refuse_layers(module)
        try:
            self.module = copy.deepcopy(module).to(device, self.dtype)
        except Exception as error:
            raise ModuleError(
                f"{_name(module)} can't be copied ({_line(error)}); expected {_EXPECTED}"
            ) from None
        trained = {name: part for name, part in self.module.named_parameters() if part.requires_grad}
        if not trained:
            raise ModuleError(
                f"{_name(module)} has no parameter that requires gradients; expected at least one"
            )
        self.names, self.shapes = list(trained), [part.shape for part in trained.values()]
        self.sizes = [part.numel() for part in trained.values()]
        self.weights = torch.cat([part.detach().ravel() for part in trained.values()]).clone()
        self._recurrent = any(isinstance(part, nn.RNNBase) for part in self.module.modules())
        self._check(module, x)

    @property
    def layers(self) -> dict[str, slice]:
        """Where each layer's weights are: all that one submodule owns."""
        found, first = {}, 0
        for name, size in zip(self.names, self.sizes, strict=True):
            layer, _, own = name.rpartition(".")
            before = found.get(layer or own, slice(first, first))
            found[layer or own] = slice(before.start, first + size)
            first += size
        return found

    def inputs(self, x: Shaped[Tensor, "n ..."]) -> Shaped[Tensor, "n ..."]:
        """Points in this precision; integers, such as words of a text, stay integers."""
        return x.to(self.dtype) if x.is_floating_point() else x

    def outputs(self, w: Float[Tensor, " p"], x: Shaped[Tensor, "n ..."]) -> Float[Tensor, "n k"]:
        """h(w, x)."""
        with torch.no_grad():
            return torch.cat([self._call(self._parts(w), part) for part in self._chunks(x)])

    def push(
        self, w: Float[Tensor, " p"], x: Shaped[Tensor, "n ..."], u: Float[Tensor, " p"]
    ) -> Float[Tensor, "n k"]:
        """Dh(w) u, by forward derivatives."""
        found = []
        with torch.no_grad(), forward_mode.dual_level():
            parts = [
                forward_mode.make_dual(*pair) for pair in zip(self._parts(w), self._parts(u), strict=True)
            ]
            for part in self._chunks(x):
                primal, tangent = forward_mode.unpack_dual(self._call(parts, part))
                found.append(torch.zeros_like(primal) if tangent is None else tangent)
        return torch.cat(found)

    def pull(
        self, w: Float[Tensor, " p"], x: Shaped[Tensor, "n ..."], r: Float[Tensor, "n k"]
    ) -> Float[Tensor, " p"]:
        """Dh(w)ᵀ r, by reverse derivatives."""
        return self.pull_of(w, x, lambda outputs, rows: r[rows])[1]

    def pull_of(self, w: Float[Tensor, " p"], x: Shaped[Tensor, "n ..."], residual) -> tuple[Tensor, Tensor]:
        """h(w, x), and Dh(w)ᵀ r for r = residual(h, rows) of these rows of x: one pass forward and one back."""
        found, gradient, first = [], torch.zeros_like(w), 0
        for part in self._chunks(x):
            parts = self._leaves(w)
            outputs = self._call(parts, part)
            r = residual(outputs.detach(), slice(first, first := first + len(part)))
            gradient += self._flat(torch.autograd.grad(outputs, parts, r, allow_unused=True), parts)
            found.append(outputs.detach())
        return torch.cat(found), gradient

    def rows(
        self, w: Float[Tensor, " p"], x: Shaped[Tensor, "n ..."], columns: range
    ) -> Float[Tensor, "n columns p"]:
        """The Jacobian's rows of these outputs of each point. Points come one by one, so that each costs no more than itself."""
        found = w.new_empty(len(x), len(columns), len(w))
        for number, point in enumerate(x):
            parts = self._leaves(w)
            outputs = self._call(parts, point[None])[0]
            for place, column in enumerate(columns):
                gradient = torch.autograd.grad(outputs[column], parts, retain_graph=True, allow_unused=True)
                torch.cat(
                    [_or_zero(*pair).ravel() for pair in zip(gradient, parts, strict=True)],
                    out=found[number, place],
                )
        return found

    def curve(
        self,
        w: Float[Tensor, " p"],
        x: Shaped[Tensor, "n ..."],
        r: Float[Tensor, "n k"],
        u: Float[Tensor, " p"],
    ) -> Float[Tensor, " p"]:
        """(D²h(w)ᵀ r) u, the Hessian of ⟨r, h⟩ times u: forward over reverse."""
        found, first = torch.zeros_like(w), 0
        with forward_mode.dual_level():
            for part in self._chunks(x):
                leaves = self._leaves(w)
                parts = [forward_mode.make_dual(*pair) for pair in zip(leaves, self._parts(u), strict=True)]
                outputs = self._call(parts, part)
                rows = r[first : (first := first + len(part))]
                gradient = torch.autograd.grad(outputs, parts, rows, allow_unused=True)
                found += self._flat([_tangent(one) for one in gradient], leaves)
        return found

    def observed(self, w: Float[Tensor, " p"], x: Shaped[Tensor, "n ..."]) -> "Observed":
        """h(w, x), and what it comes from: features after each layer that has weights, and the activation pattern."""
        features, recorded = {}, Recorded(next(iter(self.layers)))
        hooks = [
            part.register_forward_hook(_keep(features, recorded, name or _name(part), len(x)))
            for name, part in self.module.named_modules()
            if any(True for _ in part.parameters(recurse=False))
        ]
        try:
            with torch.no_grad(), recorded:
                outputs = self._call(self._parts(w), x)
        finally:
            for hook in hooks:
                hook.remove()
        return Observed(outputs, features, recorded.found)

    def frozen(
        self, w: Float[Tensor, " p"], x: Shaped[Tensor, "n ..."], pattern: Pattern
    ) -> Float[Tensor, "n k"]:
        """h(w, x) with the activation pattern of these points that is given."""
        with torch.no_grad(), Frozen(pattern):
            return self._call(self._parts(w), x)

    def _call(self, parts: list[Tensor], x: Tensor) -> Float[Tensor, "n k"]:
        buffers = {name: part.clone() for name, part in self.module.named_buffers()}
        with _differentiable(self.dtype, self._recurrent):
            outputs = functional_call(
                self.module, dict(zip(self.names, parts, strict=True)) | buffers, (self.inputs(x).clone(),)
            )
        return outputs.reshape(len(x), -1)

    def _parts(self, w: Float[Tensor, " p"]) -> list[Tensor]:
        return [part.view(shape) for part, shape in zip(w.split(self.sizes), self.shapes, strict=True)]

    def _leaves(self, w: Float[Tensor, " p"]) -> list[Tensor]:
        return [part.detach().requires_grad_() for part in self._parts(w)]

    def _flat(self, gradient, parts: list[Tensor]) -> Float[Tensor, " p"]:
        return torch.cat([_or_zero(*pair).ravel() for pair in zip(gradient, parts, strict=True)])

    def _chunks(self, x: Tensor) -> tuple[Tensor, ...]:
        return x.split(max(1, AT_ONCE // max(1, self.activations)))

    def _check(self, module: nn.Module, x: Tensor) -> None:
        """What the module does with the points, before anything is made of it."""
        name, few = _name(module), x[:3]
        try:
            with torch.no_grad(), _differentiable(self.dtype, self._recurrent), _Counted() as counted:
                buffers = {name: part.clone() for name, part in self.module.named_buffers()}
                outputs = functional_call(self.module, buffers, (self.inputs(few).clone(),))
        except Exception as error:
            raise ModuleError(
                f"{name} of {_kind(self.dtype)} fails on inputs of shape {tuple(few.shape)}, {_kind(few.dtype)} ({_line(error)}); "
                f"expected {_EXPECTED}"
            ) from None
        if (
            not isinstance(outputs, Tensor)
            or not outputs.is_floating_point()
            or outputs.shape[:1] != few.shape[:1]
        ):
            what = (
                f"a tensor of shape {tuple(outputs.shape)} and {outputs.dtype}"
                if isinstance(outputs, Tensor)
                else f"a {type(outputs).__name__}"
            )
            raise ModuleError(
                f"{name} gives {what} for {len(few)} points; expected one tensor of real numbers with a row for each point"
            )
        self.activations = max(1, counted.numbers // len(few))
        self.outputs_each = outputs[0].numel()
        if not self.outputs(self.weights, few).isfinite().all():
            raise ModuleError(f"{name} gives numbers that are not finite at its start; expected finite ones")
        near = nearby(self.weights)
        together = self.outputs(near, few)  # at the start itself all may be 0
        if not torch.equal(together, self.outputs(near, few)):
            raise ModuleError(
                f"{name} gives other outputs at each call; expected a function of weights and inputs (eval() ends dropout)"
            )
        alone = torch.cat([self.outputs(near, few[i : i + 1]) for i in range(len(few))])
        scale = together.abs().max().item() or 1.0
        if (alone - together).abs().max().item() > math.sqrt(torch.finfo(self.dtype).eps) * scale:
            raise ModuleError(
                f"{name}'s output at a point depends on the other points of its batch; expected each by itself (eval() has batch norm so)"
            )
        try:
            self.push(self.weights, few[:1], self.weights)
            slope = self.pull(self.weights, few, torch.ones_like(together))
        except Exception as error:
            raise ModuleError(f"{name} has no derivative ({_line(error)}); expected {_EXPECTED}") from None
        if not slope.isfinite().all():
            raise ModuleError(
                f"{name} has a derivative that is not finite at its start; expected a finite one"
            )


class Observed(NamedTuple):
    """What a network does at some points."""

    outputs: Float[Tensor, "n k"]
    features: dict[str, Float[Tensor, "n units"]]
    """After each layer that has weights."""
    pattern: Pattern


def nearby(w: Float[Tensor, " p"]) -> Float[Tensor, " p"]:
    """Each weight with a tenth more or less, always the same: what cancels at w does not cancel there."""
    noise = torch.randn(len(w), generator=torch.Generator().manual_seed(0))
    return w * (1 + 0.1 * noise.to(w))


_EXPECTED = "a module of one tensor of points that torch can differentiate"


@contextmanager
def in_precision(dtype: torch.dtype) -> Iterator[None]:
    """New tensors are of this type: layers draw their weights in it, and what a module makes on the way fits them."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def _differentiable(dtype: torch.dtype, recurrent: bool) -> Iterator[None]:
    """Attention by the kernel that has forward derivatives, layers without their fused shortcuts, new tensors in this precision."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with in_precision(dtype), ExitStack() as stack:
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
            if recurrent:
                stack.enter_context(torch.backends.mkldnn.flags(enabled=False))
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


class _Counted(torch.overrides.TorchFunctionMode):
    """Numbers in all that a pass makes."""

    def __init__(self):
        super().__init__()
        self.numbers = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        found = function(*args, **kwargs or {})
        if isinstance(found, Tensor):
            self.numbers += found.numel()
        return found


def _keep(features: dict[str, Tensor], recorded: Recorded, name: str, n: int):
    def hook(part: nn.Module, inputs: tuple, outputs) -> None:
        recorded.layer = name
        outputs = outputs[0] if isinstance(outputs, tuple) else outputs
        if isinstance(outputs, Tensor) and outputs.is_floating_point() and outputs.shape[:1] == (n,):
            features[name] = outputs.detach().reshape(n, -1).clone()

    return hook


def _refuse_layers(module: nn.Module) -> None:
    """Layers that are no function of their weights while they train."""
    for name, part in module.named_modules():
        what = f"{_name(part)}{f' ({name})' if name else ''}"
        if part.training and isinstance(part, _BatchNorm):
            raise ModuleError(
                f"{what} is in training mode, where each call changes its buffers; expected eval()"
            )
        drop = getattr(part, "p", 0) if isinstance(part, _DropoutNd) else getattr(part, "dropout", 0)
        if part.training and (isinstance(part, nn.RReLU) or (isinstance(drop, float) and drop > 0)):
            raise ModuleError(f"{what} is in training mode, where its output is random; expected eval()")


def _name(module: nn.Module) -> str:
    return type(module).__name__


def _kind(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _or_zero(gradient: Tensor | None, part: Tensor) -> Tensor:
    return torch.zeros_like(part) if gradient is None else gradient


def _tangent(one: Tensor | None) -> Tensor | None:
    return None if one is None else forward_mode.unpack_dual(one).tangent
