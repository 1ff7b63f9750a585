"""A pinhole camera on the main stand.

World axes, metres: x along the touchline, y across the pitch away from the main stand, z up; the origin
is the centre spot. Camera axes: x right, y down, z forward. Pixels follow `raasid.footage.records`: the
centre of the top left pixel is (0.5, 0.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, hypot, sin

import numpy as np

from raasid.synthetic.arrays import Floats, Ints

NEAR_M = 1.0
"""Near plane: closer geometry is clipped; nothing on a pitch comes so near to a stand."""


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """Position, orientation and zoom of a camera."""

    centre: Floats
    """(3,) metres."""
    rotation: Floats
    """(3, 3), world to camera."""
    focal_px: float
    principal: tuple[float, float]
    """Principal point, pixels."""
    size: tuple[int, int]
    """Width, height in pixels."""

    @property
    def intrinsics(self) -> Floats:
        """The intrinsic matrix K, (3, 3)."""
        u, v = self.principal
        return np.array([[self.focal_px, 0.0, u], [0.0, self.focal_px, v], [0.0, 0.0, 1.0]])

    def to_camera(self, points: Floats) -> Floats:
        """Transform world points (..., 3) to camera axes (..., 3)."""
        return (points - self.centre) @ self.rotation.T

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Project world points (..., 3), clamped at the near plane: pixels (..., 2), depth (...,) metres."""
        local = self.to_camera(np.asarray(points, dtype=np.float64))
        depth = local[..., 2]
        safe = np.maximum(depth, NEAR_M)[..., None]
        return local[..., :2] / safe * self.focal_px + np.array(self.principal), depth

    def outline(self, polygon: Floats) -> Floats:
        """Return pixels (M, 2) of a world polygon (N, 3) clipped at the near plane; M = 0 if it is behind."""
        local = self.to_camera(polygon)
        if (local[:, 2] >= NEAR_M).all():
            return np.asarray(local[:, :2] / local[:, 2:] * self.focal_px + np.array(self.principal))
        kept: list[Floats] = []
        for here, after in zip(local, np.roll(local, -1, axis=0), strict=True):
            if here[2] >= NEAR_M:
                kept.append(here)
            if (here[2] >= NEAR_M) != (after[2] >= NEAR_M):
                kept.append(here + (after - here) * (NEAR_M - here[2]) / (after[2] - here[2]))
        if len(kept) < 3:
            return np.zeros((0, 2))
        cut = np.array(kept)
        return np.asarray(cut[:, :2] / cut[:, 2:] * self.focal_px + np.array(self.principal))

    def plane(self, origin: Floats, u: Floats, v: Floats) -> Floats:
        """Return the homography (3, 3) from (a, b) on the plane `origin + a*u + b*v` to pixels."""
        columns = np.stack([u, v, origin - self.centre], axis=1)
        return np.asarray(self.intrinsics @ self.rotation @ columns)

    def homography_from(self, other: Camera) -> Floats:
        """Return the homography (3, 3) from the pixels of another camera with the same centre to ours."""
        turn = self.rotation @ other.rotation.T
        return np.asarray(self.intrinsics @ turn @ np.linalg.inv(other.intrinsics))

    def pixels_per_metre(self, point: Floats) -> float:
        """Return the scale at a world point (3,)."""
        return float(self.focal_px / max(self.to_camera(point)[2], NEAR_M))


class Cameras:
    """M cameras as arrays, each of which projects its own points; otherwise as `Camera`."""

    def __init__(self, cameras: Sequence[Camera]) -> None:
        self._centre = np.stack([camera.centre for camera in cameras])[:, None]
        self._rotation = np.stack([camera.rotation for camera in cameras]).transpose(0, 2, 1)
        self.focal_px = np.array([[camera.focal_px] for camera in cameras])
        """(M, 1)"""
        self._principal = np.array([camera.principal for camera in cameras])

    def select(self, indices: Ints) -> Cameras:
        """Return one camera for each index in (M,)."""
        out = object.__new__(Cameras)
        out._centre, out._rotation = self._centre[indices], self._rotation[indices]
        out.focal_px, out._principal = self.focal_px[indices], self._principal[indices]
        return out

    def to_camera(self, points: Floats) -> Floats:
        """Transform world points (M, N, 3) to camera axes (M, N, 3)."""
        return np.asarray((points - self._centre) @ self._rotation)

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Project world points (M, N, 3): pixels (M, N, 2), depth (M, N) metres; see `Camera.project`."""
        local = self.to_camera(points)
        depth = local[..., 2]
        safe = np.maximum(depth, NEAR_M)[..., None]
        return local[..., :2] / safe * self.focal_px[..., None] + self._principal[:, None], depth

    def pixels_per_metre(self, depth: Floats) -> Floats:
        """Return the scale (M, N) at depths (M, N), metres."""
        return np.asarray(self.focal_px / np.maximum(depth, NEAR_M))


def look_at(centre: Floats, target: Floats, focal_px: float, roll: float, size: tuple[int, int]) -> Camera:
    """Return a camera at `centre` whose optical axis meets `target`; roll in radians, clockwise."""
    x, y, z = (target - centre).tolist()
    flat, length = hypot(x, y), hypot(x, y, z)
    right = [y / flat, -x / flat, 0.0]
    down = [x * z / (flat * length), y * z / (flat * length), -flat / length]
    upright = np.array([right, down, [x / length, y / length, z / length]])
    tilt = np.array([[cos(roll), -sin(roll), 0.0], [sin(roll), cos(roll), 0.0], [0.0, 0.0, 1.0]])
    return Camera(centre, tilt @ upright, focal_px, (size[0] / 2, size[1] / 2), size)
