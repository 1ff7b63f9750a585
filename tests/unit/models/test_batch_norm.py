"""Normalisation over ranks equals normalisation over the global batch."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from raasid.models.layers import GlobalBatchNorm2d


def norm_of(channels: int) -> GlobalBatchNorm2d:
    torch.manual_seed(0)
    norm = GlobalBatchNorm2d(channels)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    return norm


def half(rank: int, world: int, store: str, folder: str) -> None:
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=world)
    batch = torch.load(f"{folder}/batch.pt", weights_only=True)
    norm = norm_of(batch.shape[1])
    share = batch[rank::world].clone().requires_grad_()
    out = norm(share)
    (out.square().sum() * 0.1).backward()
    torch.save(
        {"out": out.detach(), "grad": share.grad, "mean": norm.running_mean, "var": norm.running_var},
        f"{folder}/rank{rank}.pt",
    )
    dist.destroy_process_group()


def test_two_ranks_compute_the_values_of_one_process(tmp_path: Path) -> None:
    batch = torch.randn(6, 5, 4, 3, generator=torch.Generator().manual_seed(1)) * 3 + 1
    torch.save(batch, tmp_path / "batch.pt")
    shared = (2, str(tmp_path / "store"), str(tmp_path))
    other = mp.get_context("spawn").Process(target=half, args=(1, *shared))
    other.start()
    half(0, *shared)
    other.join()
    assert other.exitcode == 0
    ranks = [torch.load(tmp_path / f"rank{r}.pt", weights_only=True) for r in range(2)]
    norm, alone = norm_of(5), batch.clone().requires_grad_()
    out = norm(alone)
    (out.square().sum() * 0.1).backward()
    assert alone.grad is not None
    for r, rank in enumerate(ranks):
        torch.testing.assert_close(rank["out"], out.detach()[r::2], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(rank["grad"], alone.grad[r::2], atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(rank["mean"], norm.running_mean)
        torch.testing.assert_close(rank["var"], norm.running_var)


def test_one_process_is_plain_batch_norm() -> None:
    batch = torch.randn(4, 3, 5, 5)
    assert torch.equal(GlobalBatchNorm2d(3)(batch), nn.BatchNorm2d(3)(batch))
