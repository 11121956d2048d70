"""Forward derivatives in forward derivatives: what torch gets wrong, and that nothing here has them."""

import ast
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from lazytraining.models import module

NORMALISED = {
    "layer norm": lambda y: nn.functional.layer_norm(y, (5,)),
    "batch norm in training mode": lambda y: nn.functional.batch_norm(y, None, None, training=True),
}


@pytest.mark.parametrize("name", NORMALISED)
def test_nested_forward_derivatives_are_wrong_and_forward_over_reverse_is_right(name):
    """Why no module nests them. Where this fails, torch has mended it."""
    rng = torch.Generator().manual_seed(0)
    x, w, u, r = (
        torch.randn(shape, generator=rng, dtype=torch.float64) for shape in ((7, 5), (5, 5), (5, 5), (7, 5))
    )
    func = torch.func

    def f(weights):
        return NORMALISED[name](x @ weights)

    def along(weights):
        return func.jvp(f, (weights,), (u,))[1]

    def slope(weights):
        return func.grad(lambda v: (r * f(v)).sum())(weights)

    def off(found, true) -> float:
        return ((found - true).norm() / true.norm()).item()

    size = 1e-3
    bent = (f(w + size * u) - 2 * f(w) + f(w - size * u)) / size**2
    twice = func.grad(lambda v: (slope(v) * u).sum())(w)
    assert (r * bent).sum().item() == pytest.approx((twice * u).sum().item(), rel=1e-4), "the truth, twice"
    assert off(func.jvp(along, (w,), (u,))[1], bent) > 0.1, "forward over forward"
    assert off(func.grad(lambda v: (r * along(v)).sum())(w), twice) > 0.5, "reverse over forward"
    assert off(func.jvp(slope, (w,), (u,))[1], twice) < 1e-9, "forward over reverse"


def test_no_module_nests_forward_derivatives():
    """Levels of forward mode are opened in two places, of which one is without a reverse pass; torch refuses a level in a level."""
    text = {path.name: path.read_text(encoding="utf-8") for path in Path(module.__file__).parent.glob("*.py")}
    users = {
        name
        for name, code in text.items()
        if re.search(r"forward_ad|dual_level|jvp|jacfwd|linearize|hessian", code)
    }
    assert users == {"module.py"}
    tree = ast.parse(text["module.py"])
    opened = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and "dual_level" in ast.unparse(node)
    ]
    assert opened == ["push", "curve"]
    taken = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "torch.func"
        for alias in node.names
    }
    assert taken == {"functional_call"}
    with (
        torch.autograd.forward_ad.dual_level(),
        pytest.raises(RuntimeError, match="Nested"),
        torch.autograd.forward_ad.dual_level(),
    ):
        pass
