"""`pose_topdown`: the default pose model; people are found in the picture, joints read from crops of them.

One skeleton a person: what two boxes found twice is told once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from raasid.datasets.pose.batch import CropBatch, PoseBatch
from raasid.datasets.pose.transforms import CropShape, transform_keypoints, warp_affine
from raasid.footage.keypoints import FLIP_INDICES, OKS_SIGMAS
from raasid.models.pose.joints_net import Joints, JointsNet, joint_losses, decode_joints
from raasid.models.pose.module import PoseModule
from raasid.models.pose.person_detector import PersonDetector, decode_boxes, normalized_input
from raasid.models.pose.poses import Array, People

_VARIANCES = (2 * np.array(OKS_SIGMAS, np.float32)) ** 2


def nms_by_oks(people: People, limit: float) -> People:
    """Leave out whoever is more alike than `limit` to somebody with a higher score; by falling score."""
    order = np.argsort(-people.score, kind="stable")
    kept: list[int] = []
    for i in order.tolist():
        if not kept or oks_between(people, i, np.array(kept)).max() <= limit:
            kept.append(i)
    return People(people.boxes[kept], people.score[kept], people.keypoints[kept])


def oks_between(people: People, one: int, others: NDArray[np.intp]) -> Array:
    """OKS of one skeleton with others, over the joints of which both are fairly sure; 0 without any."""
    sure = np.minimum(people.keypoints[one, :, 2], people.keypoints[others, :, 2])
    edges = people.boxes[:, 2:] - people.boxes[:, :2]
    area = np.maximum(0.53 * np.minimum(np.prod(edges[one]), np.prod(edges[others], 1)), 1.0)
    gap = ((people.keypoints[others, :, :2] - people.keypoints[one, :, :2]) ** 2).sum(2)
    likeness = np.exp(-gap / (2 * area[:, None] * _VARIANCES))
    return np.asarray((likeness * sure).sum(1) / np.maximum(sure.sum(1), 1e-6), np.float32)


CROP_BATCH_SIZE = 64
JOINTS_WEIGHT = 4.0
"""The finder's loss is a sum over a picture, that of the joints a mean over crops."""


class PoseTopDown(PoseModule):
    """Two small nets that are trained at once and share nothing but the step.

    channels, joint_channels: width of the first stage of the finder and of the joints net.
    crop: width and height of the crops; margin: how much larger than the person's box they are.
    scale: how large the finder sees a picture. min_score, max_people: who is read at all.
    closer, small: a picture that shows nobody, or people whose median height is less than `small` pixels, is
    searched again, `closer` times as large instead; 0 never does. same_person: skeletons more alike than this
    are one. mirror: average with each crop's mirror image.
    """

    crop: CropShape

    def __init__(
        self,
        channels: int = 16,
        joint_channels: int = 16,
        crop: tuple[int, int] = (64, 96),
        margin: float = 1.25,
        scale: float = 0.5,
        closer: float = 1.5,
        small: float = 48.0,
        min_score: float = 0.1,
        max_people: int = 40,
        same_person: float = 0.6,
        mirror: bool = True,
    ) -> None:
        super().__init__()
        self.crop = CropShape(crop[0], crop[1], margin)
        self.scale, self.min_score, self.max_people = scale, min_score, max_people
        self.closer, self.small = closer, small
        self.same_person, self.mirror = same_person, mirror
        self.finder = PersonDetector(channels).to(memory_format=torch.channels_last)
        self.joints = JointsNet(joint_channels).to(memory_format=torch.channels_last)

    def losses(self, batch: CropBatch) -> dict[str, Tensor]:
        """Heat and box of the finder; place and presence of the joints."""
        windows = batch.windows
        found = self.finder(normalized_input(windows.images))
        finder = self.finder.losses(found, windows.boxes, windows.ignored)
        joints = joint_losses(self.joints(normalized_input(batch.crops)), batch.joints)
        return finder | {name: JOINTS_WEIGHT * term for name, term in joints.items()}

    def validation_losses(self, batch: PoseBatch) -> dict[str, Tensor]:
        """Compute the terms of `losses` for whole frames, at the scale and with the crops of inference."""
        found = self.finder(normalized_input(batch.images, self.scale))
        terms = self.finder.losses(found, [boxes * self.scale for boxes in batch.boxes], batch.ignored)
        images = batch.images.cpu().numpy()
        crops, joints = [], []
        for image, boxes, keypoints, ignored in zip(
            images, batch.boxes, batch.keypoints, batch.ignored, strict=True
        ):
            matrices = self.crop.matrices(boxes)
            for k in np.flatnonzero((keypoints[:, :, 2] > 0).any(1) & ~ignored):
                crops.append(warp_affine(image, matrices[k], self.crop.size))
                joints.append(transform_keypoints(keypoints[k], matrices[k], self.crop.size))
        if not crops:
            return terms
        output = self.joints(normalized_input(torch.from_numpy(np.stack(crops)).to(batch.images.device)))
        target = torch.from_numpy(np.stack(joints)).to(batch.images.device)
        return terms | {name: JOINTS_WEIGHT * term for name, term in joint_losses(output, target).items()}

    @torch.no_grad()
    def predict(self, images: Tensor, boxes: Sequence[Array] | None = None) -> list[People]:
        """Search people and read their joints, or read those of people whose boxes are known."""
        pictures = images.cpu().numpy()
        if boxes is not None:
            scores = [np.ones(len(b), np.float32) for b in boxes]
            return self._read(pictures, boxes, scores)
        places = self._places(images, self.scale)
        if self.closer:
            far = [i for i, (corners, _) in enumerate(places) if _from_afar(corners, self.small)]
            for i, place in zip(far, self._places(images[far], self.closer) if far else (), strict=True):
                places[i] = place
        found, scores = [corners for corners, _ in places], [score for _, score in places]
        return [nms_by_oks(people, self.same_person) for people in self._read(pictures, found, scores)]

    def _places(self, images: Tensor, scale: float) -> list[tuple[Array, Array]]:
        """Boxes (K, 4) in input pixels and scores (K,) of whoever the finder sees at a scale."""
        corners, score = decode_boxes(self.finder(normalized_input(images, scale)), self.max_people)
        edge = np.array([images.shape[2], images.shape[1]] * 2, np.float32)
        places = []
        for box, sure in zip((corners / scale).cpu().numpy(), score.cpu().numpy(), strict=True):
            kept = sure >= self.min_score
            places.append((np.clip(box[kept], 0, edge).astype(np.float32), sure[kept].astype(np.float32)))
        return places

    def _read(self, pictures: np.ndarray, boxes: Sequence[Array], scores: Sequence[Array]) -> list[People]:
        """Everybody of a batch, in the order of the boxes; (B, H, W, 3) uint8 pictures."""
        matrices = [self.crop.matrices(b) for b in boxes]
        crops = [
            warp_affine(picture, matrix, self.crop.size)
            for picture, ms in zip(pictures, matrices, strict=True)
            for matrix in ms
        ]
        if not crops:
            return [People.empty() for _ in boxes]
        scale = np.concatenate([m[:, 0, 0] for m in matrices])
        edges = np.concatenate([b[:, 2:] - b[:, :2] for b in boxes]) * scale[:, None]
        joints = self._joints(np.stack(crops), np.prod(edges, 1))
        told, first = [], 0
        for corners, matrix, score in zip(boxes, matrices, scores, strict=True):
            rows = slice(first, first := first + len(corners))
            xy = (joints[rows, :, :2] - matrix[:, None, :, 2]) / matrix[:, None, :1, 0]
            keypoints = np.concatenate([xy, joints[rows, :, 2:3] * joints[rows, :, 3:]], 2)
            told.append(People(corners.astype(np.float32), score * _expected_oks(joints[rows]), keypoints))
        return told

    def _joints(self, crops: np.ndarray, areas: Array) -> Array:
        """(N, h, w, 3) uint8 -> (N, 17, 4): x, y in crop pixels, expected similarity, presence."""
        device = next(self.parameters()).device
        rows = []
        for first in range(0, len(crops), CROP_BATCH_SIZE):
            part = torch.from_numpy(crops[first : first + CROP_BATCH_SIZE]).to(device)
            area = torch.from_numpy(areas[first : first + CROP_BATCH_SIZE]).to(device)
            rows.append(torch.cat([j if j.ndim == 3 else j[..., None] for j in self._seen(part, area)], 2))
        return np.asarray(torch.cat(rows).cpu().numpy(), np.float32)

    def heat(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """(N, h, w, 3) uint8 -> logits over the cells (N, 17, h / 4, w / 4), and of presence (N, 17)."""
        heat, presence, _ = self.joints(normalized_input(crops))
        if self.mirror:
            other, turned, _ = self.joints(normalized_input(crops.flip(2)))
            heat = (heat + other.flip(3)[:, FLIP_INDICES]) / 2
            presence = (presence + turned[:, FLIP_INDICES]) / 2
        return heat, presence

    def _seen(self, crops: Tensor, areas: Tensor) -> Joints:
        return decode_joints(*self.heat(crops), areas)


def _from_afar(corners: Array, small: float) -> bool:
    """Whether people (K, 4) are so small that a closer look is worth its time."""
    return not len(corners) or float(np.median(corners[:, 3] - corners[:, 1])) < small


def _expected_oks(joints: Array) -> Array:
    """(K, 17, 4) -> (K,): mean similarity of the joints that are probably labelled."""
    oks_between, present = joints[:, :, 2], joints[:, :, 3]
    return np.asarray((oks_between * present).sum(1) / np.maximum(present.sum(1), 1e-6), np.float32)
