"""`pose_topdown`: the default pose model; it detects people, then reads joints from crops of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from raasid.datasets.pose.batch import CropBatch, PoseBatch
from raasid.datasets.pose.transforms import CropShape, transform_keypoints, warp_affine
from raasid.footage.keypoints import FLIP_INDICES
from raasid.models.pose.joints_net import JointsNet, decode_joints, joint_losses
from raasid.models.pose.module import PoseModule
from raasid.models.pose.person_detector import PersonDetector, decode_boxes, normalized_input
from raasid.models.pose.poses import Array, People, nms_by_oks

CROP_BATCH_SIZE = 64
JOINTS_WEIGHT = 4.0
"""The detector's loss is a sum over an image, that of the joints a mean over crops."""


class PoseTopDown(PoseModule):
    """Two small nets that are trained together and share nothing but the step.

    channels, joint_channels: width of the first stage of the detector and of the joints net.
    crop: width and height of the crops; margin: size of a crop relative to the person's box.
    scale: scale at which the detector sees an image. min_score, max_people: whose joints are read.
    rescan_scale, rescan_below_px: an image without people, or with a median height below `rescan_below_px`,
    is searched again at `rescan_scale` instead; 0 never does. nms_oks: two people of a higher OKS are one.
    mirror: average the joints with those of each crop's mirror image.
    """

    crop: CropShape

    def __init__(
        self,
        channels: int = 16,
        joint_channels: int = 16,
        crop: tuple[int, int] = (64, 96),
        margin: float = 1.25,
        scale: float = 0.5,
        rescan_scale: float = 1.5,
        rescan_below_px: float = 48.0,
        min_score: float = 0.1,
        max_people: int = 40,
        nms_oks: float = 0.6,
        mirror: bool = True,
    ) -> None:
        super().__init__()
        self.crop = CropShape(crop[0], crop[1], margin)
        self.scale, self.min_score, self.max_people = scale, min_score, max_people
        self.rescan_scale, self.rescan_below_px = rescan_scale, rescan_below_px
        self.nms_oks, self.mirror = nms_oks, mirror
        self.detector = PersonDetector(channels).to(memory_format=torch.channels_last)
        self.joints = JointsNet(joint_channels).to(memory_format=torch.channels_last)

    @property
    def embedding_layer(self) -> nn.Module:
        """Context of the detector at stride 32: it sees whole images."""
        return self.detector.deepest

    def losses(self, batch: CropBatch) -> dict[str, Tensor]:
        """Return heat and box of the detector; position, presence and visibility of the joints."""
        windows = batch.windows
        detected = self.detector(normalized_input(windows.images))
        terms = self.detector.losses(detected, windows.boxes, windows.ignored)
        joints = joint_losses(self.joints(normalized_input(batch.crops)), batch.joints)
        return terms | {name: JOINTS_WEIGHT * term for name, term in joints.items()}

    def validation_losses(self, batch: PoseBatch) -> dict[str, Tensor]:
        """Compute the terms of `losses` for whole frames, at the scale and with the crops of inference."""
        detected = self.detector(normalized_input(batch.images, self.scale))
        terms = self.detector.losses(detected, [b * self.scale for b in batch.boxes], batch.ignored)
        images = batch.images.cpu().numpy()
        crops, joints = [], []
        for image, boxes, keypoints, ignored in zip(
            images, batch.boxes, batch.keypoints, batch.ignored, strict=True
        ):
            matrices = self.crop.matrices(boxes)
            for k in np.flatnonzero((keypoints[:, :, 2] > 0).any(1) & ~ignored):
                crops.append(warp_affine(image, matrices[k], self.crop.size))
                joints.append(transform_keypoints(keypoints[k], matrices[k], self.crop.size, False))
        if not crops:
            return terms
        output = self.joints(normalized_input(torch.from_numpy(np.stack(crops)).to(batch.images.device)))
        target = torch.from_numpy(np.stack(joints)).to(batch.images.device)
        return terms | {name: JOINTS_WEIGHT * term for name, term in joint_losses(output, target).items()}

    @torch.no_grad()
    def predict(self, images: Tensor, boxes: Sequence[Array] | None = None) -> list[People]:
        """Detect people and read their joints, or read those of people whose boxes are known."""
        arrays = images.cpu().numpy()
        if boxes is not None:
            scores = [np.ones(len(b), np.float32) for b in boxes]
            return self._read_joints(arrays, boxes, scores)
        detections = self._detect(images, self.scale)
        if self.rescan_scale:
            rescanned = [i for i, (found, _) in enumerate(detections) if self._needs_rescan(found)]
            closer = self._detect(images[rescanned], self.rescan_scale) if rescanned else ()
            for i, detection in zip(rescanned, closer, strict=True):
                detections[i] = detection
        found, scores = [corners for corners, _ in detections], [score for _, score in detections]
        return [nms_by_oks(people, self.nms_oks) for people in self._read_joints(arrays, found, scores)]

    def _detect(self, images: Tensor, scale: float) -> list[tuple[Array, Array]]:
        """Boxes (K, 4) in input pixels and scores (K,) of the people in each image, searched at a scale."""
        corners, scores = decode_boxes(self.detector(normalized_input(images, scale)), self.max_people)
        edge = np.array([images.shape[2], images.shape[1]] * 2, np.float32)
        detections = []
        for box, score in zip((corners / scale).cpu().numpy(), scores.cpu().numpy(), strict=True):
            kept = score >= self.min_score
            inside = np.clip(box[kept], 0, edge).astype(np.float32)
            detections.append((inside, score[kept].astype(np.float32)))
        return detections

    def _needs_rescan(self, corners: Array) -> bool:
        """Whether people (K, 4) are so small that a search at a larger scale is worth its time."""
        return not len(corners) or float(np.median(corners[:, 3] - corners[:, 1])) < self.rescan_below_px

    def _read_joints(
        self, images: np.ndarray, boxes: Sequence[Array], scores: Sequence[Array]
    ) -> list[People]:
        """The people in (B, H, W, 3) uint8 images, in the order of their boxes."""
        matrices = [self.crop.matrices(b) for b in boxes]
        crops = [
            warp_affine(image, matrix, self.crop.size)
            for image, each in zip(images, matrices, strict=True)
            for matrix in each
        ]
        if not crops:
            return [People.empty() for _ in boxes]
        scale = np.concatenate([m[:, 0, 0] for m in matrices])
        edges = np.concatenate([b[:, 2:] - b[:, :2] for b in boxes]) * scale[:, None]
        joints = self._joints_of_crops(np.stack(crops), np.prod(edges, 1))
        result, first = [], 0
        for corners, matrix, score in zip(boxes, matrices, scores, strict=True):
            rows = slice(first, first := first + len(corners))
            xy = (joints[rows, :, :2] - matrix[:, None, :, 2]) / matrix[:, None, :1, 0]
            keypoints = np.concatenate([xy, joints[rows, :, 2:3] * joints[rows, :, 3:]], 2)
            person_score = score * _expected_person_oks(joints[rows])
            result.append(People(corners.astype(np.float32), person_score, keypoints))
        return result

    def _joints_of_crops(self, crops: np.ndarray, areas: Array) -> Array:
        """(N, h, w, 3) uint8 -> (N, 17, 4): x, y in crop pixels, expected OKS, presence."""
        device = next(self.parameters()).device
        rows = []
        for first in range(0, len(crops), CROP_BATCH_SIZE):
            part = torch.from_numpy(crops[first : first + CROP_BATCH_SIZE]).to(device)
            area = torch.from_numpy(areas[first : first + CROP_BATCH_SIZE]).to(device)
            joints = decode_joints(*self.heat(part), area)
            rows.append(torch.cat([j if j.ndim == 3 else j[..., None] for j in joints], 2))
        return np.asarray(torch.cat(rows).cpu().numpy(), np.float32)

    def heat(self, crops: Tensor) -> tuple[Tensor, Tensor]:
        """(N, h, w, 3) uint8 -> logits over the cells (N, 17, h / 4, w / 4), and of presence (N, 17)."""
        heat, presence, _ = self.joints(normalized_input(crops))
        if self.mirror:
            mirrored_heat, mirrored_presence, _ = self.joints(normalized_input(crops.flip(2)))
            heat = (heat + mirrored_heat.flip(3)[:, FLIP_INDICES]) / 2
            presence = (presence + mirrored_presence[:, FLIP_INDICES]) / 2
        return heat, presence


def _expected_person_oks(joints: Array) -> Array:
    """(K, 17, 4) -> (K,): mean expected OKS of the joints, weighted by their presence."""
    oks, presence = joints[:, :, 2], joints[:, :, 3]
    return np.asarray((oks * presence).sum(1) / np.maximum(presence.sum(1), 1e-6), np.float32)
