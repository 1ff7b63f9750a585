from __future__ import annotations

import torch
from torch import nn

from raasid.models.layers import GlobalBatchNorm2d, Residual, conv_norm_act, fold_batch_norms


def test_a_folded_net_gives_the_same_answers_without_norms() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(conv_norm_act(3, 8), Residual(8), conv_norm_act(8, 4, stride=2))
    for _ in range(3):
        net(torch.randn(4, 3, 12, 12) * 3 + 1)  # statistics that are not the initial ones
    net.eval()
    image = torch.randn(2, 3, 16, 16)
    before = net(image)
    assert any(isinstance(part, GlobalBatchNorm2d) for part in net.modules())
    after = fold_batch_norms(net)(image)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in net.modules())
    assert torch.allclose(before, after, atol=1e-5)


def test_a_norm_that_follows_no_convolution_stays() -> None:
    net = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 1), nn.ReLU(), nn.BatchNorm2d(4)).eval()
    image = torch.randn(1, 3, 4, 4)
    before = net(image)
    assert torch.equal(fold_batch_norms(net)(image), before)
    assert sum(isinstance(part, nn.BatchNorm2d) for part in net) == 2
