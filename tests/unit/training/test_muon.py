"""Muon's steps: orthogonal for hidden matrices, torch's AdamW for everything else."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from raasid.errors import UsageError
from raasid.training.muon import Muon, is_hidden_matrix, orthogonalize


class SmallNet(nn.Module):
    """A hidden layer between an image's three channels and two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.hidden = nn.Conv2d(16, 32, 3, padding=1)
        self.head = nn.Conv2d(32, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.hidden(torch.relu(self.stem(x)))))


def net(seed: int = 0) -> SmallNet:
    torch.manual_seed(seed)
    return SmallNet()


def closure_of(model: nn.Module, seed: int) -> Callable[[], torch.Tensor]:
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(seed))

    def closure() -> torch.Tensor:
        model.zero_grad()
        loss = (model(x) - 1).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    return closure


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.integers(2, 40), st.integers(2, 40), st.integers(0, 99))
def test_singular_values_become_about_one_and_directions_stay(k: int, a: int, b: int, seed: int) -> None:
    made = torch.randn(k, a, b, generator=torch.Generator().manual_seed(seed))
    values = torch.linalg.svdvals(orthogonalize(made))
    whole = torch.linalg.svdvals(made)
    # directions with tiny singular values are not scaled up to one
    strong = whole > 0.05 * whole[:, :1]
    assert values[strong].min() > 0.3
    assert values.max() < 1.3
    u, _, vt = torch.linalg.svd(made, full_matrices=False)
    assert ((u @ vt) * orthogonalize(made)).sum() > 0


def test_zero_stays_zero() -> None:
    assert not orthogonalize(torch.zeros(2, 3, 4)).any()


def test_only_layers_between_hidden_ones_are_matrices() -> None:
    named = {name for name, p in net().named_parameters() if is_hidden_matrix(p)}
    assert named == {"hidden.weight"}


def test_other_parameters_are_updated_exactly_as_by_adamw() -> None:
    ours, theirs = net(), net()
    for p in (ours.hidden.weight, theirs.hidden.weight):
        p.requires_grad_(False)
    muon = Muon(ours.parameters(), lr=0.01, weight_decay=0.1)
    adamw = torch.optim.AdamW([p for p in theirs.parameters() if p.requires_grad], lr=0.01, weight_decay=0.1)
    for step in range(5):
        muon.step(closure_of(ours, step))
        adamw.step(closure_of(theirs, step))
    for mine, its in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-5, atol=1e-7)


def test_a_step_of_a_matrix_is_as_large_as_one_of_adamw() -> None:
    model = net()
    before = model.hidden.weight.detach().clone()
    Muon(model.parameters(), lr=0.01, weight_decay=0.0).step(closure_of(model, 0))
    moved = (model.hidden.weight - before).square().mean().sqrt().item()
    assert 0.1 * 0.01 < moved < 0.3 * 0.01


def test_a_resumed_optimiser_takes_the_same_steps() -> None:
    straight, broken = net(), net()
    first, second = Muon(straight.parameters()), Muon(broken.parameters())
    for step in range(3):
        first.step(closure_of(straight, step))
        second.step(closure_of(broken, step))
    file = io.BytesIO()
    torch.save(second.state_dict(), file)
    file.seek(0)
    resumed = Muon(broken.parameters(), lr=0.7)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    for step in range(3, 6):
        first.step(closure_of(straight, step))
        resumed.step(closure_of(broken, step))
    for one, other in zip(straight.parameters(), broken.parameters(), strict=True):
        assert torch.equal(one, other)


def test_weights_in_flat_pieces_are_refused() -> None:
    with pytest.raises(UsageError, match="optimizer=adamw"):
        Muon([nn.Parameter(torch.zeros(4096))])
