"""`ball_heatmap`: the default ball model, a small fully convolutional net trained from scratch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from raasid.datasets.ball.dataset import BallBatch
from raasid.models.ball.module import BallModule, Detections
from raasid.models.centernet import heatmap_loss, heatmap_target
from raasid.models.layers import GRANULARITY, STRIDE, FeaturePyramid, scaled_edge

BOX_WEIGHT = 0.2
MAX_CANDIDATES = 20


class BallNet(FeaturePyramid):
    """Probability of a ball's centre per cell, its offset from the cell's centre, and its size.

    A ball is 3 to 15 pixels wide and looks like a boot, a line or a penalty spot; the difference lies in its
    surroundings, hence the pyramid (heads after CenterNet, Zhou et al. 2019).

    Input: (B, 3 * frames, H, W), normalised; H and W multiples of 32.
    Output: (B, 5, H / 4, W / 4): heat logit, dx, dy (in cells), log width, log height (in pixels).
    """

    def __init__(self, channels: int = 16, frames: int = 1) -> None:
        c = channels
        super().__init__(3 * frames, (c, 2 * c, 4 * c, 4 * c, 4 * c), 5)
        # a prior of one ball in a hundred cells, 8 pixels wide, keeps the first steps calm
        self.head.bias = nn.Parameter(torch.tensor([-4.6, 0.0, 0.0, 2.0, 2.0]))


class BallHeatmap(BallModule):
    """A heatmap of ball centres at stride 4, with offset and size per cell.

    channels: width of the first stage; later ones are 2 and 4 times as wide.
    frames: 1, or 3 to see the frames before and after as well.
    mirror: average the heat of each image and its mirror image.
    scales: additional scales to average over, relative to the image's size.
    """

    def __init__(
        self,
        channels: int = 16,
        frames: int = 1,
        threshold: float | str = "auto",
        max_false_positives: float = 0.03,
        mirror: bool = False,
        scales: Sequence[float] = (),
    ) -> None:
        super().__init__(threshold, max_false_positives)
        self.frames, self.mirror, self.scales = frames, mirror, tuple(scales)
        self.net = BallNet(channels, frames).to(memory_format=torch.channels_last)

    @property
    def embedding_layer(self) -> nn.Module:
        """Context at stride 32."""
        return self.net.deepest

    def forward(self, images: Tensor) -> Tensor:
        """(B, H, W, 3 * frames), 0 to 255 -> (B, 5, h, w) at stride 4 of the padded input."""
        height, width = images.shape[1:3]
        x = images.permute(0, 3, 1, 2).float().mul(4 / 255).sub(1.6)
        pad = (-width % GRANULARITY, -height % GRANULARITY)
        if torch.onnx.is_in_onnx_export() or any(pad):  # an exported graph pads images of any size
            x = F.pad(x, (0, pad[0], 0, pad[1]), value=-1.6)
        out: Tensor = self.net(x.contiguous(memory_format=torch.channels_last))
        return out

    def losses(self, batch: BallBatch) -> dict[str, Tensor]:
        """Return focal loss of the heat, L1 of offset and log size."""
        return _losses(self(batch.images), batch)

    @torch.no_grad()
    def detect(self, images: Tensor, quick: bool = False) -> list[Detections]:
        """Return the peaks of the averaged heatmap."""
        return _detections(*self.maps(images, quick))

    def detect_with_losses(self, batch: BallBatch) -> tuple[list[Detections], dict[str, Tensor]]:
        """Return `detect` and `losses` of a batch; the first forward pass serves both."""
        output = self(batch.images)
        return _detections(*self._averaged(output, batch.images)), _losses(output, batch)

    def maps(self, images: Tensor, quick: bool = False) -> tuple[Tensor, Tensor]:
        """(B, H, W, 3 * frames) uint8 -> (B, h, w) probability of a ball's centre in each cell, and
        (B, 4, h, w) dx, dy in cells and log width, log height in pixels; h, w: the image in cells of 4.

        quick: without the mirror image and the additional scales.
        """
        return self._averaged(self(images), images, quick)

    def _averaged(self, output: Tensor, images: Tensor, quick: bool = False) -> tuple[Tensor, Tensor]:
        """As `maps`, from the net's output for the images as they are."""
        height, width = ((edge + STRIDE - 1) // STRIDE for edge in images.shape[1:3])
        output = output[:, :, :height, :width].float()
        heat = output[:, 0].sigmoid()
        if not quick:
            heat = torch.stack([heat, *self._augmented_heats(images, height, width)]).mean(0)
        return heat, output[:, 1:]

    def _augmented_heats(self, images: Tensor, height: int, width: int) -> Iterator[Tensor]:
        """Yield the heat (B, height, width) of the mirror image and each additional scale, also mirrored."""
        missing = (0, 0, 0, width * STRIDE - images.shape[2], 0, height * STRIDE - images.shape[1])
        whole_cells = F.pad(images, missing)  # so that a mirror image falls on the same cells
        if self.mirror:
            yield self._heat(whole_cells.flip(2)).flip(2)
        for scale in self.scales:
            edges = [scaled_edge(edge, scale) for edge in (height, width)]
            resized = _resized(whole_cells, edges[0] * STRIDE, edges[1] * STRIDE)
            heats = [self._heat(resized)]
            if self.mirror:
                heats.append(self._heat(resized.flip(2)).flip(2))
            for heat in heats:
                yield F.interpolate(heat[:, None], (height, width), mode="bilinear")[:, 0]

    def _heat(self, images: Tensor) -> Tensor:
        """Heat of images that consist of whole cells."""
        heat: Tensor = self(images)[:, 0, : images.shape[1] // STRIDE, : images.shape[2] // STRIDE]
        return heat.float().sigmoid()


def _losses(output: Tensor, batch: BallBatch) -> dict[str, Tensor]:
    target = heatmap_target(batch.balls, batch.present, *output.shape[2:])
    heat, box = heatmap_loss(output, target)
    return {"heat": heat, "box": BOX_WEIGHT * box}


def _detections(heat: Tensor, box: Tensor) -> list[Detections]:
    xy, wh, score = find_peaks(heat, box)
    return [
        Detections(*(t.cpu().numpy().astype(np.float32) for t in (xy[i], wh[i], score[i])))
        for i in range(len(heat))
    ]


def find_peaks(heat: Tensor, box: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the local maxima of the heat that `BallHeatmap.maps` computes, by falling score.

    Centres (B, K, 2) and sizes (B, K, 2) in input pixels, and scores (B, K); an image with fewer than K peaks
    has scores of 0 at the end.
    """
    peak = F.max_pool2d(heat[:, None], 3, 1, 1)[:, 0] == heat
    score, cell = (heat * peak).flatten(1).topk(min(MAX_CANDIDATES, heat[0].numel()))
    index = cell[:, None].expand(-1, 4, -1)
    dx, dy, log_w, log_h = box.flatten(2).gather(2, index).unbind(1)
    columns = cell % heat.shape[2]
    rows = torch.div(cell, heat.shape[2], rounding_mode="floor")
    xy = torch.stack([(columns + 0.5 + dx) * STRIDE, (rows + 0.5 + dy) * STRIDE], -1)
    wh = torch.stack([log_w, log_h], -1).clamp(0, 6).exp()
    return xy, wh, score


def _resized(images: Tensor, height: int, width: int) -> Tensor:
    """(B, H, W, C) at another size, antialiased where it shrinks.

    Values are not rounded: halves are rounded up by one runtime and down by another.
    """
    planes = images.permute(0, 3, 1, 2).float()
    resized = F.interpolate(planes, (height, width), mode="bilinear", antialias=True)
    return resized.permute(0, 2, 3, 1)
