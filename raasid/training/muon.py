"""Muon: orthogonal steps for the matrices between hidden layers, AdamW's for everything else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from raasid.errors import UsageError

MIN_HIDDEN_WIDTH = 16
"""Layers with fewer inputs or outputs are first or last layers, which take AdamW's step."""
_ADAMW_SCALE = 0.2
"""Root mean square of AdamW's typical step over its rate, so that rates mean the same for both."""
_QUINTIC = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5


class Muon(Optimizer):
    """Momentum of each hidden matrix, orthogonalised; AdamW with the same rate for the other parameters.

    All directions of a gradient get steps of equal length, not just the few that dominate it: a net from
    scratch needs about half of AdamW's steps. Convolutions count as matrices, outputs by (inputs x kernel).
    Sources: Jordan 2024, kellerjordan.github.io/posts/muon; Liu et al. 2025, arXiv 2502.16982 (its scale).

    params: as for torch's optimisers. lr, weight_decay: as AdamW's, decoupled. momentum: of matrices, with
    Nesterov's correction. betas, eps: of AdamW.
    Raises UsageError: no parameter is a matrix, as under a strategy that shards them into flat pieces.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 0.005,
        weight_decay: float = 0.01,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        defaults = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum, "betas": betas, "eps": eps}
        super().__init__(params, defaults)
        if not any(is_hidden_matrix(p) for group in self.param_groups for p in group["params"]):
            raise UsageError(
                "optimizer: muon needs weights that are whole matrices, and there are none "
                "(trainer=fsdp cuts them into pieces); choose optimizer=adamw"
            )

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step; the closure computes gradients first, and its value is returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            stepped = [p for p in group["params"] if p.grad is not None]
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for p in filter(is_hidden_matrix, stepped):
                by_shape.setdefault(p.shape, []).append(p)
            for matrices in by_shape.values():
                self._step_matrices(group, matrices)
            self._step_adamw(group, [p for p in stepped if not is_hidden_matrix(p)])
        return loss

    def _step_matrices(self, group: dict[str, Any], matrices: list[Tensor]) -> None:
        """Step all matrices of one shape, which are orthogonalised together, much faster than one by one."""
        directions = []
        for p in matrices:
            assert p.grad is not None
            momentum = self._state_tensor(p, "momentum")
            momentum.lerp_(p.grad, 1 - group["momentum"])
            directions.append(p.grad.lerp(momentum, group["momentum"]).flatten(1))
        steps = orthogonalize(torch.stack(directions))
        scale = _ADAMW_SCALE * math.sqrt(max(steps.shape[1:]))
        for p, step in zip(matrices, steps, strict=True):
            p.mul_(1 - group["lr"] * group["weight_decay"])
            p.add_(step.view_as(p), alpha=-group["lr"] * scale)

    def _step_adamw(self, group: dict[str, Any], rest: list[Tensor]) -> None:
        """Step the other parameters by AdamW (Loshchilov and Hutter 2019)."""
        if not rest:
            return
        first, second = group["betas"]
        means, squares = ([self._state_tensor(p, name) for p in rest] for name in ("mean", "square"))
        for p in rest:
            self.state[p]["step"] = self.state[p].get("step", 0) + 1
        grads = [p.grad for p in rest if p.grad is not None]
        torch._foreach_lerp_(means, grads, 1 - first)
        torch._foreach_mul_(squares, second)
        torch._foreach_addcmul_(squares, grads, grads, 1 - second)
        counts = [self.state[p]["step"] for p in rest]
        spread = torch._foreach_div(squares, [1 - second**n for n in counts])
        torch._foreach_sqrt_(spread)
        torch._foreach_add_(spread, group["eps"])
        torch._foreach_mul_(rest, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_addcdiv_(rest, means, spread, [-group["lr"] / (1 - first**n) for n in counts])

    def _state_tensor(self, p: Tensor, name: str) -> Tensor:
        """Return a tensor of a parameter's state, of its shape; zero at first."""
        state = self.state[p]
        if name not in state:
            state[name] = torch.zeros_like(p)
        value: Tensor = state[name]
        return value


def is_hidden_matrix(p: Tensor) -> bool:
    """Whether a parameter connects two hidden layers."""
    return p.ndim >= 2 and min(p.shape[:2]) >= MIN_HIDDEN_WIDTH


def orthogonalize(matrices: Tensor) -> Tensor:
    """(K, A, B) -> approximately U V^T of the singular value decompositions U S V^T; zero stays zero.

    Five steps of a Newton-Schulz iteration bring singular values to between 0.7 and 1.2. The factor of each
    step depends on the Gram matrix alone, so that the long side is multiplied twice, not ten times.
    """
    a, b, c = _QUINTIC
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    gram = x @ x.mT
    factor: Tensor | None = None
    for _ in range(_ITERATIONS):
        step = b * gram + c * gram @ gram
        step.diagonal(dim1=1, dim2=2).add_(a)
        factor = step if factor is None else step @ factor
        gram = step @ gram @ step
    assert factor is not None
    x = factor @ x
    result: Tensor = x.mT if tall else x
    return result
